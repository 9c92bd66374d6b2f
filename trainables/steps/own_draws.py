"""What a network draws itself, as dropout does: from torch's default generators, nobody's own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

__all__ = ["OwnDraws"]


class OwnDraws:
    """A trial's own course of torch's default generators (of the CPU and of its device).

    Within `taken` the default generators go on where this trial left them; outside they are what
    they were, so that trials of one process do not meet.

    Args:
        device: the trial's.
        seed: where its course begins.
    """

    def __init__(self, device: torch.device, seed: int) -> None:
        self._device = device
        with torch.random.fork_rng(devices=self._gpus):
            torch.manual_seed(seed)
            self._states = self._now()
        self._taken = False

    @contextmanager
    def taken(self) -> Iterator[None]:
        """The default generators are this trial's within."""
        others = self._now()
        self._set(self._states)
        self._taken = True
        try:
            yield
        finally:
            self._states = self._now()
            self._taken = False
            self._set(others)

    def state(self) -> list[Tensor]:
        """All that is needed to go on bit for bit, within `taken` too."""
        return self._now() if self._taken else self._states

    def load(self, states: Sequence[Tensor]) -> None:
        """Go on from what `state` gave; not within `taken`."""
        self._states = [each.cpu() for each in states]

    @property
    def _gpus(self) -> list[torch.device]:
        return [self._device] if self._device.type == "cuda" else []

    def _now(self) -> list[Tensor]:
        return [torch.get_rng_state(), *map(torch.cuda.get_rng_state, self._gpus)]

    def _set(self, states: Sequence[Tensor]) -> None:
        torch.set_rng_state(states[0])
        for gpu, each in zip(self._gpus, states[1:], strict=True):
            torch.cuda.set_rng_state(each, gpu)
