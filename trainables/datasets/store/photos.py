"""Encoded images, decoded once and in parallel into the store.

Threads do it, since Pillow leaves Python's lock while it reads, decodes and resizes. They write
whole chunks into the set's partial file, and each chunk that is written gets a line with its
checksum in a journal: a build that was interrupted goes on after the chunks that are sound.
"""

import json
import os
import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from trainables.datasets.decode import Decoding, decode, look
from trainables.datasets.store.encoded import Encoded
from trainables.datasets.store.entry import Entry, Stored
from trainables.datasets.store.progress import progress
from trainables.errors import DataError
from trainables.files import save_atomically

__all__ = ["Photos", "Undecodable", "photos"]

CHUNK_BYTES = 2**23
"""Of pixels that a thread holds: what a build takes of memory, with the photo under way."""

AHEAD = 2
"""Chunks by thread that are begun and not yet told."""

Undecodable = Literal["stop", "skip"]


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
        count = len(self.skipped)
        if not count:
            return ()
        are = (
            "1 image of {} could not be decoded and was skipped"
            if count == 1
            else (f"{count:,} images of {{}} could not be decoded and were skipped")
        )
        return (f"{are.format(f'{len(self.kept):,}')} (such as {self.skipped[0][0]}).",)


@dataclass(frozen=True)
class _Failed:
    """An image that could not be decoded."""

    index: int
    why: str


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
    made_of = ["photos", pillow, asdict(how), undecodable, encoded.made_of]
    entry = Entry(what, made_of)
    stored = entry.get(lambda: _Build(entry, encoded, how, undecodable).run())
    kept = np.ones(len(encoded), dtype=bool)
    skipped = stored.record["skipped"]
    kept[[index for index, _ in skipped]] = False
    return Photos(stored.images, kept, tuple((encoded.name(i), why) for i, why in skipped))


