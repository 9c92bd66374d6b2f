"""What the AUC losses share: class means a and b, the dual variable alpha, the score map."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from trainables.errors import UnknownNameError
from trainables.losses.arguments import check_by_label, matching_targets
from trainables.losses.labels import Missing, mean_by_label
from trainables.losses.score_maps import SCORE_MAPS

__all__ = ["AUCLoss", "Prior", "batch_prior", "keep_prior"]

Prior = float | Tensor | None
"""A share of positives in (0, 1), or one for each of several labels (L,); None: the share in each
batch.
"""


def batch_prior(targets: Tensor, prior: Prior, missing: Missing) -> Tensor | float:
    """The prior p to use for this batch: ``prior``, or the mean of ``targets`` by label.

    Args:
        targets, missing: as `trainables.losses.labels.split` gives them.
        prior: what the loss was made with.
    """
    return mean_by_label(targets, missing) if prior is None else prior


def keep_prior(loss: nn.Module, prior: Prior) -> None:
    """``loss.prior`` is ``prior``; as a tensor it goes where the loss goes, and is not saved."""
    if isinstance(prior, Tensor):
        loss.register_buffer("prior", prior, persistent=False)
    else:
        loss.prior = prior  # type: ignore[assignment]


class AUCLoss(nn.Module, ABC):
    """A loss F(w, a, b, alpha) to be minimised in w, a, b and maximised in alpha.

    Of several labels it is the mean of the labels' losses, each with an a, b and alpha of its own
    (`trainables.losses.labels`).

    Attributes:
        a, b: parameters, the running means of the positives' and the negatives' scores; 0-dim,
            or (L,) of several labels.
        alpha: parameter of their shape, the dual variable. All three start at 0. An optimizer must
            ASCEND in alpha: `trainables.optimizers.pesg.PESG` does.

    Args:
        score_map: "sigmoid", "bsn" or "raw" (`trainables.losses.score_maps`).
        labels: L, at least 1.

    Raises:
        UnknownNameError: there is no such score map.
        ValueError: there is no label.
    """

    def __init__(self, score_map: str = "sigmoid", labels: int = 1) -> None:
        super().__init__()
        if score_map not in SCORE_MAPS:
            raise UnknownNameError(
                f"score_map must be one of {', '.join(SCORE_MAPS)}, not {score_map!r}."
            )
        if labels < 1:
            raise ValueError(f"labels must be at least 1, not {labels!r}: count them.")
        self.score_map = SCORE_MAPS[score_map]
        shape = () if labels == 1 else (labels,)
        self.a = nn.Parameter(torch.zeros(shape))
        self.b = nn.Parameter(torch.zeros(shape))
        self.alpha = nn.Parameter(torch.zeros(shape))

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss (0-dim) of logits with targets, 1 for positive, NaN where a label is missing.

        Targets that are integers or bools are taken as numbers of the logits' dtype. That their
        values lie in [0, 1] is not looked at (`trainables.losses.arguments`).

        Args:
            logits, targets: (B,), or (B, L) of several labels.

        Raises:
            ValueError: the two have other shapes, or are not real numbers.
        """
        return self.objective(*self.scored(logits, targets))

    def scored(self, logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """The scores and the targets that `objective` takes. Arguments and errors as `forward`."""
        targets = matching_targets(logits, targets)
        if logits.dim() > 1:
            check_by_label(logits, a=self.a, b=self.b, alpha=self.alpha)
            # At 0 they have no part in a norm over the batch, and get no gradient.
            logits = logits.masked_fill(targets.isnan(), 0)
        return self.score_map(logits), targets

    @abstractmethod
    def objective(self, scores: Tensor, targets: Tensor) -> Tensor:
        """The loss (0-dim) of scores that went through the score map already.

        Args:
            scores, targets: as `scored` gives them, (B,), or (B, L) with NaN for missing targets;
                several batches may be put together.
        """
