"""Compositional training as Alg. 1 is printed, its Hessian dropped: u is a point to look from.

Source: Yuan et al., ICLR 2022 (compositional training), Alg. 1.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from trainables.losses.auc import AUCLoss
from trainables.optimizers.inner import (
    Given,
    Inner,
    Loss,
    Outer,
    Pair,
    called,
    dual,
    exchange_,
    inner_step_,
    primal,
    trained,
)

__all__ = ["LooksAhead"]


class LooksAhead(Inner):
    """u_1 <- (1 - beta0) u_1 + beta0 (w - inner_lr grad L(w; S1)), and for j = 2..k
    u_j <- (1 - beta0) u_j + beta0 (u_(j-1) - inner_lr grad L(u_(j-1); S1)); O = grad F(u_k; S2).

    w and u are kept apart: w moves by O alone. The points are k copies of the network, each with
    BatchNorm statistics of its own, from the batches that went through it. dF/dalpha is taken at
    u_k on S1 and S2 together. A step takes k + 1 passes forward and backward and, where S2 is not
    S1, one pass forward only, of S1 through u_k, for dF/dalpha.
    """

    def __init__(self, model: nn.Module, loss: nn.Module, inner_loss: Loss, steps: int) -> None:
        super().__init__(model, loss, inner_loss, steps)
        self._points: list[nn.Module] = []
        # Listed once: a walk through a network costs as much as an update of it.
        self._weights: list[list[Tensor]] = []

    def begin(self) -> None:
        """u_j = w_0."""
        if not self._points:
            self._copy(self._steps)

    def outer(self, first: Pair, second: Pair | None, inner_lr: Tensor, beta0: Tensor) -> Outer:
        """One step of each u_j on S1, and the outer gradients at u_k on S2."""
        self._descend(*first, inner_lr, beta0)
        loss, point, weights = self._loss, self._points[-1], self._weights[-1]
        given, targets = first if second is None else second
        if not isinstance(loss, AUCLoss):
            value: Tensor = loss(called(point, given), targets)
            found = list(torch.autograd.grad(value, weights))
            return Outer(value.detach(), self._through(found, inner_lr), [])
        scores, targets = loss.scored(called(point, given), targets)
        outer = loss.objective(scores, targets)
        gradients = list(torch.autograd.grad(outer, [*weights, *primal(loss)]))
        scores = scores.detach()
        if second is not None:
            # Each batch through its own BatchNorm and score map, as in training.
            given, others = first
            with torch.no_grad():
                before, others = loss.scored(called(point, given), others)
            scores, targets = torch.cat([before, scores]), torch.cat([others, targets])
        slopes = torch.autograd.grad(loss.objective(scores, targets), dual(loss))
        return Outer(outer.detach(), self._through(gradients, inner_lr), list(slopes))

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Within it the model holds u_k and its BatchNorm statistics."""
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

    def _descend(self, given: Given, targets: Tensor, inner_lr: Tensor, beta0: Tensor) -> None:
        """From w through u_1 to u_k."""
        start, weights = self._model, self._own
        for point, inner in zip(self._points, self._weights, strict=True):
            # The copies follow the model where its user freezes a BatchNorm.
            for module, original in zip(point.modules(), self._model.modules(), strict=True):
                module.training = original.training
            gradients = self._slopes(self._inner_loss(called(start, given), targets), weights)
            with torch.no_grad():
                inner_step_(inner, weights, self._scaled(gradients), inner_lr, beta0)
            start, weights = point, inner

    def _slopes(self, loss: Tensor, weights: list[Tensor]) -> tuple[Tensor, ...]:
        """The gradient of one inner step."""
        return torch.autograd.grad(loss, weights)

    def _through(self, gradients: list[Tensor], inner_lr: Tensor) -> list[Tensor]:  # noqa: ARG002
        """From grad F(u_k) to O: the same, since the Hessian of the inner steps is dropped."""
        return gradients

    def _copy(self, count: int) -> None:
        self._points = [deepcopy(self._model) for _ in range(count)]
        for point in self._points:
            point.zero_grad()
        self._weights = [trained(point) for point in self._points]


def _swap_(left: nn.Module, right: nn.Module) -> None:
    """Exchange the parameters and the buffers of two modules of one structure."""
    exchange_(
        [*left.parameters(), *left.buffers()],
        [*right.parameters(), *right.buffers()],
    )
