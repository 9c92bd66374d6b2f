"""AUC-mixup: prior-free AUC-M for the soft labels of mixed images.

Source: Xv, Li, Yang, "AUC-mixup: Deep AUC Maximization with Mixup" (arXiv 2310.11693); the soft
class means are our reading of it, and so are the options that its text does not settle.
"""

from torch import Tensor

from trainables.losses.arguments import check_by_label, check_number, matching_targets
from trainables.losses.auc import AUCLoss
from trainables.losses.class_means import min_max, spread, weights_of
from trainables.losses.labels import mean_over_labels, split

__all__ = ["AUCMixupLoss", "auc_mixup_loss"]


def auc_mixup_loss(
    scores: Tensor,
    targets: Tensor,
    a: Tensor,
    b: Tensor,
    alpha: Tensor,
    *,
    margin: float | Tensor,
    soft_variance: bool = True,
) -> Tensor:
    """S(t(h-a)^2)/S(t) + S((1-t)(h-b)^2)/S(1-t)
    + 2 alpha [m + S((1-t)h)/S(1-t) - S(th)/S(t)] - alpha^2, S the sum over the batch.

    On hard labels it is `trainables.losses.auc_margin.prior_free_auc_margin_loss`, also where a
    class is missing.

    Args:
        scores: (B,) h, after the score map; or (B, L) of several labels.
        targets: alike, t in [0, 1], of several labels NaN where one is missing; their values are
            not looked at.
        a, b, alpha: 0-dim; (L,) of several labels.
        margin: m > 0.
        soft_variance: false: the first two terms take the hard labels t >= 1/2.

    Returns:
        The loss, 0-dim.

    Raises:
        ValueError: a shape, a dtype or the margin is not as said.
    """
    targets = matching_targets(scores, targets, "scores")
    check_by_label(scores, a=a, b=b, alpha=alpha)
    check_number("margin", margin, "above 0")
    targets, missing = split(targets)
    weights = weights_of(targets, missing)
    owners = weights
    if not soft_variance:
        owners = weights_of((targets >= 0.5).to(targets.dtype), missing)
    by_label = spread(scores, owners, a, b) + min_max(scores, weights, alpha, margin)
    return mean_over_labels(by_label, missing)


class AUCMixupLoss(AUCLoss):
    """AUC-mixup, for logits and soft targets (B,), or (B, L) of several labels.

    Args:
        margin: m > 0, in units of the score map.
        score_map: "sigmoid", "bsn" or "raw".
        soft_variance: as in `auc_mixup_loss`.
        labels: L.

    Raises:
        ValueError: margin is not above 0.
    """

    def __init__(
        self,
        margin: float = 1.0,
        score_map: str = "sigmoid",
        soft_variance: bool = True,
        labels: int = 1,
    ) -> None:
        super().__init__(score_map, labels)
        check_number("margin", margin, "above 0")
        self.margin = margin
        self.soft_variance = soft_variance

    def objective(self, scores: Tensor, targets: Tensor) -> Tensor:
        """`auc_mixup_loss` of scores and targets in [0, 1]."""
        return auc_mixup_loss(
            scores,
            targets,
            self.a,
            self.b,
            self.alpha,
            margin=self.margin,
            soft_variance=self.soft_variance,
        )
