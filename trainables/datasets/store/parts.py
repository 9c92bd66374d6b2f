"""Encoded images of a set in two parts: decoded together, then training and test apart."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from trainables.datasets.formats.decode import Decoding
from trainables.datasets.store.encoded import Encoded
from trainables.datasets.store.photos import Undecodable, photos

__all__ = ["TwoParts", "two_parts"]


@dataclass(frozen=True, eq=False)
class TwoParts:
    """What came of the images of N rows.

    Attributes:
        train, test: int64, the rows of each part whose images could be decoded, rising.
        train_images, test_images: uint8 (n, C, H, W), mapped from the store, one for each of them.
        notes: what a ``Source`` says of images that were skipped.
    """

    train: NDArray[np.int64]
    test: NDArray[np.int64]
    train_images: Tensor
    test_images: Tensor
    notes: tuple[str, ...]


def two_parts(
    what: str,
    encoded: Callable[[Sequence[int]], Encoded],
    train: NDArray[np.bool_],
    test: NDArray[np.bool_],
    how: Decoding,
    undecodable: Undecodable,
) -> TwoParts:
    """The images of both parts.

    Args:
        what: the set, for people.
        encoded: gives the encoded images of such rows, in that order.
        train, test: (N,), which rows belong to each part; some may belong to none.
        how, undecodable: as `photos` takes them.

    Raises:
        DataError: see `photos`.
    """
    order = np.concatenate([np.flatnonzero(train), np.flatnonzero(test)])
    found = photos(what, encoded(order.tolist()), how, undecodable)
    rows = order[found.kept]
    cut = int(found.kept[: int(train.sum())].sum())
    return TwoParts(rows[:cut], rows[cut:], found.images[:cut], found.images[cut:], found.notes)
