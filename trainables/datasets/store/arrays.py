"""Arrays of images that come from elsewhere than single files, kept in the store and mapped."""

import hashlib
import logging
import os
from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.datasets.store.entry import Entry, Stored
from trainables.datasets.store.progress import progress
from trainables.errors import DataError

__all__ = ["FEW_BYTES", "blocks", "shared", "streamed"]

FEW_BYTES = 2**22
"""What every process may have its own copy of."""

BLOCK_BYTES = 2**24
"""Of an array that is gone through block by block."""

logger = logging.getLogger(__name__)


def shared(images: Tensor, what: str) -> Tensor:
    """The same images, in memory that all processes of this machine share.

    They are known by the SHA-256 of their bytes, so that data that changed are never taken for
    those that were there. The first process writes them into the store, the others map them, and
    each one's own copy is freed. What is small, or mapped from a file already, stays as it is;
    so does all where the store cannot be written.

    Args:
        images: uint8, on the CPU.
        what: the set, for people.
    """
    if images.nbytes <= FEW_BYTES or is_mapped(images):
        return images
    pixels = images.contiguous().numpy()
    digest = hashlib.sha256(pixels.data.cast("B")).hexdigest()
    try:
        entry = Entry(what, ["arrays", list(images.shape), digest])
        return entry.get(lambda: _written(entry, images.shape, iter([pixels]))).images
    except (DataError, OSError) as error:
        logger.warning("%s is not shared between trials: %s", what, error)
        return images


def streamed(
    what: str, made_of: Any, shape: Sequence[int], parts: Iterator[NDArray[np.uint8]]
) -> Tensor:
    """Images that come part by part, kept in the store: never all of them in memory, unless few.

    Args:
        what: the set, for people.
        made_of: plain JSON that decides the pixels, see `stamp`.
        shape: of all images, (N, C, H, W) or (N, C, D, H, W).
        parts: uint8 (n, C, H, W) or (n, C, D, H, W), N in all; used if the store lacks them.

    Raises:
        DataError: the disk is full; and whatever ``parts`` raises.
    """
    if prod(shape) <= FEW_BYTES:
        return torch.from_numpy(np.concatenate([*parts]))
    entry = Entry(what, ["streamed", list(shape), made_of])
    return entry.get(lambda: _written(entry, shape, parts)).images


def blocks(images: int, image_bytes: int) -> Iterator[slice]:
    """The rows of an array of images, block by block."""
    step = max(1, BLOCK_BYTES // image_bytes)
    return (slice(start, min(start + step, images)) for start in range(0, images, step))


def is_mapped(images: Tensor) -> bool:
    """Whether its memory is that of a file, which processes share; Linux alone knows."""
    at = images.data_ptr()
    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        return False
    for line in lines:
        span, _, _, _, inode, *_ = line.split(maxsplit=5)
        low, high = (int(end, 16) for end in span.split("-"))
        if low <= at < high:
            return inode != "0"
    return False


def _written(entry: Entry, shape: Sequence[int], parts: Iterator[NDArray[np.uint8]]) -> Stored:
    descriptor = entry.reserve(shape)
    try:
        with (
            os.fdopen(descriptor, "wb") as file,
            progress(f"storing {entry.what}", shape[0]) as told,
        ):
            for part in parts:
                file.write(part.tobytes())
                told(len(part))
            if file.tell() != prod(shape):
                raise AssertionError(f"{file.tell()} bytes came for the shape {tuple(shape)}")
    except BaseException:
        entry.partial.unlink(missing_ok=True)
        raise
    return entry.finish(shape)
