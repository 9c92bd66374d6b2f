"""Projected ascent in the dual variable beside any optimizer of torch that descends in the rest."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_value_
from torch.optim import Optimizer

from trainables.optimizers.proximal import ascend_

__all__ = ["Ascent"]


class Ascent:
    """Has an optimizer of torch, in the same step, move alpha as PESG does:
    alpha <- [alpha + lr grad_alpha F]_+, from the gradients at the same point.

    So the primal-dual methods of the Adam family go, too: an adaptive step in v, a plain one with a
    rate of its own in alpha, in which F is strongly concave.
    Source: Guo et al., "A Novel Convergence Analysis for Algorithms of the Adam Family"
    (arXiv 2112.03459).

    Alpha becomes the last of the optimizer's groups, so that its rate is scheduled, decayed and
    saved with the others. The optimizer never sees its gradient.

    Args:
        optimizer: a new one, of v alone.
        duals: alpha.
        lr: of alpha, at least 0.
        project: keep alpha at 0 or above.
        clip: bound on the size of every entry of the gradient in v; None: no bound.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        duals: Sequence[Tensor],
        *,
        lr: float,
        project: bool = True,
        clip: float | None = None,
    ) -> None:
        self._low = 0.0 if project else None
        self._clip = clip
        self._gradients: list[Tensor | None] = []
        optimizer.add_param_group({"params": list(duals), "lr": duals[0].new_tensor(lr)})
        optimizer.register_step_pre_hook(self._aside)
        optimizer.register_step_post_hook(self._ascend)

    def _aside(self, optimizer: Optimizer, _args: Any, _kwargs: Any) -> None:
        *primal, dual = optimizer.param_groups
        if self._clip is not None:
            for group in primal:
                clip_grad_value_(group["params"], self._clip)
        self._gradients = [each.grad for each in dual["params"]]
        for each in dual["params"]:
            each.grad = None

    @torch.no_grad()
    def _ascend(self, optimizer: Optimizer, _args: Any, _kwargs: Any) -> None:
        dual = optimizer.param_groups[-1]
        for each, gradient in zip(dual["params"], self._gradients, strict=True):
            if gradient is not None:
                ascend_([each], [gradient], dual["lr"], self._low, None)
            each.grad = gradient
