"""SAM, sharpness-aware minimisation: the gradient is taken where the loss is worst nearby.

Source: Foret, Kleiner, Mobahi, Neyshabur, "Sharpness-Aware Minimization for Efficiently Improving
Generalization", ICLR 2021 (arXiv 2010.01412), Alg. 1.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm

__all__ = ["uphill"]

TINY = 1e-12
"""Least norm that a gradient is divided by: one of zeros moves nothing."""


@contextmanager
def uphill(weights: Sequence[Tensor], rho: float) -> Iterator[None]:
    """Within it the weights are w + rho g / ||g||, g in their ``.grad``; at its end they are w, bit
    for bit.

    To the first order it is where the loss is worst within a distance of ``rho``. The norm is that
    of all entries together; weights without a gradient stay.

    >>> w = torch.tensor([3.0, 4.0], requires_grad=True)
    >>> (w**2).sum().backward()
    >>> with uphill([w], rho=1.0):
    ...     [round(each, 6) for each in w.tolist()]
    [3.6, 4.8]
    >>> w.tolist()
    [3.0, 4.0]
    """
    moved = [each for each in weights if each.grad is not None]
    slopes = [each.grad for each in moved if each.grad is not None]
    kept = [each.detach().clone() for each in moved]
    with torch.no_grad():
        share = rho / get_total_norm(slopes).clamp_min(TINY)
        torch._foreach_add_(moved, list(torch._foreach_mul(slopes, share)))
    try:
        yield
    finally:
        with torch.no_grad():
            torch._foreach_copy_(moved, kept)
