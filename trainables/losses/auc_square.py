"""AUC-S: the min-max form of the pairwise square loss.

Source: Yuan et al., "Large-scale Robust Deep AUC Maximization", ICCV 2021 (arXiv 2012.03173),
after Ying, Wen and Lyu, "Stochastic Online AUC Maximization", NeurIPS 2016.
"""

from torch import Tensor

from trainables.losses.arguments import check_prior
from trainables.losses.auc import AUCLoss, Prior, keep_prior
from trainables.losses.auc_margin import auc_margin_loss

__all__ = ["AUCSquareLoss", "auc_square_loss"]


def auc_square_loss(
    scores: Tensor, targets: Tensor, a: Tensor, b: Tensor, alpha: Tensor, *, prior: Prior
) -> Tensor:
    """AUC-M at margin 1, to be maximised over ALL alpha instead of alpha >= 0.

    Where p is the share of positives in the batch its saddle value is p(1-p) times the mean of
    (1 - h+ + h-)^2 over the pairs of a positive and a negative, at a and b the means of the
    classes' scores and alpha = 1 + b - a.

    Args:
        scores, targets, a, b, alpha, prior: as in `trainables.losses.auc_margin.auc_margin_loss`.

    Returns:
        The loss, 0-dim.

    Raises:
        ValueError: a shape, a dtype or the prior is not as said.
    """
    return auc_margin_loss(scores, targets, a, b, alpha, margin=1.0, prior=prior)


class AUCSquareLoss(AUCLoss):
    """AUC-S, for logits and targets (B,), or (B, L) of several labels.

    Its alpha may become negative: do not project it.

    Args:
        prior: share of positives in the training set, in (0, 1), or one a label (L,); None: that
            of each batch.
        score_map: "sigmoid", "bsn" or "raw".
        labels: L.

    Raises:
        ValueError: prior is not in (0, 1).
    """

    prior: Prior

    def __init__(self, prior: Prior, score_map: str = "sigmoid", labels: int = 1) -> None:
        super().__init__(score_map, labels)
        check_prior(prior, labels)
        keep_prior(self, prior)

    def objective(self, scores: Tensor, targets: Tensor) -> Tensor:
        """`auc_square_loss` of scores and targets."""
        return auc_square_loss(scores, targets, self.a, self.b, self.alpha, prior=self.prior)
