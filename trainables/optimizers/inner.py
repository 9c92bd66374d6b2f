"""The inner points u_1..u_k of compositional training: the network after inner steps."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from trainables.optimizers.scaling import average_

__all__ = ["InnerPoints", "Loss", "inner_step_", "trained"]

Loss = Callable[[Tensor, Tensor], Tensor]
"""From logits (B,) and targets (B,) to a 0-dim loss."""


def inner_step_(
    inner: list[Tensor],
    start: list[Tensor],
    gradients: Sequence[Tensor],
    inner_lr: Tensor,
    beta0: Tensor,
) -> None:
    """In place: u_j <- (1 - beta0) u_j + beta0 (start - inner_lr gradient).

    Args:
        inner, start, gradients: lists of tensors, alike in their shapes.
        inner_lr, beta0: 0-dim, on the device of the tensors.
    """
    target = torch._foreach_sub(start, torch._foreach_mul(list(gradients), inner_lr))
    average_(inner, target, beta0)


def trained(model: nn.Module) -> list[Tensor]:
    """The parameters that ask for a gradient."""
    return [each for each in model.parameters() if each.requires_grad]


class InnerPoints:
    """k copies of a network, one an inner step, kept apart from it.

    Each has BatchNorm statistics of its own, from the batches that went through it.

    Args:
        model: the network, which holds w.
        loss: the inner loss.
        count: k, at least 1.
    """

    def __init__(self, model: nn.Module, loss: Loss, count: int) -> None:
        self._model = model
        self._loss = loss
        self._count = count
        self._own = trained(model)
        self._points: list[nn.Module] = []
        # Listed once: a walk through a network costs as much as an update of it.
        self._weights: list[list[Tensor]] = []

    @property
    def last(self) -> tuple[nn.Module, list[Tensor]]:
        """u_k and its trained parameters, from the first step on."""
        return self._points[-1], self._weights[-1]

    def begin(self) -> None:
        """Before the first step: u_j = w_0."""
        if not self._points:
            self._copy(self._count)

    def descend(self, images: Tensor, targets: Tensor, inner_lr: Tensor, beta0: Tensor) -> None:
        """One step of each u_j, from w through u_1 to u_(k-1)."""
        start, weights = self._model, self._own
        for point, inner in zip(self._points, self._weights, strict=True):
            # The copies follow the model where its user freezes a BatchNorm.
            for module, original in zip(point.modules(), self._model.modules(), strict=True):
                module.training = original.training
            gradients = torch.autograd.grad(self._loss(start(images), targets), weights)
            with torch.no_grad():
                inner_step_(inner, weights, gradients, inner_lr, beta0)
            start, weights = point, inner

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Within it the model holds u_k; before the first step u_k is w."""
        if self._points:
            _swap_(self._model, self._points[-1])
        try:
            yield
        finally:
            if self._points:
                _swap_(self._model, self._points[-1])

    def state_dict(self) -> list[dict[str, Any]]:
        """The state of each u_j."""
        return [point.state_dict() for point in self._points]

    def load_state_dict(self, state: list[dict[str, Any]]) -> None:
        """Continue from what `state_dict` gave."""
        self._copy(len(state))
        for point, each in zip(self._points, state, strict=True):
            point.load_state_dict(each)

    def _copy(self, count: int) -> None:
        self._points = [deepcopy(self._model) for _ in range(count)]
        for point in self._points:
            point.zero_grad()
        self._weights = [trained(point) for point in self._points]


@torch.no_grad()
def _swap_(left: nn.Module, right: nn.Module) -> None:
    """Exchange the parameters and the buffers of two modules of one structure."""
    pairs = zip(
        [*left.parameters(), *left.buffers()],
        [*right.parameters(), *right.buffers()],
        strict=True,
    )
    for mine, theirs in pairs:
        kept = mine.clone()
        mine.copy_(theirs)
        theirs.copy_(kept)
