"""A binary task, one of several labels or one of classes, as a trial trains on it."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from trainables.datasets.images import Images
from trainables.datasets.metadata import Metadata

__all__ = ["BinaryTask"]


@dataclass(frozen=True, eq=False)
class BinaryTask:
    """An imbalanced binary task, or one of L labels above 1 an image, all on one device (the images
    perhaps on the CPU).

    Attributes:
        train_images, val_images, test_images: parts of the data set's own images, or what a
            network takes in their place (`of_metadata`).
        train_targets: float32 (N,), 0 or 1; of several labels (N, L) in [0, 1], NaN where missing.
        val_targets, test_targets: likewise, but 0, 1 or NaN: what is uncertain tests nothing.
        prior: share of positives among the training images; of several labels float32 (L,), the
            mean of each label's known targets.
        mean, std: float32 (C,), over the training images' pixels scaled to [0, 1].
        augmentation: the set's own default augmentation.
        labels: names of the L labels; empty: there is one.
        classes: the labels are classes: exactly one of an image is 1, and losses take a softmax.
        train_groups, val_groups, test_groups: int64, whose each image is; None: the set has none.
        train_metadata, val_metadata, test_metadata: float32 (n, K), what else is known of each
            image (`trainables.datasets.cut.columns`); None: nothing.
        columns: names of these K columns.
        raw_metadata: of the test images, as the reader gave it.
    """

    train_images: Images
    train_targets: Tensor
    val_images: Images
    val_targets: Tensor
    test_images: Images
    test_targets: Tensor
    prior: float | Tensor
    mean: Tensor
    std: Tensor
    augmentation: str
    labels: tuple[str, ...] = ()
    classes: bool = False
    train_groups: Tensor | None = None
    val_groups: Tensor | None = None
    test_groups: Tensor | None = None
    train_metadata: Tensor | None = None
    val_metadata: Tensor | None = None
    test_metadata: Tensor | None = None
    columns: tuple[str, ...] = ()
    raw_metadata: Metadata | None = None

    @property
    def image_bytes(self) -> int:
        """Of the pixels of all images."""
        return sum(each.nbytes for each in (self.train_images, self.val_images, self.test_images))

    def of_metadata(self) -> "BinaryTask":
        """The same task with the metadata (K,) of each image in its pixels' place; it has some."""
        assert self.train_metadata is not None
        assert self.val_metadata is not None
        assert self.test_metadata is not None
        return replace(
            self,
            train_images=Images(self.train_metadata),
            val_images=Images(self.val_metadata),
            test_images=Images(self.test_metadata),
        )

    def to(self, device: torch.device | str, *, images: bool = True) -> "BinaryTask":
        """The same task with every tensor on ``device``; the images only if ``images``."""
        moving = Tensor | Images if images else Tensor
        moved: dict[str, Any] = {
            name: value.to(device)
            for name, value in vars(self).items()
            if isinstance(value, moving)
        }
        return replace(self, **moved)
