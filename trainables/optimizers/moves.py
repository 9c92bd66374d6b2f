"""Compositional training as its authors' library runs it: the inner steps move w itself.

Source: LibAUC 2.0.1, `optimizers/pdsca.py`, by the authors of the ICLR 2022 paper, whose text
speaks of two alternating conceptual steps.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

import torch
from torch import Tensor

from trainables.optimizers.inner import (
    Inner,
    Outer,
    Pair,
    called,
    dual,
    exchange_,
    inner_step_,
    primal,
)

__all__ = ["Moves"]


class Moves(Inner):
    """k times u <- (1 - beta0) u + beta0 (w - inner_lr grad L(w; S1)), w <- u; then O at that w.

    O and dF/dalpha come from S2 alone, in one pass through the network itself: there is one set
    of BatchNorm statistics, from all batches. A step takes k + 1 passes. There is one u for all
    inner steps; a and b take no part in them.

    What the library does beside this, and `PDSCA` does not: it clips gradients to 1 an entry,
    adds both decays to the inner gradient too, averages them with the outer one, starts u at the
    first point after an inner step and v_ref at noise, and sets alpha by 2 (m + b - a - alpha)
    instead of dF/dalpha. Nor is its fault followed that, once alpha has a gradient, inner steps
    take the outer branch. On the same batches both learn alike (docs/results.md).
    """

    decays: ClassVar[bool] = True
    _points: list[Tensor] | None = None

    def begin(self) -> None:
        """u = w_0."""
        if self._points is None:
            self._points = [each.detach().clone() for each in self._own]

    def outer(self, first: Pair, second: Pair | None, inner_lr: Tensor, beta0: Tensor) -> Outer:
        """The inner steps on S1 move w; the outer gradients on S2 are taken there."""
        assert self._points is not None
        given, targets = first
        for _ in range(self._steps):
            inner = self._inner_loss(called(self._model, given), targets)
            gradients = torch.autograd.grad(inner, self._own)
            with torch.no_grad():
                inner_step_(self._points, self._own, self._scaled(gradients), inner_lr, beta0)
                torch._foreach_copy_(self._own, self._points)
        given, targets = first if second is None else second
        loss = self._loss
        outer: Tensor = loss(called(self._model, given), targets)
        descended = [*self._own, *primal(loss)]
        found = torch.autograd.grad(outer, [*descended, *dual(loss)])
        return Outer(outer.detach(), list(found[: len(descended)]), list(found[len(descended) :]))

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Within it the model holds u, with its own BatchNorm statistics."""
        points = self._points
        if points is not None:
            exchange_(self._own, points)
        try:
            yield
        finally:
            if points is not None:
                exchange_(self._own, points)

    def state_dict(self) -> list[Tensor] | None:
        """u, a tensor a trained parameter; None before the first step."""
        return self._points

    def load_state_dict(self, state: list[Tensor] | None) -> None:
        """Continue from what `state_dict` gave."""
        self._points = None
        if state is not None:
            self._points = [
                torch.empty_like(own).copy_(each)
                for own, each in zip(self._own, state, strict=True)
            ]
