"""The work of the one process that decodes a set of images into the store.

Threads do it, since Pillow leaves Python's lock while it reads, decodes and resizes: two took 2.7 s
where two processes took 3.8 and one thread 3.0 (240 JPEGs on two busy cores). Each writes whole
chunks into the set's partial file.
"""

import os
import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from typing import Literal

import numpy as np

from trainables.datasets.formats.decode import Decoding, Look, decode, look
from trainables.datasets.store.encoded import Encoded
from trainables.datasets.store.entry import Entry, Stored, put
from trainables.datasets.store.journal import Chunk, Journal
from trainables.datasets.store.progress import progress
from trainables.errors import DataError

__all__ = ["CHUNK_BYTES", "Building", "Undecodable"]

CHUNK_BYTES = 2**23
"""Of pixels that a thread holds: what a build takes of memory, with the photo under way."""

AHEAD = 2
"""Chunks by thread that are begun and not yet told."""

Undecodable = Literal["stop", "skip"]


class Building:
    """Makes one set.

    Args:
        entry: its place, which nobody else writes to.
        encoded: at least one image.
        how: size and channels.
        undecodable: "stop": an image that cannot be decoded is an error; "skip": it is left out.

    Raises:
        DataError: see `trainables.datasets.store.photos.photos`.
    """

    def __init__(
        self, entry: Entry, encoded: Encoded, how: Decoding, undecodable: Undecodable
    ) -> None:
        from joblib import cpu_count

        self._entry, self._encoded, self._undecodable = entry, encoded, undecodable
        self._workers = int(cpu_count())  # what a container or a job leaves, too
        self._how, side = self._resolved(how)
        channels: int = self._how.channels or 3
        self._image = (channels, side, side)
        self._image_bytes = channels * side * side
        self._chunk = max(1, CHUNK_BYTES // self._image_bytes)

    def run(self) -> Stored:
        """Make the set, or go on where an earlier process was interrupted.

        Raises:
            DataError: see the class.
        """
        shape = (len(self._encoded), *self._image)
        journal = Journal(self._entry.file("journal"), {"shape": [*shape], "chunk": self._chunk})
        done = journal.sound(self._entry.partial, self._span)
        descriptor = self._entry.reserve(shape, again=bool(done))
        try:
            journal.begin(done)
            with progress(f"decoding {self._entry.what}", len(self._encoded)) as told:
                told(sum(self._count(chunk.start) for chunk in done))
                for chunk in self._chunks(descriptor, {chunk.start for chunk in done}):
                    self._refuse(chunk.failed)
                    journal.add(chunk)
                    done.append(chunk)
                    told(self._count(chunk.start))
            failed = sorted(each for chunk in done for each in chunk.failed)
            if len(failed) == len(self._encoded):
                raise self._none(failed[0])
        except DataError:
            # Nothing goes on from here: who mends the data has another set.
            self._entry.partial.unlink(missing_ok=True)
            journal.remove()
            raise
        finally:
            os.close(descriptor)
        if failed:
            self._close_gaps([number for number, _ in failed])
        whole = (len(self._encoded) - len(failed), *self._image)
        stored = self._entry.finish(whole, skipped=failed)
        journal.remove()
        return stored

    def _resolved(self, how: Decoding) -> tuple[Decoding, int]:
        """What is left open of size and channels, settled by the heads of the images."""
        if how.image_size is not None and how.channels is not None:
            return how, how.image_size
        heads: dict[int, Look] = {}
        failed: list[tuple[int, str]] = []
        with (
            progress(f"looking at {self._entry.what}", len(self._encoded)) as told,
            ThreadPoolExecutor(self._workers) as pool,
        ):
            for number, head in enumerate(pool.map(self._look, range(len(self._encoded)))):
                if isinstance(head, Look):
                    heads[number] = head
                else:
                    failed.append((number, head))
                told(1)
        self._refuse(failed)
        if not heads:
            raise self._none(failed[0])
        if how.image_size is None:
            self._refuse_other_sizes(heads)
        side = how.image_size or next(iter(heads.values())).width
        channels = how.channels or (3 if any(head.colour for head in heads.values()) else 1)
        return Decoding(side, channels, how.resize), side

    def _look(self, number: int) -> Look | str:
        """The head of an image, or why there is none."""
        try:
            with self._encoded.open(number) as stream:
                return look(stream)
        except DataError:
            raise
        except Exception as error:  # noqa: BLE001 - a damaged image raises almost anything
            return _reason(error)

    def _chunks(self, descriptor: int, done: set[int]) -> Iterator[Chunk]:
        """Each chunk not in ``done``, once it is written.

        They come in order, so that of several damaged images the first one is named.
        """
        starts = [s for s in range(0, len(self._encoded), self._chunk) if s not in done]
        under_way: deque[Future[Chunk]] = deque()
        pool = ThreadPoolExecutor(self._workers)
        try:
            for start in starts:
                under_way.append(pool.submit(self._decode, descriptor, start))
                if len(under_way) >= AHEAD * self._workers:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

    def _decode(self, descriptor: int, start: int) -> Chunk:
        pixels = np.zeros((self._count(start), *self._image), np.uint8)
        failed = []
        for number, place in enumerate(pixels, start):
            try:
                with self._encoded.open(number) as stream:
                    place[:] = decode(stream, self._how)
            except DataError:
                raise
            except Exception as error:  # noqa: BLE001 - a damaged image raises almost anything
                failed.append((number, _reason(error)))
        content = pixels.data.cast("B")
        put(descriptor, content, self._span(start)[0])
        return Chunk(start, zlib.crc32(content), failed)

    def _count(self, start: int) -> int:
        """Images of the chunk that begins there."""
        return min(self._chunk, len(self._encoded) - start)

    def _span(self, start: int) -> tuple[int, int]:
        """Its offset and bytes."""
        return start * self._image_bytes, self._count(start) * self._image_bytes

    def _close_gaps(self, gaps: list[int]) -> None:
        """Move images forward over the gaps; where this is interrupted, no checksum holds."""
        file = self._entry.partial
        pixels = np.memmap(file, np.uint8, "r+", shape=(len(self._encoded), self._image_bytes))
        for count, (gap, following) in enumerate(pairwise((*gaps, len(pixels))), 1):
            for number in range(gap + 1, following):
                pixels[number - count] = pixels[number]
        pixels.flush()
        os.truncate(file, (len(pixels) - len(gaps)) * self._image_bytes)

    def _refuse(self, failed: list[tuple[int, str]]) -> None:
        if failed and self._undecodable == "stop":
            number, why = failed[0]
            raise DataError(
                f"{self._encoded.name(number)} must be a PNG, JPEG, WebP, TIFF, BMP or DICOM image "
                f"and cannot be decoded ({why}): replace it, or leave such images out by "
                "`undecodable: skip`."
            )

    def _refuse_other_sizes(self, heads: dict[int, Look]) -> None:
        first, *_ = heads
        side = heads[first].width
        for number, head in heads.items():
            if (head.width, head.height) != (side, side):
                raise DataError(
                    "images must be squares of one size where image_size does not say which, and "
                    f"{self._encoded.name(number)} has {head.width}x{head.height} pixels "
                    f"({self._encoded.name(first)} {side}x{heads[first].height}): set image_size, "
                    "as in `image_size: 224`."
                )

    def _none(self, first: tuple[int, str]) -> DataError:
        number, why = first
        return DataError(
            f"at least one image of {self._entry.what} must be one that can be decoded, and none "
            f"of {len(self._encoded):,} is ({self._encoded.name(number)}: {why})."
        )


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__
