"""scikit-learn's handwritten digits: real data that need no file, for demos and quick studies."""

from importlib import resources
from pathlib import Path

import numpy as np
import torch

from trainables.datasets.source import Source

__all__ = ["read_digits"]

TEST_EVERY = 5


def read_digits(root: Path, download: bool) -> Source:  # noqa: ARG001
    """1,797 grey digits of 8x8 pixels in ten classes (UCI, Alpaydin and Kaynak).

    Pixels are counts 0 to 16; they become uint8 (255 x count + 8) // 16, which loses nothing.
    The set has no official split: here every fifth image of each digit, in the official order,
    is a test image (355), the others are training images (1,442). The rule draws nothing at
    random, so the test set is the same for every seed, machine and library version. The data
    come with scikit-learn; ``root`` and ``download`` are not used.
    """
    # Here, because scikit-learn is slow to import and most studies do without it.
    from sklearn.datasets import load_digits

    digits = load_digits()
    counts = digits.images.astype(np.int64)
    images = torch.from_numpy(((255 * counts + 8) // 16).astype(np.uint8)).unsqueeze(1)
    labels = torch.from_numpy(digits.target.astype(np.int64))
    is_test = torch.zeros(len(labels), dtype=torch.bool)
    for digit in range(10):
        ids = (labels == digit).nonzero().squeeze(1)
        is_test[ids[TEST_EVERY - 1 :: TEST_EVERY]] = True
    with resources.as_file(resources.files("sklearn.datasets.data") / "digits.csv.gz") as file:
        return Source(
            train_images=images[~is_test],
            train_labels=labels[~is_test],
            test_images=images[is_test],
            test_labels=labels[is_test],
            n_classes=10,
            files=(file,) if file.exists() else (),
        )
