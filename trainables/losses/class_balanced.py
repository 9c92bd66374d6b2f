"""CE whose classes weigh by the effective number of their images.

Source: Cui, Jia, Lin, Song, Belongie, "Class-Balanced Loss Based on Effective Number of Samples",
CVPR 2019 (arXiv 1901.05555), eq. (10).
"""

import torch
from torch import Tensor, nn

from trainables.losses.arguments import check_number, check_prior, matching_targets
from trainables.losses.ce import Weight, ce_by_class
from trainables.losses.labels import split

__all__ = ["ClassBalancedCELoss", "effective_weights"]


def effective_weights(
    prior: Weight, images: int, beta: float, factor: float = 1.0
) -> tuple[Weight, Weight]:
    """Weights of the positives and the negatives, as (1 - beta) / (1 - beta^n), 2 together.

    n is how many of the images are of the class.

    Args:
        prior: share of positives among the images, in (0, 1), or one a label (L,); what is missing
            counts as what is known.
        images: at least 1.
        beta: in [0, 1]; 0: both classes weigh 1; 1: its limit, as 1 / n.
        factor: what the positives weigh more than that, above 0.

    >>> effective_weights(0.2, 1000, 1.0)
    (1.6, 0.4)
    """
    check_prior(prior, prior.numel() if isinstance(prior, Tensor) else 1)
    check_number("beta", beta, "in [0, 1]")
    check_number("factor", factor, "above 0")
    # 1 - beta^n loses its digits in float32.
    share: Weight = prior.double() if isinstance(prior, Tensor) else prior
    positive, negative = (
        1 / count if beta == 1 else (1 - beta) / (1 - beta**count)
        for count in (share * images, (1 - share) * images)
    )
    half = (factor * positive + negative) / 2
    positive, negative = factor * positive / half, negative / half
    if isinstance(prior, Tensor):
        return torch.as_tensor(positive).to(prior), torch.as_tensor(negative).to(prior)
    return positive, negative


class ClassBalancedCELoss(nn.Module):
    """Mean of w_1 CE over positives and w_0 CE over negatives, with `effective_weights`.

    Args:
        prior, images, beta, factor: as in `effective_weights`.

    Raises:
        ValueError: a number is out of its range.
    """

    def __init__(self, prior: Weight, images: int, beta: float = 1.0, factor: float = 1.0) -> None:
        super().__init__()
        self.weights = effective_weights(prior, images, beta, factor)

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss (0-dim) of logits and targets (B,), or (B, L) of several labels."""
        targets, missing = split(matching_targets(logits, targets))
        return ce_by_class(logits, logits, targets, missing, self.weights)
