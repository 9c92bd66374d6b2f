"""Data sets of one's own, as readers: patients, several labels an image, volumes."""

from pathlib import Path

import torch

from tests.trainables import volumes
from tests.trainables.datasets.cut import test_parts
from trainables.datasets.source import Source

__all__ = ["films", "one_patient", "patients", "shared_patient", "voxels"]


def patients(root: Path, download: bool) -> Source:  # noqa: ARG001
    """600 + 100 images of 60 + 60 patients."""
    return test_parts.source(classes=("benign", "melanoma"), notes=("2 images were skipped.",))


def films(root: Path, download: bool) -> Source:  # noqa: ARG001
    """Three labels an image, and patients."""
    of = test_parts.source()
    return test_parts.several(train_groups=of.train_groups, test_groups=of.test_groups)


def one_patient(root: Path, download: bool) -> Source:  # noqa: ARG001
    """One has all positives."""
    return test_parts.one_patient_has_all_positives()


def shared_patient(root: Path, download: bool) -> Source:  # noqa: ARG001
    """All test images are of one patient who is in the training set."""
    return test_parts.source(test_groups=torch.full((100,), 4))


def voxels(root: Path, download: bool) -> Source:
    """Volumes."""
    return volumes.read(root, download)
