"""AUC-M: the min-max margin loss of deep AUC maximisation, with a prior or free of one.

Source: Yuan et al., "Large-scale Robust Deep AUC Maximization", ICCV 2021 (arXiv 2012.03173).
"""

from torch import Tensor

from trainables.losses.arguments import (
    check_by_label,
    check_number,
    check_prior,
    matching_targets,
)
from trainables.losses.auc import AUCLoss, Prior, batch_prior, keep_prior
from trainables.losses.class_means import min_max, spread, weights_of
from trainables.losses.labels import mean_by_label, mean_over_labels, split

__all__ = [
    "AUCMarginLoss",
    "PriorFreeAUCMarginLoss",
    "auc_margin_loss",
    "prior_free_auc_margin_loss",
]


def auc_margin_loss(
    scores: Tensor,
    targets: Tensor,
    a: Tensor,
    b: Tensor,
    alpha: Tensor,
    *,
    margin: float | Tensor,
    prior: Prior,
) -> Tensor:
    """Batch mean of F = (1-p)(h-a)^2 I+ + p(h-b)^2 I- - p(1-p)alpha^2
    + 2 alpha [p(1-p)m + p h I- - (1-p) h I+].

    Minimised in the scores, a and b and maximised in alpha >= 0. Where p is the share of
    positives in the batch its saddle value is p(1-p)[Var+ + Var- + (m + b - a)_+^2], at a and b
    the means of the classes' scores. A batch without one class gives a finite value.

    Args:
        scores: (B,) h, after the score map; or (B, L) of several labels.
        targets: alike, 1 for positive and 0 for negative, of several labels NaN where one is
            missing; their values are not looked at.
        a, b, alpha: 0-dim; (L,) of several labels.
        margin: m > 0, how far the classes' mean scores are to lie apart.
        prior: p in (0, 1), the share of positives that batches are drawn with, or one a label (L,);
            None: that of this batch.

    Returns:
        The loss, 0-dim.

    Raises:
        ValueError: a shape, a dtype or a number is not as said.
    """
    targets = matching_targets(scores, targets, "scores")
    check_by_label(scores, a=a, b=b, alpha=alpha)
    check_number("margin", margin, "above 0")
    check_prior(prior, alpha.numel())
    targets, missing = split(targets)
    p = batch_prior(targets, prior, missing)
    q = 1 - p
    positive, negative = targets, 1 - targets
    spread_ = q * (scores - a).square() * positive + p * (scores - b).square() * negative
    apart = mean_by_label(p * scores * negative - q * scores * positive, missing)
    gap = p * q * margin + apart
    by_label = mean_by_label(spread_, missing) + 2 * alpha * gap - p * q * alpha.square()
    return mean_over_labels(by_label, missing)


def prior_free_auc_margin_loss(
    scores: Tensor,
    targets: Tensor,
    a: Tensor,
    b: Tensor,
    alpha: Tensor,
    *,
    margin: float | Tensor,
) -> Tensor:
    """<(h-a)^2>+ + <(h-b)^2>- + 2 alpha (m + <h>- - <h>+) - alpha^2, <.> the mean over a class.

    Its saddle value is Var+ + Var- + (m + b - a)_+^2. A batch without one class contributes the
    other's spread alone: the terms in alpha compare the two classes and need both.

    Args and errors: as in `auc_margin_loss`.
    """
    targets = matching_targets(scores, targets, "scores")
    check_by_label(scores, a=a, b=b, alpha=alpha)
    check_number("margin", margin, "above 0")
    targets, missing = split(targets)
    weights = weights_of(targets, missing)
    by_label = spread(scores, weights, a, b) + min_max(scores, weights, alpha, margin)
    return mean_over_labels(by_label, missing)


class AUCMarginLoss(AUCLoss):
    """AUC-M with a prior, for logits and targets (B,), or (B, L) of several labels.

    Args:
        prior: share of positives in the training set, or in each batch where batches are drawn
            with another share, in (0, 1), or one a label (L,); None: taken from each batch.
        margin: m > 0, in units of the score map (0.1 to 1 with "sigmoid").
        score_map: "sigmoid", "bsn" or "raw".
        labels: L.

    Raises:
        ValueError: margin or prior is out of its range.

    It works in any training loop:

    >>> import torch
    >>> from trainables.losses.auc_margin import AUCMarginLoss
    >>> from trainables.optimizers.pesg import PESG
    >>> _ = torch.manual_seed(0)
    >>> targets = (torch.rand(256) < 0.1).float()
    >>> images = torch.randn(256, 8) + targets[:, None]
    >>> model = torch.nn.Linear(8, 1)
    >>> loss = AUCMarginLoss(prior=0.1, margin=1.0)
    >>> optimizer = PESG([*model.parameters(), loss.a, loss.b], [loss.alpha], lr=1.0)
    >>> for step in range(400):
    ...     if step in (200, 300):
    ...         optimizer.decay()  # lr / 10, and a new reference point
    ...     optimizer.zero_grad()
    ...     loss(model(images).squeeze(1), targets).backward()
    ...     optimizer.step()
    >>> scores = model(images).squeeze(1).sigmoid()
    >>> bool(scores[targets == 1].mean() > scores[targets == 0].mean() + 0.5)
    True
    """

    prior: Prior

    def __init__(
        self, prior: Prior, margin: float = 1.0, score_map: str = "sigmoid", labels: int = 1
    ) -> None:
        super().__init__(score_map, labels)
        check_number("margin", margin, "above 0")
        check_prior(prior, labels)
        self.margin = margin
        keep_prior(self, prior)

    def objective(self, scores: Tensor, targets: Tensor) -> Tensor:
        """`auc_margin_loss` of scores and targets."""
        return auc_margin_loss(
            scores, targets, self.a, self.b, self.alpha, margin=self.margin, prior=self.prior
        )


class PriorFreeAUCMarginLoss(AUCLoss):
    """Prior-free AUC-M, for logits and targets (B,), or (B, L) of several labels.

    Args:
        margin: m > 0, in units of the score map.
        score_map: "sigmoid", "bsn" or "raw".
        labels: L.

    Raises:
        ValueError: margin is not above 0.
    """

    def __init__(self, margin: float = 1.0, score_map: str = "sigmoid", labels: int = 1) -> None:
        super().__init__(score_map, labels)
        check_number("margin", margin, "above 0")
        self.margin = margin

    def objective(self, scores: Tensor, targets: Tensor) -> Tensor:
        """`prior_free_auc_margin_loss` of scores and targets."""
        return prior_free_auc_margin_loss(
            scores, targets, self.a, self.b, self.alpha, margin=self.margin
        )