class _Build:
    """The work of the one process that makes a set."""

    def __init__(
        self, entry: Entry, encoded: Encoded, how: Decoding, undecodable: Undecodable
    ) -> None:
        self._entry, self._encoded, self._undecodable = entry, encoded, undecodable
        from joblib import cpu_count

        self._workers = int(cpu_count())  # what a container or a job leaves, too
        self._how, side = self._resolved(how)
        channels: int = self._how.channels or 3
        self._shape = (channels, side, side)
        self._image_bytes = channels * side * side
        self._chunk = max(1, CHUNK_BYTES // self._image_bytes)
        self._journal = entry.file("journal")

    def run(self) -> Stored:
        """Make the set, or go on where an earlier process was interrupted."""
        total = len(self._encoded)
        shape = (total, *self._shape)
        head = {"shape": list(shape), "chunk": self._chunk}
        done = self._resumed(head)
        descriptor = self._entry.reserve(shape, again=bool(done))
        known = "".join(f"{json.dumps(line)}\n" for line in (head, *done.values())).encode()
        save_atomically(self._journal, lambda file: file.write(known))
        failed = [_Failed(*each) for _, _, bad in done.values() for each in bad]
        try:
            with (
                self._journal.open("a") as journal,
                progress(f"decoding {self._entry.what}", total) as told,
            ):
                told(sum(self._images_from(start) for start in done))
                for start, checksum, bad in self._chunks(descriptor, set(done)):
                    self._refuse(bad)
                    failed += bad
                    line = [start, checksum, [[each.index, each.why] for each in bad]]
                    journal.write(f"{json.dumps(line)}\n")
                    journal.flush()
                    told(self._images_from(start))
        except DataError:
            # Nothing goes on from here: who mends the data has another set.
            self._entry.partial.unlink(missing_ok=True)
            self._journal.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)
        return self._finished(sorted(failed, key=lambda each: each.index))

    def _resolved(self, how: Decoding) -> tuple[Decoding, int]:
        """What is left open of size and channels, settled by the heads of the images."""
        if how.image_size is not None and how.channels is not None:
            return how, how.image_size
        heads = []
        with (
            progress(f"looking at {self._entry.what}", len(self._encoded)) as told,
            ThreadPoolExecutor(self._workers) as pool,
        ):
            for head in pool.map(self._look, range(len(self._encoded))):
                heads.append(head)
                told(1)
        self._refuse([each for each in heads if isinstance(each, _Failed)])
        seen = [each for each in heads if not isinstance(each, _Failed)]
        if not seen:
            raise self._none(heads[0])
        channels = how.channels or (3 if any(each.colour for each in seen) else 1)
        side = how.image_size or seen[0].width
        if how.image_size is None:
            for index, each in enumerate(heads):
                if not isinstance(each, _Failed) and (each.width, each.height) != (side, side):
                    raise DataError(
                        "images must be squares of one size where image_size does not say which, "
                        f"and {self._encoded.name(index)} has {each.width}x{each.height} pixels "
                        f"({self._encoded.name(0)} {seen[0].width}x{seen[0].height}): set "
                        "image_size, as in `image_size: 224`."
                    )
        return Decoding(side, channels, how.resize), side

    def _look(self, index: int) -> Any:
        try:
            with self._encoded.open(index) as stream:
                return look(stream)
        except DataError:
            raise
        except Exception as error:  # noqa: BLE001 - a damaged image raises almost anything
            return _Failed(index, _reason(error))

    def _chunks(self, descriptor: int, done: set[int]) -> Iterator[tuple[int, int, list[_Failed]]]:
        """(first image, checksum, what failed) of each chunk not in ``done``, once it is written.

        They come in order, so that of several damaged images the first one is named.
        """
        starts = [s for s in range(0, len(self._encoded), self._chunk) if s not in done]
        under_way: deque[tuple[int, Future[tuple[int, list[_Failed]]]]] = deque()
        pool = ThreadPoolExecutor(self._workers)
        try:
            for start in starts:
                under_way.append((start, pool.submit(self._decode, descriptor, start)))
                if len(under_way) >= AHEAD * self._workers:
                    first, future = under_way.popleft()
                    yield first, *future.result()
            while under_way:
                first, future = under_way.popleft()
                yield first, *future.result()
        finally:
            pool.shutdown(cancel_futures=True)

    def _decode(self, descriptor: int, start: int) -> tuple[int, list[_Failed]]:
        pixels = np.zeros((self._images_from(start), *self._shape), np.uint8)
        failed = []
        for index, place in enumerate(pixels, start):
            try:
                with self._encoded.open(index) as stream:
                    place[:] = decode(stream, self._how)
            except DataError:
                raise
            except Exception as error:  # noqa: BLE001 - a damaged image raises almost anything
                failed.append(_Failed(index, _reason(error)))
                place[:] = 0
        content, at = pixels.data.cast("B"), start * self._image_bytes
        checksum = zlib.crc32(content)
        while content:
            written = os.pwrite(descriptor, content, at)
            content, at = content[written:], at + written
        return checksum, failed

    def _images_from(self, start: int) -> int:
        return min(self._chunk, len(self._encoded) - start)

    def _refuse(self, failed: list[_Failed]) -> None:
        if failed and self._undecodable == "stop":
            name = self._encoded.name(failed[0].index)
            raise DataError(
                f"{name} must be a PNG, JPEG, WebP, TIFF, BMP or DICOM image and cannot be decoded "
                f"({failed[0].why}): replace it, or leave such images out by `undecodable: skip`."
            )

    def _none(self, first: _Failed) -> DataError:
        return DataError(
            f"at least one image of {self._entry.what} must be one that can be decoded, and none "
            f"of {len(self._encoded):,} is ({self._encoded.name(first.index)}: {first.why})."
        )

    def _resumed(self, head: dict[str, Any]) -> dict[int, tuple[int, int, list[Any]]]:
        """The journal's lines, by first image, of chunks that an interrupted build left sound."""
        sound: dict[int, tuple[int, int, list[Any]]] = {}
        # What cannot be read is done anew; the last line may have been cut short.
        with suppress(OSError, ValueError, TypeError, IndexError):
            lines = self._journal.read_text().splitlines()
            if json.loads(lines[0]) != head:
                return {}
            with self._entry.partial.open("rb") as partial:
                for line in lines[1:]:
                    start, checksum, bad = json.loads(line)
                    partial.seek(start * self._image_bytes)
                    content = partial.read(self._images_from(start) * self._image_bytes)
                    if zlib.crc32(content) == checksum:
                        sound[start] = start, checksum, bad
        return sound

    def _finished(self, failed: list[_Failed]) -> Stored:
        """Without the places of images that failed, under the set's own name."""
        total = len(self._encoded)
        if len(failed) == total:
            self._entry.partial.unlink()
            self._journal.unlink()
            raise self._none(failed[0])
        if failed:
            self._close_gaps([each.index for each in failed])
        shape = (total - len(failed), *self._shape)
        stored = self._entry.finish(shape, skipped=[[each.index, each.why] for each in failed])
        self._journal.unlink()
        return stored

    def _close_gaps(self, gaps: list[int]) -> None:
        """Move images forward over the gaps; where this is interrupted, no checksum holds."""
        file: Path = self._entry.partial
        pixels = np.memmap(file, np.uint8, "r+", shape=(len(self._encoded), self._image_bytes))
        edges = [*gaps, len(pixels)]
        for count, (gap, following) in enumerate(pairwise(edges)):
            for index in range(gap + 1, following):
                pixels[index - count - 1] = pixels[index]
        pixels.flush()
        os.truncate(file, (len(pixels) - len(gaps)) * self._image_bytes)


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
