"""PESG: proximal epoch stochastic gradient, for min-max losses such as AUC-M.

Source: Yuan et al., "Large-scale Robust Deep AUC Maximization", ICCV 2021 (arXiv 2012.03173),
Alg. 1.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from trainables.optimizers.proximal import (
    Params,
    ProximalOptimizer,
    Reference,
    ascend_,
    descend_,
    proximal_directions,
)

__all__ = ["PESG"]


class PESG(ProximalOptimizer):
    """v <- v - lr (grad_v F + epoch_decay (v - v_ref)) - weight_decay lr v,
    alpha <- [alpha + dual_lr grad_alpha F]_+, both from the gradients at the same point.

    Args:
        params: v, the network's parameters with the loss's a and b; with names or without.
        duals: alpha of the loss, as a list; empty for a loss without one.
        lr: learning rate of v; `decay` divides it by 10, and dual_lr too.
        dual_lr: of alpha; None (the paper): lr. A loss that is the mean over L labels gives each
            alpha 1 / L of its own label's gradient, so that there it takes L lr.
        epoch_decay: pull to the reference point v_ref (the paper's gamma), which becomes the mean
            of v since the last `decay` at the next one.
        weight_decay: on all of v.
        project_alpha: keep alpha >= 0 (AUC-M); false: leave it free (AUC-S).
        clip: bound on the size of every entry of the gradient in v; None (the paper): no bound.
        momentum: in [0, 1), weight of the past in an average of the direction, which also holds
            both decays: d <- momentum d + (1 - momentum) (...), starting at the first one;
            0 (the paper): no average.
        reference: where v_ref starts, see `ProximalOptimizer`; None (the paper): at v_0.

    Group 0 of ``param_groups`` is v, group 1 alpha. Their learning rates may be written by hand or
    by a scheduler of torch, see `ProximalOptimizer`; OneCycleLR and CyclicLR with
    ``cycle_momentum=False``, since momentum is fixed here.

    Raises:
        ValueError: a number is out of its range.

    It works in any training loop:

    >>> import torch
    >>> from trainables.losses.auc_margin import AUCMarginLoss
    >>> model = torch.nn.Linear(4, 1)
    >>> loss = AUCMarginLoss(prior=0.5, margin=1.0)
    >>> optimizer = PESG([*model.parameters(), loss.a, loss.b], [loss.alpha], lr=0.1)
    >>> for _ in range(10):
    ...     optimizer.zero_grad()
    ...     loss(model(torch.ones(2, 4)).squeeze(1), torch.tensor([0.0, 1.0])).backward()
    ...     optimizer.step()
    >>> optimizer.decay()
    >>> round(float(optimizer.param_groups[0]["lr"]), 6)
    0.01
    """

    def __init__(
        self,
        params: Params,
        duals: Params = (),
        *,
        lr: float = 0.1,
        dual_lr: float | None = None,
        epoch_decay: float = 1 / 500,
        weight_decay: float = 1e-4,
        project_alpha: bool = True,
        clip: float | None = None,
        momentum: float = 0.0,
        reference: Reference | None = None,
    ) -> None:
        if clip is not None and not clip > 0:
            raise ValueError(f"clip must be above 0 or None, not {clip!r}.")
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum must be in [0, 1), not {momentum!r}.")
        super().__init__(
            params,
            duals,
            lr=lr,
            dual_lr=lr if dual_lr is None else dual_lr,
            epoch_decay=epoch_decay,
            weight_decay=weight_decay,
            reference=reference,
        )
        self._low = 0.0 if project_alpha else None
        self._clip = clip
        self._momentum = momentum

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step from the gradients in ``.grad``; parameters without one stay as they are."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        self._begin()
        primal, dual = self.param_groups
        params = [each for each in primal["params"] if each.grad is not None]
        if params:
            directions = proximal_directions(
                params,
                self._clipped([each.grad for each in params]),
                [self.state[each]["reference"] for each in params],
                primal["epoch_decay"],
                primal["weight_decay"],
            )
            descend_(params, self._averaged(params, directions), primal["lr"])
        duals = [each for each in dual["params"] if each.grad is not None]
        if duals:
            ascend_(duals, [each.grad for each in duals], dual["lr"], self._low, None)
        self._finish()
        return loss

    def _clipped(self, gradients: list[Tensor]) -> list[Tensor]:
        if self._clip is None:
            return gradients
        return list(
            torch._foreach_clamp_max(torch._foreach_clamp_min(gradients, -self._clip), self._clip)
        )

    def _averaged(self, params: list[Tensor], directions: list[Tensor]) -> list[Tensor]:
        if self._momentum == 0:
            return directions
        for each, direction in zip(params, directions, strict=True):
            if "momentum" not in self.state[each]:
                self.state[each]["momentum"] = direction.clone()
        buffers = [self.state[each]["momentum"] for each in params]
        torch._foreach_lerp_(buffers, directions, 1 - self._momentum)
        return buffers
