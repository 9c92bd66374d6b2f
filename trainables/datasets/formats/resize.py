"""Images that are pixels already to another size."""

from typing import Any

from torch import Tensor
from torch.nn.functional import interpolate

from trainables.errors import DataError

__all__ = ["refuse_size", "resized"]


def resized(images: Tensor, side: int) -> Tensor:
    """Squares, uint8 (N, C, H, H), as squares of ``side`` pixels: bilinear, smoothed as Pillow's.

    Those that have that size already come back as they are.
    """
    if images.shape[-1] == side:
        return images
    return interpolate(images, (side, side), mode="bilinear", antialias=True)


def refuse_size(image_size: Any) -> None:
    """Do nothing if ``image_size`` is a whole number of at least 1; else DataError."""
    if not isinstance(image_size, int) or isinstance(image_size, bool) or image_size < 1:
        raise DataError(f"image_size must be a whole number of at least 1, not {image_size!r}.")
