"""Encoded images as pixels, decoded once by whoever needs them first."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from trainables.datasets.formats.decode import Decoding
from trainables.datasets.store.building import Building, Undecodable
from trainables.datasets.store.encoded import Encoded
from trainables.datasets.store.entry import Entry
from trainables.errors import DataError

__all__ = ["Photos", "Undecodable", "photos"]


@dataclass(frozen=True)
class Photos:
    """What came of a list of encoded images.

    Attributes:
        images: uint8 (N, C, H, W), mapped from the store: those that could be decoded, in order.
        kept: bool, one for each in the list: whether it is among them.
        skipped: of each other one its name and why, in order.
    """

    images: Tensor
    kept: NDArray[np.bool_]
    skipped: tuple[tuple[str, str], ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a ``Source`` says of those that were skipped; () if none was."""
        if not self.skipped:
            return ()
        count = len(self.skipped)
        images, were = ("image", "was") if count == 1 else ("images", "were")
        return (
            f"{count:,} {images} of {len(self.kept):,} could not be decoded and {were} skipped "
            f"(such as {self.skipped[0][0]}).",
        )


def photos(what: str, encoded: Encoded, how: Decoding, undecodable: Undecodable) -> Photos:
    """The pixels of ``encoded``, decoded if the store does not hold them yet.

    Args:
        what: the set, for people.
        encoded: at least one image.
        how: size and channels.
        undecodable: "stop": an image that cannot be decoded is an error; "skip": it is left out.

    Raises:
        DataError: an image is absent or cannot be decoded (named); none can; without an
            ``image_size`` they are not squares of one size; the disk is full.
    """
    if undecodable not in ("stop", "skip"):
        raise DataError(f"undecodable must be stop or skip, not {undecodable!r}.")
    from PIL import __version__ as pillow

    # Another version may decode to other pixels.
    entry = Entry(what, ["photos", pillow, asdict(how), undecodable, encoded.made_of])
    stored = entry.get(lambda: Building(entry, encoded, how, undecodable).run())
    skipped = stored.record["skipped"]
    kept = np.ones(len(encoded), dtype=bool)
    kept[[number for number, _ in skipped]] = False
    return Photos(stored.images, kept, tuple((encoded.name(n), why) for n, why in skipped))
