"""The weights of a trial's best validation so far, kept for its test."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

__all__ = ["Best"]


class Best:
    """Keeps what the model held at its highest validation; of equal ones the first counts.

    Args:
        model: on the trial's device. Its tensors stay where they are.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._score = -math.inf
        self._kept: dict[str, Tensor] = {}

    def take(self, score: float) -> None:
        """To be called while the model holds what a validation of that score was of."""
        if score > self._score:
            self._score, self._kept = score, self._held()

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Within it the model holds what was kept; before the first validation its own.

        To be entered where the model holds what the method evaluates.
        """
        if not self._kept:
            yield
            return
        own = self._held()
        self._model.load_state_dict(self._kept)
        try:
            yield
        finally:
            self._model.load_state_dict(own)

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on bit for bit."""
        return {"score": self._score, "kept": self._kept}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave; tensors go to where the model's are."""
        own = self._model.state_dict()
        self._score = state["score"]
        self._kept = {
            name: each.to(own[name].device, copy=True) for name, each in state["kept"].items()
        }

    def _held(self) -> dict[str, Tensor]:
        return {name: each.detach().clone() for name, each in self._model.state_dict().items()}
