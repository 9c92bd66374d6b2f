"""Pairwise AUROC losses: the mean over pairs of a surrogate for "the negative ranks higher".

Sources: Zhu, Wu, Yang, "Benchmarking Deep AUROC Optimization" (arXiv 2203.14177), table 1, for the
surrogates; Yan et al., ICML 2003, for the hinge and its square; Gao and Zhou, IJCAI 2015, for the
square and the logistic loss.
"""

from torch import Tensor, nn

from trainables.errors import UnknownNameError
from trainables.losses.arguments import check_number
from trainables.losses.pairs import SURROGATES, mean_where, pairs_of, score_map_of

__all__ = ["PairwiseLoss"]


class PairwiseLoss(nn.Module):
    """Mean of l(h_i - h_j) over the positives i and the negatives j of the batch.

    Of several labels it is the mean over the labels; one of which the batch knows no pair adds 0.

    Args:
        surrogate: of d = h_i - h_j: "squared_hinge" (m - d)_+^2, "square" (m - d)^2, "hinge"
            (m - d)_+, "logistic" log(1 + exp(-s d)) or "sigmoid" 1 / (1 + exp(s d)).
        margin: m > 0, in units of the score map.
        scale: s > 0, per unit of the score map.
        score_map: "sigmoid", "bsn" or "raw".

    Raises:
        UnknownNameError: there is no such surrogate or score map.
        ValueError: a number is not above 0.
    """

    def __init__(
        self,
        surrogate: str = "squared_hinge",
        margin: float = 1.0,
        scale: float = 1.0,
        score_map: str = "sigmoid",
    ) -> None:
        super().__init__()
        if surrogate not in SURROGATES:
            raise UnknownNameError(
                f"surrogate must be one of {', '.join(SURROGATES)}, not {surrogate!r}."
            )
        check_number("margin", margin, "above 0")
        check_number("scale", scale, "above 0")
        self.surrogate = SURROGATES[surrogate]
        self.margin, self.scale = margin, scale
        self.score_map = score_map_of(score_map)

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss (0-dim) of logits and targets (B,), or (B, L) of several labels.

        Targets are 0, 1 or, of several labels, NaN where one is missing.
        """
        gaps, positive, negative = pairs_of(logits, targets, self.score_map)
        each = self.surrogate(gaps, self.margin, self.scale)
        return mean_where(each, positive[:, None] & negative[None], (0, 1)).mean()
