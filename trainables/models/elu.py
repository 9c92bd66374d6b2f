"""ELU in place, and a form of it that a compiled network computes ten times as fast."""

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
    positive = x > 0
    # exp sees no positive x, for which it could overflow and make the gradient NaN.
    others = torch.where(positive, 0.0, x)
    return torch.where(positive, x, (others.exp() - 1).to(x.dtype))
