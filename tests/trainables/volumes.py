"""A small data set of volumes, as a reader of one's own gives it."""

from fractions import Fraction
from pathlib import Path

import torch

from trainables.datasets.source import Source

__all__ = ["read"]


def read(root: Path, download: bool) -> Source:  # noqa: ARG001
    """240 + 80 volumes of 6 x 8 x 8 voxels with a bright block at any place in those of class 1."""
    draw = torch.Generator().manual_seed(0)
    labels = torch.arange(320) % 2
    voxels = torch.randint(0, 120, (320, 1, 6, 8, 8), generator=draw, dtype=torch.uint8)
    places = torch.randint(0, 4, (320, 3), generator=draw)
    for volume, label, (z, y, x) in zip(voxels, labels, places.tolist(), strict=True):
        volume[0, z : z + 3, y : y + 3, x : x + 3] += 110 * label.to(torch.uint8)
    return Source(
        voxels[:240],
        labels[:240],
        voxels[240:],
        labels[240:],
        n_classes=2,
        augmentation="crop_flip_rotate_3d",
        validation_share=Fraction(1, 4),
    )
