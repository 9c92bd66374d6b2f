"""Floating point operations: the most that one core or one GPU does, and what an image takes."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from tests.benchmarks.bench.timing import seconds
from tests.benchmarks.bench.work import Work
from trainables.models import MODELS
from trainables.steps.precision import f32_products

__all__ = ["flops_an_image", "peaks"]

TRIES = 5

PRODUCT = {"cpu": 1536, "cuda": 8192}
"""Rows and columns of the square factors."""


def peaks(device: str, precisions: Iterable[str]) -> dict[str, float]:
    """FLOP/s by precision: the best of large products and, on the CPU, large convolutions.

    On as many threads as torch has now. "f32" is IEEE's, "tf32" only a GPU's.
    """
    found = {}
    for precision in precisions:
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        with f32_products(precision):
            found[precision] = max(
                flops / _fastest(call, device) for flops, call in _large(device, dtype)
            )
    return found


def flops_an_image(work: Work) -> float:
    """Of forward and backward through the network: products and convolutions, as torch counts."""
    channels, height, width = work.task().train_images.shape
    model = MODELS[work.model](channels, height)
    images = torch.zeros(8, channels, height, width)
    with FlopCounterMode(display=False) as counter:
        model(images).sum().backward()
    return counter.get_total_flops() / len(images)


def _large(device: str, dtype: torch.dtype) -> Iterator[tuple[float, Callable[[], Tensor]]]:
    size = PRODUCT[device]
    left, right = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    yield 2 * size**3, lambda: left @ right
    if device == "cuda":
        return
    # Convolutions reach more than products in bf16: oneDNN keeps its factors packed.
    for channels, layout in (
        (64, torch.contiguous_format),
        (64, torch.channels_last),
        (256, torch.channels_last),
    ):
        images = torch.randn(32, channels, 32, 32).to(dtype, memory_format=layout)
        weight = torch.randn(channels, channels, 3, 3).to(dtype, memory_format=layout)
        flops = 2 * 9 * channels**2 * images[:, 0].numel()
        yield flops, partial(F.conv2d, images, weight, padding=1)


@torch.no_grad()
def _fastest(call: Callable[[], Tensor], device: str) -> float:
    repeats = 20 if device == "cuda" else 1
    seconds(call, repeats, device)  # it warms up
    return min(seconds(call, repeats, device) for _ in range(TRIES))
