"""A trial's checkpoints: the last two, each checked by a digest and written under another name.

A file is a 32-byte BLAKE2b digest and what ``torch.save`` gives: PyTorch itself does not notice
a flipped byte.
"""

import hashlib
import logging
from io import BytesIO
from pathlib import Path
from pickle import UnpicklingError
from typing import IO, Any

import torch

from trainables.files import save_atomically

__all__ = [
    "load_checkpoint",
    "previous",
    "remove_checkpoints",
    "save_checkpoint",
]

DIGEST_BYTES = 32

logger = logging.getLogger(__name__)


def save_checkpoint(path: Path, state: dict[str, Any], *, lasting: bool = True) -> None:
    """Write ``state`` to ``path`` and keep what was there as ``previous(path)``.

    A crash at any moment leaves at least one whole file; a power cut too, if both are ``lasting``:
    then it waits for the disk.

    Raises:
        OSError: the disk is full or cannot be written; the checkpoints so far are kept.
    """
    payload = BytesIO()
    torch.save(state, payload)

    def write(file: IO[bytes]) -> None:
        file.write(_digest(payload.getbuffer()))
        file.write(payload.getbuffer())

    save_atomically(path, write, keep=previous(path), lasting=lasting)


def load_checkpoint(path: Path, device: str) -> dict[str, Any] | None:
    """The state in ``path``, or else in ``previous(path)``; None if neither is whole."""
    for file in (path, previous(path)):
        if (state := _load(file, device)) is not None:
            return state
    return None


def previous(path: Path) -> Path:
    """Where the checkpoint before that in ``path`` is kept."""
    return path.with_suffix(".previous.pt")


def remove_checkpoints(path: Path) -> None:
    """Remove both checkpoints of a trial."""
    path.unlink(missing_ok=True)
    previous(path).unlink(missing_ok=True)


def _load(file: Path, device: str) -> dict[str, Any] | None:
    try:
        stored = file.read_bytes()
    except FileNotFoundError:
        return None
    payload = memoryview(stored)[DIGEST_BYTES:]
    if stored[:DIGEST_BYTES] != _digest(payload):
        logger.warning("checkpoint %s is damaged and not used", file)
        return None
    try:
        state: dict[str, Any] = torch.load(BytesIO(payload), map_location=device, weights_only=True)
    except (RuntimeError, EOFError, ValueError, KeyError, UnpicklingError):
        logger.warning("checkpoint %s cannot be read by this PyTorch and is not used", file)
        return None
    return state


def _digest(payload: memoryview) -> bytes:
    return hashlib.blake2b(payload, digest_size=DIGEST_BYTES).digest()
