"""What a trial multiplies in: f32 as IEEE has it, f32 rounded to TF32 on a GPU, or bf16."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

__all__ = ["PRECISIONS", "f32_products"]

PRECISIONS = ("f32", "tf32", "bf16")
"""By name; the last is an autocast (`trainables.models.classifier`)."""


@contextmanager
def f32_products(precision: str) -> Iterator[None]:
    """Within it a GPU rounds the factors of f32 products to TF32 if ``precision`` is "tf32", and
    not otherwise. Convolutions count as products, the backward pass and a graph's capture too.

    torch's own default rounds in convolutions alone. What was set before comes back at the end.
    These are torch's switches of 2.9 and later; the older ones (``allow_tf32``) must not be read
    within, since torch refuses a mixture.
    """
    switches = _switches()
    before = [switch.fp32_precision for switch in switches]
    chosen = "tf32" if precision == "tf32" else "ieee"
    try:
        for switch in switches:
            switch.fp32_precision = chosen
        yield
    finally:
        for switch, value in zip(switches, before, strict=True):
            switch.fp32_precision = value


def _switches() -> tuple[Any, Any, Any]:
    cudnn: Any = torch.backends.cudnn
    return cudnn.conv, cudnn.rnn, torch.backends.cuda.matmul
