"""Methods as a user might write them, whose steps no CUDA graph can hold."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.optim import SGD

from trainables.methods.api import (
    Batch,
    CELoss,
    Context,
    Descent,
    Method,
    Mixup,
    Recipe,
    one_stage,
)

__all__ = ["OWN", "Counts", "DrawsItsOwn", "ReadsInACapture", "ReadsTheHost", "ReplacesItsState"]


class _Descent(Descent):
    """CE by SGD on mixed batches, and something else after each step."""

    def __init__(self, context: Context, after: Callable[["_Descent", Tensor], None]) -> None:
        self.optimizer = SGD(
            context.model.parameters(), lr=torch.full((), 0.1, device=context.device), fused=True
        )
        super().__init__(
            context.model,
            CELoss(),
            self.optimizer,
            lambda: None,
            Mixup(0.4, True, context.generator),
        )
        self.steps = 0
        self.mean = torch.zeros((), device=context.device)
        self.draws = torch.Generator(context.device).manual_seed(0)
        self._after = after

    def step(self, batches: Sequence[Batch]) -> tuple[Tensor, int]:
        loss, cost = super().step(batches)
        self._after(self, loss)
        return loss, cost

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "steps": self.steps, "mean": self.mean}


def _read(update: _Descent, loss: Tensor) -> None:
    if loss.item() > 0.5:
        update.mean.lerp_(loss, 0.1)


def _read_in_a_capture(update: _Descent, loss: Tensor) -> None:  # noqa: ARG001
    if loss.is_cuda and torch.cuda.is_current_stream_capturing():
        loss.item()


def _draw(update: _Descent, loss: Tensor) -> None:
    update.mean.lerp_(loss, torch.rand((), generator=update.draws, device=loss.device))


def _count(update: _Descent, loss: Tensor) -> None:
    update.steps += 1
    update.mean.add_(loss * update.steps)


def _replace(update: _Descent, loss: Tensor) -> None:
    update.mean = torch.lerp(update.mean, loss, 0.1)


@dataclass(frozen=True)
class ReadsTheHost(Method):
    """Looks at its loss."""

    def recipe(self, context: Context) -> Recipe:
        return one_stage(lambda: _Descent(context, _read))


@dataclass(frozen=True)
class ReadsInACapture(Method):
    """Looks at its loss when nothing warns of it: the capture itself fails."""

    def recipe(self, context: Context) -> Recipe:
        return one_stage(lambda: _Descent(context, _read_in_a_capture))


@dataclass(frozen=True)
class DrawsItsOwn(Method):
    """Draws from a generator that no one else knows of."""

    def recipe(self, context: Context) -> Recipe:
        return one_stage(lambda: _Descent(context, _draw))


@dataclass(frozen=True)
class Counts(Method):
    """Counts its steps in Python."""

    def recipe(self, context: Context) -> Recipe:
        return one_stage(lambda: _Descent(context, _count))


@dataclass(frozen=True)
class ReplacesItsState(Method):
    """Makes a new tensor of its state in every step."""

    def recipe(self, context: Context) -> Recipe:
        return one_stage(lambda: _Descent(context, _replace))


OWN = [
    each.__name__ for each in (ReadsTheHost, ReadsInACapture, DrawsItsOwn, Counts, ReplacesItsState)
]
"""Their names."""
