"""A data set of three labels, some missing, with groups, metadata and a validation part."""

import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tests.trainables.tiny import generator
from trainables.datasets.metadata import Metadata
from trainables.datasets.source import Source

__all__ = ["AGES", "NAMES", "SEXES", "TRAIN", "VALIDATION", "read"]

NAMES = ("left", "right", "rare")
TRAIN, VALIDATION, TEST = 300, 90, 120
MISSING = (0.0, 0.3, 0.7)
AGES = np.where(np.arange(TEST) % 7 == 0, np.nan, np.arange(float(TEST)))
SEXES = np.array(["f", "m", ""])[np.arange(TEST) % 3]


def read(root: Path, download: bool) -> Source:  # noqa: ARG001
    """Groups of two or three images; in the validation part "rare" has no known positive."""
    images, labels = _part(0, TRAIN + VALIDATION)
    last = torch.arange(TRAIN + VALIDATION) >= TRAIN
    labels[:, 2] = labels[:, 2].masked_fill(last & (labels[:, 2] == 1), math.nan)
    test_images, test_labels = _part(2, TEST)
    rows = len(images)
    return Source(
        train_images=images,
        train_labels=labels,
        test_images=test_images,
        test_labels=test_labels,
        n_classes=2,
        labels=NAMES,
        train_groups=torch.arange(rows) // 2,
        test_groups=1000 + torch.arange(TEST) // 3,
        train_metadata=Metadata(
            {"age": np.arange(float(rows)), "sex": np.tile(["f", "m"], rows // 2)}
        ),
        test_metadata=Metadata({"age": AGES, "sex": SEXES}),
        validation=last,
    )


def _part(seed: int, images: int) -> tuple[Tensor, Tensor]:
    """Noise in which each label brightens a corner of its own; labels (N, 3) with NaN."""
    draw = generator(seed)
    labels = (torch.rand(images, 3, generator=draw) < torch.tensor([0.3, 0.4, 0.15])).float()
    pixels = torch.randint(0, 120, (images, 1, 8, 8), generator=draw)
    for label, (row, column) in enumerate(((0, 0), (0, 4), (4, 0))):
        brighter = 30 * labels[:, label].long()
        pixels[:, 0, row : row + 4, column : column + 4] += brighter[:, None, None]
    gone = torch.rand(images, 3, generator=draw) < torch.tensor(MISSING)
    return pixels.to(torch.uint8), labels.masked_fill(gone, math.nan)
