"""What PESG and PDSCA share: the pull to a reference point, and stages of the learning rate."""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

__all__ = [
    "ProximalOptimizer",
    "ascend_",
    "descend_",
    "divide_lr",
    "groups_to_params_device",
    "proximal_directions",
]


def proximal_directions(
    params: list[Tensor],
    gradients: list[Tensor],
    references: list[Tensor],
    epoch_decay: Tensor,
    weight_decay: Tensor,
) -> list[Tensor]:
    """gradient + epoch_decay (v - v_ref) + weight_decay v, for each v in ``params``.

    Args:
        params, gradients, references: lists of tensors, alike in their shapes.
        epoch_decay, weight_decay: 0-dim, on the device of the parameters.
    """
    directions = list(torch._foreach_sub(params, references))
    torch._foreach_mul_(directions, epoch_decay)
    torch._foreach_add_(directions, gradients)
    torch._foreach_add_(directions, torch._foreach_mul(params, weight_decay))
    return directions


def descend_(params: list[Tensor], directions: list[Tensor], lr: Tensor) -> None:
    """In place: v <- v - lr direction; ``lr`` is 0-dim, on the device of the parameters."""
    torch._foreach_sub_(params, torch._foreach_mul(directions, lr))


def ascend_(
    duals: list[Tensor],
    gradients: list[Tensor],
    lr: Tensor,
    low: float | None,
    high: float | None,
) -> None:
    """In place: alpha <- alpha + lr gradient, clipped to [low, high]; None: no bound.

    Args:
        duals, gradients: lists of tensors, alike in their shapes.
        lr: 0-dim, on the device of the duals.
    """
    torch._foreach_add_(duals, torch._foreach_mul(gradients, lr))
    if low is not None:
        torch._foreach_clamp_min_(duals, low)
    if high is not None:
        torch._foreach_clamp_max_(duals, high)


def divide_lr(optimizer: Optimizer, factor: float = 10.0) -> None:
    """Divide the learning rates, kept as tensors, of every parameter group by ``factor``.

    Raises:
        ValueError: the factor is not a finite number above 0.
    """
    if not 0 < factor < math.inf:
        raise ValueError(f"factor must be a finite number above 0, not {factor!r}.")
    for group in optimizer.param_groups:
        group["lr"].div_(factor)


def groups_to_params_device(optimizer: Optimizer) -> None:
    """Bring the tensors among the groups' numbers to the parameters, after a load.

    torch moves what is kept of each parameter, but not the groups.
    """
    for group in optimizer.param_groups:
        for key, value in group.items():
            if isinstance(value, Tensor) and group["params"]:
                group[key] = value.to(group["params"][0].device)


class ProximalOptimizer(Optimizer):
    """Descent in v (group 0) and ascent in alpha (group 1), pulled to a reference point.

    v_ref starts at v_0, the parameters at the first step. At every `decay` it becomes the mean
    of v after each step since the last one, and the sum starts anew.
    Source: Yuan et al., ICCV 2021 (arXiv 2012.03173), Alg. 1.

    Args:
        params: v, the parameters to be minimised in.
        duals: alpha, the parameters to be maximised in; may be empty.
        lr, dual_lr, epoch_decay, weight_decay: at least 0.

    Raises:
        ValueError: a number is negative, or ``params`` is empty.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        duals: Iterable[Tensor],
        *,
        lr: float,
        dual_lr: float,
        epoch_decay: float,
        weight_decay: float,
    ) -> None:
        primal = list(params)
        if not primal:
            raise ValueError("params must hold at least one tensor, not none.")
        numbers = {
            "lr": lr,
            "dual_lr": dual_lr,
            "epoch_decay": epoch_decay,
            "weight_decay": weight_decay,
        }
        for name, value in numbers.items():
            if not value >= 0:
                raise ValueError(f"{name} must be at least 0, not {value!r}.")
        # As tensors they change without a new CUDA graph and never wait for the device.
        groups: list[dict[str, Any]] = [
            {
                "params": primal,
                "lr": primal[0].new_tensor(lr),
                "epoch_decay": primal[0].new_tensor(epoch_decay),
                "weight_decay": primal[0].new_tensor(weight_decay),
                "averaged": primal[0].new_tensor(0.0),
            },
            {"params": list(duals), "lr": primal[0].new_tensor(dual_lr)},
        ]
        super().__init__(groups, {})

    def decay(self, factor: float = 10.0) -> None:
        """Divide the learning rates by ``factor`` and renew the reference point.

        Raises:
            ValueError: the factor is not a finite number above 0.
        """
        divide_lr(self, factor)
        group = self.param_groups[0]
        # Waiting for the device is no loss here: this happens twice a trial.
        if group["averaged"] == 0:
            return
        totals = self._gather("total")
        torch._foreach_copy_(
            self._gather("reference"), torch._foreach_div(totals, group["averaged"])
        )
        torch._foreach_zero_(totals)
        group["averaged"].zero_()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """As every optimizer's; tensors go to the parameters' device."""
        super().load_state_dict(state_dict)
        groups_to_params_device(self)

    def _gather(self, key: str) -> list[Tensor]:
        """One kind of state of all of v, in the order of the parameters."""
        return [self.state[each][key] for each in self.param_groups[0]["params"]]

    def _begin(self) -> None:
        """Before the first step: the reference point is here, and the sum is empty."""
        for each in self.param_groups[0]["params"]:
            if "reference" not in self.state[each]:
                self.state[each]["reference"] = each.detach().clone()
                self.state[each]["total"] = torch.zeros_like(each)

    def _finish(self) -> None:
        """After every step: v joins the mean that is the next reference point."""
        torch._foreach_add_(self._gather("total"), self.param_groups[0]["params"])
        self.param_groups[0]["averaged"].add_(1)
