"""Training sets made easier or noisier on purpose; validation and test stay as they are.

After Yuan et al., ICCV 2021 (arXiv 2012.03173), sec. 5.2, which adds 10 % or 20 % easy positives
and 1 % or 5 % wrong labels. What exactly is an easy positive there we could not settle. OUR
READING, which needs no trained model: of the positives that the imbalance left out, those that
the nearest-class-mean classifier (pixels, means of the training classes) ranks highest; so many
that they are the given share of the positives kept. They raise the training set's imratio. Wrong
labels: the given share of each class, the easy positives among them, gets the other label.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from trainables.datasets.images import CHUNK, Images
from trainables.errors import DataError

__all__ = ["Ablation", "easiest", "with_wrong_labels"]


@dataclass(frozen=True)
class Ablation:
    """How a training set departs from its protocol; by default not at all.

    Attributes:
        easy_positives: positives added, as a share of those kept; at least 0.
        label_noise: share of each class that gets the other label, in [0, 0.5).
        seed: decides, with the data seed, which labels are wrong.

    Raises:
        DataError: a number is out of its range.
    """

    easy_positives: float = 0.0
    label_noise: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.easy_positives >= 0:
            raise DataError(f"easy_positives must be at least 0, not {self.easy_positives}.")
        if not 0 <= self.label_noise < 0.5:
            raise DataError(
                f"label_noise must be in [0, 0.5), not {self.label_noise}: from a half on the "
                "labels say the opposite."
            )


def easiest(images: Images, positives: Images, negatives: Images, count: int) -> Tensor:
    """The ``count`` images that lie most clearly on the positives' side of the class means.

    Args:
        images: N, to be chosen from.
        positives, negatives: images of the training classes.
        count: at most N.

    Returns:
        int64 (count,), the easiest first.
    """
    towards = _mean(positives) - _mean(negatives)
    scores = [part.flatten(1).double() @ towards for part in images.split(CHUNK)]
    return torch.cat(scores).argsort(descending=True, stable=True)[:count]


def with_wrong_labels(targets: Tensor, share: float, seeds: tuple[int, int]) -> Tensor:
    """A copy of targets (N,) in which round(share x n) of each class's n are the other's.

    Of several labels (N, L) each one by itself; what is missing or uncertain stays.
    """
    wrong = targets.clone()
    generator = np.random.default_rng(seeds)
    for column in wrong.view(len(wrong), -1).T:
        classes = [(column == label).nonzero().squeeze(1).numpy() for label in (0, 1)]
        for label, members in enumerate(classes):
            ids = generator.permutation(members)
            column[torch.from_numpy(ids[: round(share * len(ids))])] = 1 - label
    return wrong


def _mean(images: Images) -> Tensor:
    total = sum(part.sum(0, dtype=torch.int64) for part in images.split(CHUNK))
    assert isinstance(total, Tensor)
    return total.flatten().double() / len(images)
