"""Averages of the weights over a trial's steps, which are evaluated in place of the last ones."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from torch import Tensor

from trainables.averages.options import Options
from trainables.averages.statistics import counts, norms, recomputed
from trainables.models.classifier import BinaryClassifier
from trainables.optimizers.inner import exchange_, trained
from trainables.recipe import Batch

__all__ = ["WeightAverage"]


class WeightAverage:
    """The average of what a method evaluates, over the steps of one stage.

    - ``ema``: sum_i d^(t-i) w_i / sum_i d^(t-i) over the weights after steps i = 1..t, the moving
      average of decay d without a pull to where it starts, which a short trial would not forget
      (Kingma and Ba, ICLR 2015, section 3, of the moments).
    - ``swa``: the mean of the weights after each step of the trial's last share (Izmailov et al.,
      UAI 2018, who take those after each epoch); before it there is no average.

    Both are w_bar <- w_bar + r (w - w_bar), r = (1 - d) / (1 - d^t) or 1 / t. It is done after a
    step and outside of its CUDA graph, with numbers that the host knows. t begins anew with a stage
    of the recipe: what it trains differs, or begins with a new head.

    Statistics of BatchNorm are not averaged but computed for the averaged weights; those that the
    stage has not moved, as of a frozen layer, stay.

    `torch.optim.swa_utils.AveragedModel` would read its number of steps from the device.

    Args:
        model: holds the weights; those that ask for a gradient are averaged.
        options: with an average.
        given: batches for the statistics, the same at every call.
    """

    def __init__(
        self,
        model: BinaryClassifier,
        options: Options,
        given: Callable[[], Iterator[Batch]],
    ) -> None:
        self._model = model
        self._options = options
        self._given = given
        self._weights = trained(model)
        self._norms = norms(model)
        self._average: list[Tensor] = []
        self._seen: Tensor | None = None
        self._count, self._stage = 0, 0

    def take(self, progress: float, stage: int, evaluating: AbstractContextManager[None]) -> None:
        """Take in the weights after a step; nothing waits for the device.

        Args:
            progress: share of the trial that was done before the step.
            stage: of the recipe.
            evaluating: within it the model holds what the method evaluates.
        """
        if self._options.swa is not None and progress < 1 - self._options.swa:
            return
        if stage != self._stage:
            self._count, self._stage = 0, stage
        self._count += 1
        with evaluating, torch.no_grad():
            if self._count == 1:
                self._seen = counts(self._norms)
                self._average = [each.detach().clone() for each in self._weights]
            else:
                torch._foreach_lerp_(self._average, self._weights, self._rate())

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Within it the model holds the average, and statistics that belong to it; before the
        first weights were taken its own.

        To be entered where the model holds what the method evaluates.
        """
        if not self._count:
            yield
            return
        exchange_(self._weights, self._average)
        try:
            with recomputed(self._model, self._moved(), self._given()):
                yield
        finally:
            exchange_(self._weights, self._average)

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on bit for bit."""
        return {
            "count": self._count,
            "stage": self._stage,
            "average": self._average,
            "seen": self._seen,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave; tensors go to the weights' device."""
        self._count, self._stage = state["count"], state["stage"]
        self._average = [
            torch.empty_like(own).copy_(each)
            for own, each in zip(self._weights, state["average"], strict=False)
        ]
        seen = state["seen"]
        self._seen = None if seen is None else seen.to(self._weights[0].device, copy=True)

    def _rate(self) -> float:
        decay = self._options.ema
        return 1 / self._count if decay is None else (1 - decay) / (1 - decay**self._count)

    def _moved(self) -> list[Any]:
        """The BatchNorm layers that have seen a batch since the average began."""
        now = counts(self._norms)
        if now is None or self._seen is None:
            return []
        moved = (now != self._seen).tolist()
        return [layer for layer, has in zip(self._norms, moved, strict=True) if has]
