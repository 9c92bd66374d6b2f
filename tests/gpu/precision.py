"""How f32 is multiplied on a GPU."""

from typing import Any

import torch

__all__ = ["use_tf32"]


def use_tf32(allowed: bool) -> None:
    """Let convolutions and products round to TF32, or not.

    torch allows it in convolutions and not in products, unless told otherwise.
    """
    backends: tuple[Any, Any] = (torch.backends.cudnn, torch.backends.cuda)
    for each in (backends[0].conv, backends[1].matmul):
        each.fp32_precision = "tf32" if allowed else "ieee"
