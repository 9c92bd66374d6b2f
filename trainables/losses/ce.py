"""CE: binary cross entropy, also for soft labels."""

import torch.nn.functional as F
from torch import Tensor, nn

from trainables.losses.arguments import matching_targets
from trainables.losses.labels import Missing, mean_by_label, mean_over_labels, split

__all__ = ["CELoss", "Weight", "ce_by_class", "ce_loss"]

Weight = float | Tensor
"""Of a class, or one a label (L,)."""


def ce_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean binary cross entropy of logits and targets in [0, 1], 0-dim.

    The values of the targets are not looked at (`trainables.losses.arguments`).

    Args:
        logits, targets: (B,), or (B, L) of several labels, NaN where one is missing.

    Raises:
        ValueError: the two have other shapes, or are not real numbers.
    """
    targets, missing = split(matching_targets(logits, targets))
    if missing is None:
        return F.binary_cross_entropy_with_logits(logits, targets)
    each = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return mean_over_labels(mean_by_label(each, missing), missing)


def ce_by_class(
    of_positives: Tensor,
    of_negatives: Tensor,
    targets: Tensor,
    missing: Missing,
    weights: tuple[Weight, Weight] = (1.0, 1.0),
) -> Tensor:
    """Mean of w_1 t softplus(-x) + w_0 (1 - t) softplus(z): CE with a logit of each class's own.

    With x = z and without weights it is `ce_loss`, also for soft labels.

    Args:
        of_positives, of_negatives: x and z, (B,), or (B, L) of several labels.
        targets, missing: as `trainables.losses.labels.split` gives them.
        weights: w_1 and w_0, or one a label (L,).
    """
    positive, negative = weights
    each = positive * targets * F.softplus(-of_positives)
    each = each + negative * (1 - targets) * F.softplus(of_negatives)
    return mean_over_labels(mean_by_label(each, missing), missing)


class CELoss(nn.Module):
    """`ce_loss` as a module."""

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss (0-dim) of logits and targets (B,), or (B, L) of several labels."""
        return ce_loss(logits, targets)
