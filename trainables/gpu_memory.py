"""A trial's share of a GPU's memory, so that one that wants too much cannot starve the others."""

import torch

__all__ = ["limit_memory", "share_of_memory"]

OUTSIDE = 2**29
"""Bytes that a process takes of a GPU beside its tensors, about: CUDA's context and the kernels."""


def share_of_memory(gpus: float, total: int) -> int:
    """Bytes that the tensors of a trial may take of a GPU which it shares with other trials.

    That is its share of the memory, less what its process takes beside (`OUTSIDE`, which PyTorch
    cannot limit), but never less than half of the share.

    Args:
        gpus: of a trial, between 0 and 1.
        total: bytes of the GPU.
    """
    share = gpus * total
    return int(max(share - OUTSIDE, share / 2))


def limit_memory(gpus: float) -> int | None:
    """Hold this process to its share of the current GPU's memory from now on.

    PyTorch's allocator keeps to it, the private pools of CUDA graphs included; before it raises
    ``torch.OutOfMemoryError`` it gives back what it only holds in store.

    Args:
        gpus: of a trial; 0, and 1 or more, which no other trial shares, set no limit.

    Returns:
        `share_of_memory`; None: there is no limit.
    """
    if not 0 < gpus < 1:
        return None
    total = torch.cuda.get_device_properties(torch.cuda.current_device()).total_memory
    limit = share_of_memory(gpus, total)
    torch.cuda.set_per_process_memory_fraction(limit / total)
    return limit
