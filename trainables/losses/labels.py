"""Targets of several labels, (B, L) with NaN where one is missing: means over what is known.

A loss of L labels is the mean over the labels of the loss of one label on its known entries. A
label of which a batch knows nothing adds 0 and still counts among the L: what a label weighs must
not depend on which others a batch happens to know, and one label's share of a gradient is always
1 / L.

Targets (B,) are one label, all of it known: with them every function here is the plain one.
"""

from torch import Tensor

__all__ = ["Missing", "mean_by_label", "mean_over_labels", "split"]

Missing = Tensor | None
"""Which entries of (B, L) are missing, bool; None of (B,)."""


def split(targets: Tensor) -> tuple[Tensor, Missing]:
    """The targets with 0 for what is missing, and what is missing."""
    if targets.dim() == 1:
        return targets, None
    missing = targets.isnan()
    # NaN times a weight of 0 would be NaN, in gradients too.
    return targets.masked_fill(missing, 0), missing


def mean_by_label(values: Tensor, missing: Missing) -> Tensor:
    """Mean of (B,), 0-dim; of (B, L) by label over what is known, (L,), 0 where nothing is."""
    if missing is None:
        return values.mean()
    known = (~missing).sum(0)
    return values.masked_fill(missing, 0).sum(0) / known.clamp_min(1)


def mean_over_labels(values: Tensor, missing: Missing) -> Tensor:
    """The loss, 0-dim, from that of each label (L,); from 0-dim, of one label, as it is."""
    if missing is None:
        return values
    return values.masked_fill(missing.all(0), 0).mean()
