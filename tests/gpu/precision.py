"""torch's own switches of TF32, around a trial that sets them for itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

__all__ = ["tf32_everywhere", "tf32_is_allowed"]


@contextmanager
def tf32_everywhere(allowed: bool) -> Iterator[None]:
    """Let convolutions and products round to TF32, or not.

    torch allows it in convolutions and not in products, unless told otherwise.
    """
    before = [each.fp32_precision for each in _switches()]
    for each in _switches():
        each.fp32_precision = "tf32" if allowed else "ieee"
    try:
        yield
    finally:
        for each, value in zip(_switches(), before, strict=True):
            each.fp32_precision = value


def tf32_is_allowed() -> tuple[bool, bool]:
    """In convolutions, and in products."""
    convolutions, products = (each.fp32_precision == "tf32" for each in _switches())
    return convolutions, products


def _switches() -> tuple[Any, Any]:
    cudnn: Any = torch.backends.cudnn
    return cudnn.conv, torch.backends.cuda.matmul
