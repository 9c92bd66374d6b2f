"""A trial's checkpoints: the last two, each checked by a digest and written under another name.

A file is a 32-byte BLAKE2b digest and what ``torch.save`` gives: PyTorch itself does not notice
a flipped byte.
"""

import hashlib
import logging
import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from pickle import UnpicklingError
from typing import IO, Any

import torch

__all__ = [
    "load_checkpoint",
    "previous",
    "remove_checkpoints",
    "save_atomically",
    "save_checkpoint",
]

DIGEST_BYTES = 32

logger = logging.getLogger(__name__)


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write ``state`` to ``path`` and keep what was there as ``previous(path)``.

    A crash at any moment leaves at least one whole file.

    Raises:
        OSError: the disk is full or cannot be written; the checkpoints so far are kept.
    """
    payload = BytesIO()
    torch.save(state, payload)

    def write(file: IO[bytes]) -> None:
        file.write(_digest(payload.getbuffer()))
        file.write(payload.getbuffer())

    save_atomically(path, write, keep=previous(path))


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


def save_atomically(
    path: Path, write: Callable[[IO[bytes]], None], keep: Path | None = None
) -> None:
    """Call ``write(file)`` on a temporary file beside ``path``, then rename it to ``path``.

    Args:
        path: the file to be.
        write: fills it.
        keep: where the file that was at ``path`` goes; None: it is replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if keep is not None and path.exists():
            path.replace(keep)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


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
