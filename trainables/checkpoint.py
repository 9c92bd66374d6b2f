"""A trial's checkpoint: one file, written under a temporary name and renamed."""

import os
from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError
from typing import IO, Any

import torch

__all__ = ["load_checkpoint", "save_atomically", "save_checkpoint"]


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write ``state`` to ``path``; a crash leaves the old file or the new one, never half."""
    save_atomically(path, lambda file: torch.save(state, file))


def load_checkpoint(path: Path, device: str) -> dict[str, Any] | None:
    """The state in ``path``; None if there is none that can be read (start over then)."""
    try:
        state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, UnpicklingError):
        return None
    return state


def save_atomically(path: Path, write: Callable[[IO[bytes]], None]) -> None:
    """Call ``write(file)`` on a temporary file beside ``path``, then rename it to ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
