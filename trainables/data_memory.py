"""How much memory the images of a trial may take, before they are gathered from their file."""

import torch

from trainables.host_memory import memory

__all__ = ["data_memory"]

SHARE = 0.5
"""Of what there is; networks, gradients and other trials want the rest."""


def data_memory(device: str) -> int:
    """Bytes, where nobody says how many.

    Args:
        device: "cuda": half of what this process may use of the GPU (see `limit_memory`), onto
            which the images are copied. "cpu": half of the memory of this machine, in which they
            stay once they were read, for all trials together.
    """
    if device == "cpu":
        return int(SHARE * memory())
    index = torch.cuda.current_device()
    total = torch.cuda.get_device_properties(index).total_memory
    return int(SHARE * total * torch.cuda.get_per_process_memory_fraction(index))
