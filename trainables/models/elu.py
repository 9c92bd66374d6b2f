"""ELU in place, and a form of it that a compiled network computes ten times as fast."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["ELU", "elu"]


class ELU(nn.Module):
    """`elu` as a layer."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape; ``x`` itself may be overwritten."""
        return elu(x)


def elu(x: Tensor) -> Tensor:
    """x where x > 0, else exp(x) - 1; ``x`` may be overwritten.

    PyTorch's takes ``expm1``, the most costly of a convolutional network's functions on a CPU (ten
    times ``exp``, as long as its convolutions). A compiled network takes exp(x) - 1 as it stands,
    which differs by 6e-8 at most.
    """
    if not torch.compiler.is_compiling():
        return F.elu(x, inplace=True)
    found: Tensor = _ByExp.apply(x)
    return found


class _ByExp(torch.autograd.Function):
    """Its gradient comes from the result, as that of PyTorch's in place does; no masks are kept,
    which torch.compile would go through one by one.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        result = x.relu() + (x.clamp(max=0).exp() - 1).to(x.dtype)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (result,) = ctx.saved_tensors
        slope: Tensor = result.clamp(max=0) + 1
        return gradient * slope
