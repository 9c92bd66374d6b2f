"""From the labels of a data set to the targets of a task."""

import torch
from torch import Tensor

from trainables.datasets.contract import LEFT_OUT

__all__ = ["binary_targets", "counted", "known", "targets_of"]


def binary_targets(labels: Tensor, n_classes: int) -> Tensor:
    """Class ids (N,) to float32 targets (N,): 0 where id <= n_classes / 2 - 1, else 1."""
    return (2 * (labels.long() + 1) > n_classes).float()


def targets_of(labels: Tensor, n_classes: int) -> Tensor:
    """Targets of labels as a set has them: of class ids (N,) or of several labels (N, L)."""
    return labels if labels.ndim == 2 else binary_targets(labels, n_classes)


def known(targets: Tensor) -> Tensor:
    """The targets with what is uncertain, between 0 and 1, as missing: for all but training."""
    return torch.where((targets > 0) & (targets < 1), float("nan"), targets)


def counted(labels: Tensor) -> Tensor:
    """Places (n,) of the images that take part: those whose class id is not ``LEFT_OUT``."""
    every = torch.arange(len(labels))
    return every if labels.ndim == 2 else every[labels.long() != LEFT_OUT]
