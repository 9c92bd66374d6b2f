"""What the AUC losses share: class means a and b, the dual variable alpha, the score map."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from trainables.errors import UnknownNameError
from trainables.losses.arguments import matching_targets
from trainables.losses.score_maps import SCORE_MAPS

__all__ = ["AUCLoss", "Prior", "batch_prior"]

Prior = float | None
"""A share of positives in (0, 1); None: the share in each batch."""


def batch_prior(targets: Tensor, prior: Prior) -> Tensor | float:
    """The prior p to use for this batch: ``prior``, or the mean of ``targets`` (B,)."""
    return targets.mean() if prior is None else prior


class AUCLoss(nn.Module, ABC):
    """A loss F(w, a, b, alpha) to be minimised in w, a, b and maximised in alpha.

    Attributes:
        a, b: 0-dim parameters, the running means of the positives' and the negatives' scores.
        alpha: 0-dim parameter, the dual variable. All three start at 0. An optimizer must
            ASCEND in alpha: `trainables.optimizers.pesg.PESG` does.

    Args:
        score_map: "sigmoid", "bsn" or "raw" (`trainables.losses.score_maps`).

    Raises:
        UnknownNameError: there is no such score map.
    """

    def __init__(self, score_map: str = "sigmoid") -> None:
        super().__init__()
        if score_map not in SCORE_MAPS:
            raise UnknownNameError(
                f"score_map must be one of {', '.join(SCORE_MAPS)}, not {score_map!r}."
            )
        self.score_map = SCORE_MAPS[score_map]
        self.a = nn.Parameter(torch.zeros(()))
        self.b = nn.Parameter(torch.zeros(()))
        self.alpha = nn.Parameter(torch.zeros(()))

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss (0-dim) of logits (B,) with targets (B,), 1 for positive.

        Targets that are integers or bools are taken as numbers of the logits' dtype. That their
        values lie in [0, 1] is not looked at (`trainables.losses.arguments`).

        Raises:
            ValueError: the two are not (B,), or not real numbers.
        """
        targets = matching_targets(logits, targets)
        return self.objective(self.score_map(logits), targets)

    @abstractmethod
    def objective(self, scores: Tensor, targets: Tensor) -> Tensor:
        """The loss (0-dim) of scores (B,) that went through the score map already."""
