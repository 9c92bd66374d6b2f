"""A small data set with patients and metadata, as a reader of one's own gives it."""

from pathlib import Path

import numpy as np
import torch

from trainables.datasets.metadata import Metadata
from trainables.datasets.source import Source

__all__ = ["read"]


def read(root: Path, download: bool) -> Source:  # noqa: ARG001
    """200 + 80 images of 4x4, three or so of a patient; ages and sexes, some missing."""
    draw = np.random.default_rng(0)
    labels = torch.from_numpy(draw.integers(0, 2, 280))
    images = torch.from_numpy(draw.integers(0, 120, (280, 1, 4, 4)).astype(np.uint8))
    images += (100 * labels).to(torch.uint8)[:, None, None, None]
    groups = torch.from_numpy(draw.integers(0, 70, 280))
    groups[200:] += 70
    ages = draw.integers(20, 90, 280).astype(np.float64)
    ages[::9] = np.nan
    sexes = draw.choice(np.array(["female", "male", ""]), 280)
    parts = [
        Metadata({"age": ages[rows], "sex": sexes[rows]})
        for rows in (slice(0, 200), slice(200, None))
    ]
    return Source(
        images[:200],
        labels[:200],
        images[200:],
        labels[200:],
        n_classes=2,
        train_groups=groups[:200],
        test_groups=groups[200:],
        train_metadata=parts[0],
        test_metadata=parts[1],
    )
