"""What a network takes of a task's images: augmented or not, normalised, in its weights' layout."""

import torch
from torch import Tensor

from trainables.batches.augment import augment, normalise, refuse_other_axes
from trainables.batches.supply import Supply
from trainables.config import TrialConfig
from trainables.datasets.cut.task import BinaryTask
from trainables.models.weights import statistics
from trainables.recipe import Batch

__all__ = ["Inputs"]


class Inputs:
    """Makes batches of a task's training images, and inputs of any of its images.

    Args:
        config: of the trial.
        task: on the trial's device, but for its images, which may stay on the host.
        generator: on the device; what augmentation draws from.

    Attributes:
        augmentation: of training images, by its name.
        layout: memory format of the inputs, and of the network's weights.
        with_metadata: the network takes the metadata, too.

    Raises:
        ValueError: there is no such augmentation of images with so many axes.
    """

    with_metadata: bool = False

    def __init__(self, config: TrialConfig, task: BinaryTask, generator: torch.Generator) -> None:
        shape = task.train_images.shape
        self._task = task
        self.with_metadata = "branch" in config.network
        self._generator = generator
        self._device = torch.device(config.device)
        self.augmentation = config.augmentation or task.augmentation
        refuse_other_axes(self.augmentation, len(shape))
        self._mean, self._std = task.mean, task.std
        if "weights" in config.network:
            # What the weights were trained on, not what these images are like.
            self._mean, self._std = (
                each.to(self._device) for each in statistics(config.model, shape[0])
            )
        self.layout = torch.contiguous_format
        if config.channels_last:
            self.layout = torch.channels_last if len(shape) == 3 else torch.channels_last_3d

    def augmented(self, chosen: Tensor, pixels: Tensor) -> Batch:
        """A batch for a step, which reads nothing of the host.

        Args:
            chosen: int64 (B,), training images, on the trial's device.
            pixels: theirs, uint8 (B, ...), there too.
        """
        return self._batch(chosen, augment(self.augmentation, pixels, self._generator))

    def of(self, supply: Supply, number: int) -> Batch:
        """The batch for a step that lies ready at a supply's sampler of that ``number``."""
        return self.augmented(supply.chosen[number], supply.pixels(number))

    def plain(self, chosen: Tensor) -> Batch:
        """The training images ``chosen``, int64 (B,) on the trial's device, as they are."""
        return self._batch(chosen, self.pixels(chosen))

    def pixels(self, chosen: Tensor) -> Tensor:
        """Of training images, uint8 (B, ...) on the trial's device, wherever they lie."""
        images = self._task.train_images
        return images.take(chosen.to(images.pixels.device)).to(self._device)

    def normalised(self, pixels: Tensor) -> Tensor:
        """What the network takes, from uint8 images (B, C, H, W) or volumes (B, C, D, H, W)."""
        ready = normalise(pixels, self._mean, self._std)
        return ready.contiguous(memory_format=self.layout)

    def _batch(self, chosen: Tensor, pixels: Tensor) -> Batch:
        targets = self._task.train_targets.index_select(0, chosen).float()
        rows = self._task.train_metadata
        metadata = None if rows is None else rows.index_select(0, chosen)
        batch = Batch(self.normalised(pixels), targets, chosen, metadata)
        batch.with_metadata = self.with_metadata
        return batch
