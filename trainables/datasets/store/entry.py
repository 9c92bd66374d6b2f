"""A set of images in the store: a file of pixels that appears whole or not at all.

Pixels are written into ``<key>.partial`` and renamed to ``<key>.pixels``; only then does the record
``<key>.json`` appear, by a rename, too. Who finds a record whose pixels have the size that it says
maps them. A lock that the system releases when its holder dies (``flock``) lets one process write.
"""

import errno
import hashlib
import json
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout
from torch import Tensor

from trainables.datasets.store.place import full, read_record, refuse_full, store_folder
from trainables.datasets.store.progress import beat
from trainables.files import save_atomically

__all__ = ["Entry", "Stored", "mapped", "put"]

VERSION = 1
"""Of everything that decides what a key's pixels are; a change makes every set anew."""

WAITING = 1.0
"""Seconds after which a process that waits for another says that it lives."""


@dataclass(frozen=True)
class Stored:
    """A set that is whole.

    Attributes:
        images: uint8 (N, C, H, W) or (N, C, D, H, W), mapped and read-only.
        record: what is known of it: "what", "shape" and what its maker added.
    """

    images: Tensor
    record: dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """One set's place in the store.

    Attributes:
        what: the set, for people.
        made_of: plain JSON that decides its pixels; anything else in it is another set.
        folder: of the store.
    """

    what: str
    made_of: Any
    folder: Path = field(default_factory=store_folder)

    def file(self, suffix: str) -> Path:
        """The set's file of one kind."""
        text = json.dumps([VERSION, self.made_of], sort_keys=True)
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:40]}.{suffix}"

    @property
    def pixels(self) -> Path:
        """The pixels of a set that is whole."""
        return self.file("pixels")

    @property
    def partial(self) -> Path:
        """Those of one that is being made."""
        return self.file("partial")

    def find(self) -> Stored | None:
        """The set, if it is whole."""
        record = read_record(self.file("json"))
        # Whoever damages the one or removes the other has it made anew.
        with suppress(OSError, KeyError, TypeError):
            if record is not None and self.pixels.stat().st_size == prod(record["shape"]):
                return Stored(mapped(self.pixels, record["shape"]), record)
        return None

    def get(self, make: Callable[[], Stored]) -> Stored:
        """The set; ``make`` is called if it is not there, by one process, while others wait.

        Raises:
            Whatever ``make`` raises; DataError: the disk is full.
        """
        found = self.find()
        if found is not None:
            return found
        with self._alone():
            # Another process may have made it meanwhile.
            return self.find() or make()

    def reserve(self, shape: Sequence[int], *, again: bool = False) -> int:
        """Open ``partial`` with all its bytes taken from the disk; gives the file descriptor.

        Args:
            shape: of the images.
            again: keep what lies in it.

        Raises:
            DataError: the disk cannot take them.
        """
        wanted = prod(shape)
        has = self.partial.stat().st_blocks * 512 if again else 0
        if not again:
            self.partial.unlink(missing_ok=True)
        refuse_full(self.folder, wanted - has, self.what)
        descriptor = os.open(self.partial, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, wanted)
            os.truncate(descriptor, wanted)
        except OSError as error:
            os.close(descriptor)
            self.partial.unlink(missing_ok=True)
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise full(self.folder, wanted, 0, self.what) from error
            raise
        return descriptor

    def finish(self, shape: Sequence[int], **more: Any) -> Stored:
        """Let what lies in ``partial`` be the set; ``more`` goes into its record."""
        with self.partial.open("rb") as file:
            os.fsync(file.fileno())
        self.partial.replace(self.pixels)
        record = {"what": self.what, "shape": list(shape), **more}
        text = json.dumps(record).encode()
        save_atomically(self.file("json"), lambda file: file.write(text))
        return Stored(mapped(self.pixels, shape), record)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        lock = FileLock(self.file("lock"), mode=0o600)
        while True:
            try:
                lock.acquire(timeout=WAITING)
                break
            except Timeout:
                beat()
        try:
            yield
        finally:
            lock.release()


def put(descriptor: int, content: bytes | memoryview, offset: int) -> None:
    """Write all of ``content`` there."""
    content = memoryview(content)
    while content:
        written = os.pwrite(descriptor, content, offset)
        content, offset = content[written:], offset + written


def mapped(file: Path, shape: Sequence[int]) -> Tensor:
    """The bytes of ``file`` as uint8 of that shape, read-only: whoever writes there is ended.

    All processes that map a file share its pages. It is not mapped for writing, since Linux would
    then refuse what is larger than its memory.
    """
    pixels = np.memmap(file, np.uint8, "r", shape=tuple(shape))
    with warnings.catch_warnings():
        # torch knows no read-only tensors, and says so.
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(pixels)
