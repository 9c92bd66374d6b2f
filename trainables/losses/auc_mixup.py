"""AUC-mixup: prior-free AUC-M for the soft labels of mixed images.

Source: Xv, Li, Yang, "AUC-mixup: Deep AUC Maximization with Mixup" (arXiv 2310.11693); the soft
class means are our reading of it, and so are the options that its text does not settle.
"""

from torch import Tensor

from trainables.losses.arguments import check_number, check_scalars, matching_targets
from trainables.losses.auc import AUCLoss
from trainables.losses.class_means import min_max, spread

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
        scores: (B,) h, after the score map.
        targets: (B,) t in [0, 1]; their values are not looked at.
        a, b, alpha: 0-dim.
        margin: m > 0.
        soft_variance: false: the first two terms take the hard labels t >= 1/2.

    Returns:
        The loss, 0-dim.

    Raises:
        ValueError: a shape, a dtype or the margin is not as said.
    """
    targets = matching_targets(scores, targets, "scores")
    check_scalars(a=a, b=b, alpha=alpha)
    check_number("margin", margin, "above 0")
    owners = targets if soft_variance else (targets >= 0.5).to(targets.dtype)
    return spread(scores, owners, a, b) + min_max(scores, targets, alpha, margin)


class AUCMixupLoss(AUCLoss):
    """AUC-mixup, for logits (B,) and soft targets (B,).

    Args:
        margin: m > 0, in units of the score map.
        score_map: "sigmoid", "bsn" or "raw".
        soft_variance: as in `auc_mixup_loss`.

    Raises:
        ValueError: margin is not above 0.
    """

    def __init__(
        self, margin: float = 1.0, score_map: str = "sigmoid", soft_variance: bool = True
    ) -> None:
        super().__init__(score_map)
        check_number("margin", margin, "above 0")
        self.margin = margin
        self.soft_variance = soft_variance

    def objective(self, scores: Tensor, targets: Tensor) -> Tensor:
        """`auc_mixup_loss` of scores (B,) and targets (B,) in [0, 1]."""
        return auc_mixup_loss(
            scores,
            targets,
            self.a,
            self.b,
            self.alpha,
            margin=self.margin,
            soft_variance=self.soft_variance,
        )
