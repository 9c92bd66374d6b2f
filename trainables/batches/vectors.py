"""What a network takes of vectors: one view of each image at random, or the first one."""

import torch
from torch import Tensor

from trainables.batches.inputs import Inputs
from trainables.config import TrialConfig
from trainables.datasets.cut.task import BinaryTask
from trainables.recipe import Batch

__all__ = ["VectorInputs", "inputs_of"]


def inputs_of(config: TrialConfig, task: BinaryTask, generator: torch.Generator) -> Inputs:
    """What suits a task: of images, or of vectors that stand for them; arguments as of both."""
    vectors = task.train_images.pixels.is_floating_point()
    return (VectorInputs if vectors else Inputs)(config, task, generator)


class VectorInputs(Inputs):
    """As `Inputs`, of vectors (N, D) or (N, V, D) that stand for images, such as frozen features or
    metadata; nothing is normalised.

    Args:
        config: of the trial.
        task: on the trial's device, but for its vectors, which may stay on the host.
        generator: on the device; what views are drawn from.
    """

    def __init__(self, config: TrialConfig, task: BinaryTask, generator: torch.Generator) -> None:
        self._task = task
        self._generator = generator
        self._device = torch.device(config.device)
        self.augmentation = "none"
        self.layout = torch.contiguous_format

    def augmented(self, chosen: Tensor, pixels: Tensor) -> Batch:
        """A batch for a step: of each image one view, every one equally often.

        Args:
            chosen: int64 (B,), training images, on the trial's device.
            pixels: theirs, float32 (B, D) or (B, V, D), there too.
        """
        if pixels.ndim == 2:
            return self._batch(chosen, pixels)
        images, views, _ = pixels.shape
        shape = (images,)
        drawn = torch.randint(views, shape, generator=self._generator, device=self._device)
        return self._batch(chosen, pixels[torch.arange(images, device=self._device), drawn])

    def normalised(self, pixels: Tensor) -> Tensor:
        """The vectors (B, D) of images as they are, from (B, D) or (B, V, D)."""
        return pixels if pixels.ndim == 2 else pixels[:, 0]
