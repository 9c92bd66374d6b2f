"""Pairwise: a surrogate of the AUROC over all pairs of the batch, with SGD."""

from dataclasses import dataclass

from torch import nn

from trainables.losses.pairs import SURROGATES
from trainables.methods.api import (
    LABELS,
    Context,
    PairwiseLoss,
    SGDMethod,
    fields,
    hyperparameter,
    listed_after,
)

__all__ = ["Pairwise"]

_SOURCE = "Zhu, Wu, Yang, arXiv 2203.14177, and Yan et al., ICML 2003"


@dataclass(frozen=True)
class Pairwise(SGDMethod):
    """Pairwise AUROC loss over all pairs of the batch (five surrogates), SGD.

    Without ``positive_rate`` a batch may have no positive, and its step then moves by the weight
    decay alone.
    """

    FAMILY = "pairwise AUC"
    SOURCE = _SOURCE
    TARGETS = LABELS
    SOFT = False

    surrogate: str = listed_after(
        "lr",
        hyperparameter(
            "squared_hinge",
            help="what a pair of scores costs",
            source=_SOURCE,
            choices=tuple(SURROGATES),
        ),
    )
    margin: float = listed_after("surrogate", fields.pair_margin())
    surrogate_scale: float = listed_after(
        "margin",
        hyperparameter(
            1.0,
            help="s of the logistic and the sigmoid surrogate: the larger, the steeper",
            source="1: the plain form",
            unit="1 / score (depends on score_map)",
            low=0,
            open_low=True,
            only_with={"surrogate": ("logistic", "sigmoid")},
        ),
    )
    score_map: str = listed_after("weight_decay", fields.score_map())

    def loss(self, context: Context) -> nn.Module:  # noqa: ARG002
        """The pairwise loss."""
        return PairwiseLoss(self.surrogate, self.margin, self.surrogate_scale, self.score_map)
