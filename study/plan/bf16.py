"""Does bf16 pay on this machine? A CPU without bf16 arithmetic only imitates it, slowly."""

import time
from collections.abc import Callable

from study.machine import cluster_address
from study.spec import StudySpec

__all__ = ["SLOW", "bf16_warning", "cpu_slowdown", "precision_decided"]

SLOW = 1.2
"""Times as long as f32: from here on it is more than the noise of the measurement."""


AMPERE = (8, 0)
"""Compute capability of the first GPUs with bf16 arithmetic."""


def precision_decided(spec: StudySpec, say: Callable[[str], None] = lambda _: None) -> StudySpec:
    """``spec`` with ``precision: auto`` as "bf16" or "f32"; any other spec as it is.

    Args:
        spec: of a study that has not begun.
        say: is told what was decided and why.
    """
    if spec.precision != "auto":
        return spec
    against = _against(spec)
    say(f"precision: auto is {'f32 here: ' + against if against else 'bf16 here.'}")
    return spec.model_copy(update={"precision": "f32" if against else "bf16"})


def _against(spec: StudySpec) -> str:
    """Why not bf16; "" if it pays."""
    if cluster_address():
        return "trials are on a cluster, and only this machine was looked at"
    if spec.resources.gpus > 0:
        import torch

        found = torch.cuda.is_available() and torch.cuda.get_device_capability() >= AMPERE
        return "" if found else "no GPU with bf16 arithmetic is seen"
    factor = cpu_slowdown()
    if factor * SLOW <= 1:
        return ""
    return f"a convolution takes {factor:.1f} times as long in bf16 on this CPU"


def bf16_warning(spec: StudySpec) -> str | None:
    """A sentence if ``spec`` trains in bf16 on this machine's CPU and f32 would be faster there.

    None where ``RAY_ADDRESS`` names a cluster, since trials then run elsewhere.
    """
    if spec.precision != "bf16" or spec.resources.gpus > 0 or cluster_address():
        return None
    factor = cpu_slowdown()
    if factor < SLOW:
        return None
    return (
        f"This CPU has no fast bf16 arithmetic: a convolution takes {factor:.1f} times as long as "
        "in f32. Set precision: f32, in a study that has begun under a new name."
    )


def cpu_slowdown() -> float:
    """Time of a small convolution, forward and backward, in bf16 autocast over that in f32.

    On one thread, as in a trial; it takes a second or two.
    """
    import torch

    weight = torch.ones(16, 16, 3, 3, requires_grad=True)
    images = torch.ones(32, 16, 32, 32)

    def seconds(bf16: bool) -> float:
        started = time.perf_counter()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            out = torch.nn.functional.conv2d(images, weight, padding=1)
        torch.autograd.grad(out.sum(), weight)
        return time.perf_counter() - started

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        # In turn, since a busy machine slows both; the first of each only warms up.
        pairs = [(seconds(True), seconds(False)) for _ in range(4)][1:]
    finally:
        torch.set_num_threads(threads)
    return min(bf16 for bf16, _ in pairs) / min(f32 for _, f32 in pairs)
