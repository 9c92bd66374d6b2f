"""How far the host may run ahead of the device, so that its clock tells the device's time."""

import torch

__all__ = ["AHEAD", "Pace"]

AHEAD = 8
"""Steps between two waits: enough that the device never waits for the host."""


class Pace:
    """Holds the host back to at most 2 AHEAD steps before the device; on a CPU it does nothing.

    Args:
        device: where the steps are done.
    """

    def __init__(self, device: torch.device) -> None:
        # Blocking: the host sleeps meanwhile, and leaves its core to the trials beside it.
        self._mark = torch.cuda.Event(blocking=True) if device.type == "cuda" else None
        self._steps = 0

    def step(self) -> None:
        """To be called after every step."""
        self._steps += 1
        if self._mark is not None and self._steps % AHEAD == 0:
            self._mark.synchronize()  # returns at once where nothing is marked yet
            self._mark.record()
