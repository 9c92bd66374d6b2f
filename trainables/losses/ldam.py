"""LDAM: CE with margins that are wider the rarer the class, and weights that come late.

Source: Cao, Wei, Gaidon, Arechiga, Ma, "Learning Imbalanced Datasets with
Label-Distribution-Aware Margin Loss", NeurIPS 2019 (arXiv 1906.07413), eq. (13) and Alg. 1.
"""

import torch
from torch import Tensor

from trainables.losses.arguments import check_number, check_prior, matching_targets
from trainables.losses.ce import Weight, ce_by_class
from trainables.losses.class_balanced import effective_weights
from trainables.losses.labels import split
from trainables.losses.late_weights import LateWeights

__all__ = ["LDAMLoss", "margins"]


def margins(prior: Weight, largest: float) -> tuple[Weight, Weight]:
    """Of the positives and the negatives: C n^(-1/4), the larger of the two ``largest``.

    Args:
        prior: share of positives, in (0, 1), or one a label (L,).
        largest: at least 0.

    >>> margins(1 / 17, 0.5)
    (0.5, 0.25)
    """
    check_prior(prior, prior.numel() if isinstance(prior, Tensor) else 1)
    check_number("largest", largest, "at least 0")
    other = 1 - prior
    rarer = torch.minimum(prior, 1 - prior) if isinstance(prior, Tensor) else min(prior, 1 - prior)
    return largest * (rarer / prior) ** 0.25, largest * (rarer / other) ** 0.25


class LDAMLoss(LateWeights):
    """Mean of w_1 softplus(-s (f - D_1)) over positives, w_0 softplus(s (f + D_0)) over negatives.

    It is the paper's loss of two classes whose logits differ by f. The paper compares cosines, by a
    last layer with normalised features and weights; here f is the network's own logit.

    Args:
        prior: share of positives among the images that it meets, in (0, 1), or one a label (L,) on
            the device of the logits.
        images: training images.
        largest_margin: at least 0, D of the rarer class.
        scale: s > 0.
        beta: of `effective_weights`, for the late weights, in [0, 1].

    Raises:
        ValueError: a number is out of its range.
    """

    def __init__(
        self,
        prior: Weight,
        images: int,
        largest_margin: float = 0.5,
        scale: float = 1.0,
        beta: float = 0.9999,
    ) -> None:
        super().__init__()
        check_number("scale", scale, "above 0")
        self.scale = scale
        self.margins = margins(prior, largest_margin)
        # 1 on average: the authors' code divides by the weights of a batch.
        positive, negative = effective_weights(prior, images, beta)
        mean = prior * positive + (1 - prior) * negative
        self.weights = positive / mean, negative / mean

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss (0-dim) of logits and targets (B,), or (B, L) of several labels."""
        targets, missing = split(matching_targets(logits, targets))
        positive, negative = map(self.now, self.weights)
        of_positives, of_negatives = self.margins
        return ce_by_class(
            self.scale * (logits - of_positives),
            self.scale * (logits + of_negatives),
            targets,
            missing,
            (positive, negative),
        )
