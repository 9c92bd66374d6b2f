"""What PESG and PDSCA share: the pull to a reference point, and stages of the learning rate."""

import math
from collections.abc import Callable, Iterable, Mapping
from numbers import Real
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor
from torch.optim import Optimizer

from trainables.optimizers.lr_factors import scaled

__all__ = [
    "AT_LEAST_0",
    "Params",
    "ProximalOptimizer",
    "Range",
    "Reference",
    "ascend_",
    "descend_",
    "divide_lr",
    "groups_to_params_device",
    "proximal_directions",
]

Params = Iterable[Tensor] | Iterable[tuple[str, Tensor]]
"""As torch's optimizers take them, with or without names; no groups."""

Reference = Callable[[Tensor], Tensor]
"""A tensor of v to where its reference point starts."""


class Range(NamedTuple):
    """What a number must be: in words for the error, and whether one is."""

    words: str
    holds: Callable[[Any], bool]


AT_LEAST_0 = Range("at least 0", lambda value: value >= 0)


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
    """In place: v <- v - lr direction, times the factor of each v, if it has one
    (`trainables.optimizers.lr_factors`); ``lr`` is 0-dim, on the device of the parameters.
    """
    torch._foreach_sub_(params, scaled(torch._foreach_mul(directions, lr), params))


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

    v_ref starts at v_0, the parameters at the first step, or where ``reference`` says. At every
    `decay` it becomes the mean of v after each step since the last one, and the sum starts anew.
    Source: Yuan et al., ICCV 2021 (arXiv 2012.03173), Alg. 1.

    The numbers of the groups are 0-dim tensors, so that a captured CUDA graph sees them change.
    They may be written as with torch's own optimizers, by hand, by a scheduler of
    `torch.optim.lr_scheduler` or from a file: what is not our tensor is written into it, in place,
    at the next step. In a captured step no Python runs: there write into the tensor yourself, as
    in ``optimizer.param_groups[0]["lr"].fill_(0.01)``.

    Args:
        params: v, the parameters to be minimised in; tensors, or (name, tensor) pairs.
        duals: alpha, the parameters to be maximised in, likewise; may be empty.
        lr, dual_lr, epoch_decay, weight_decay: at least 0.
        reference: called here with each tensor of v, in their order, it gives where v_ref starts, a
            new tensor of that shape; None (the paper): v_0.

    Raises:
        ValueError: a number is negative, ``params`` is empty, or they are groups of their own.
    """

    ranges: ClassVar[Mapping[str, Range]] = MappingProxyType(
        dict.fromkeys(("lr", "dual_lr", "epoch_decay", "weight_decay"), AT_LEAST_0)
    )
    """What a number that is written into a group must be, by its name."""

    def __init__(
        self,
        params: Params,
        duals: Params,
        *,
        lr: float,
        dual_lr: float,
        epoch_decay: float,
        weight_decay: float,
        reference: Reference | None = None,
    ) -> None:
        primal, dual = _listed("params", params), _listed("duals", duals)
        if not primal:
            raise ValueError("params must hold at least one tensor, not none.")
        first = primal[0][1] if isinstance(primal[0], tuple) else primal[0]
        own = {
            "lr": lr,
            "dual_lr": dual_lr,
            "epoch_decay": epoch_decay,
            "weight_decay": weight_decay,
            "averaged": 0.0,
        }
        # As tensors they change without a new CUDA graph and never wait for the device.
        tensors = {name: self._number(first, name, value) for name, value in own.items()}
        # Ours, by group: what a group holds in their place was written there by someone else.
        dual_numbers = {"lr": tensors.pop("dual_lr")}
        self._numbers: list[dict[str, Tensor]] = [tensors, dual_numbers]
        groups: list[dict[str, Any]] = [
            {"params": primal, **self._numbers[0]},
            {"params": dual, **self._numbers[1]},
        ]
        if isinstance(primal[0], tuple) and not dual:
            groups[1]["param_names"] = []  # torch wants names in every group or in none
        super().__init__(groups, {})
        if reference is not None:
            for each in self.param_groups[0]["params"]:
                self.state[each]["reference"] = reference(each.detach())

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Of use to torch's constructor alone.

        Raises:
            ValueError: there are two groups already.
        """
        if len(self.param_groups) == 2:
            raise ValueError(
                f"{type(self).__name__} must have two groups, of all it descends in and of all it "
                "ascends in, and no third one: make a new optimizer of all parameters."
            )
        super().add_param_group(param_group)

    def decay(self, factor: float = 10.0) -> None:
        """Divide the learning rates by ``factor`` and renew the reference point.

        Raises:
            ValueError: the factor is not a finite number above 0.
        """
        self._take_over()
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
        """As every optimizer's; tensors go to the parameters' device, numbers become tensors."""
        super().load_state_dict(state_dict)
        groups_to_params_device(self)
        # New ones: the old may be part of a state that was taken before.
        self._numbers = [
            {key: tensor.clone() for key, tensor in numbers.items()} for numbers in self._numbers
        ]
        self._take_over()

    def _gather(self, key: str) -> list[Tensor]:
        """One kind of state of all of v, in the order of the parameters."""
        return [self.state[each][key] for each in self.param_groups[0]["params"]]

    def _begin(self) -> None:
        """Before every step: what was written is taken over. Before the first one: the reference
        point is here, unless one was given, and the sum is empty.
        """
        self._take_over()
        for each in self.param_groups[0]["params"]:
            if "total" not in self.state[each]:
                self.state[each].setdefault("reference", each.detach().clone())
                self.state[each]["total"] = torch.zeros_like(each)

    def _finish(self) -> None:
        """After every step: v joins the mean that is the next reference point."""
        torch._foreach_add_(self._gather("total"), self.param_groups[0]["params"])
        self.param_groups[0]["averaged"].add_(1)

    def _number(self, like: Tensor, name: str, value: float | Tensor) -> Tensor:
        """A number of a group as a 0-dim tensor, where and as ``like`` is."""
        self._refuse_out_of_range(name, value)
        return like.new_full((), float(value))

    def _add_number(self, name: str, value: float) -> None:
        """One more number in group 0."""
        group = self.param_groups[0]
        group[name] = self._numbers[0][name] = self._number(group["lr"], name, value)

    def _refuse_out_of_range(self, name: str, value: Any) -> None:
        allowed = self.ranges.get(name)
        if allowed and not (isinstance(value, Real | Tensor) and allowed.holds(value)):
            raise ValueError(f"{name} must be {allowed.words}, not {value!r}.")

    @torch.no_grad()
    def _take_over(self) -> None:
        """What was written into a group in place of one of our tensors goes into the tensor.

        Nothing is read of the device for it: a Python number is a part of the kernel that fills.
        """
        for group, numbers in zip(self.param_groups, self._numbers, strict=True):
            for key, ours in numbers.items():
                written = group[key]
                if written is ours:
                    continue
                if not isinstance(written, Tensor):
                    self._refuse_out_of_range(key, written)
                ours.fill_(written)
                group[key] = ours


def _listed(name: str, params: Iterable[Tensor] | Iterable[tuple[str, Tensor]]) -> list[Any]:
    """The parameters as a list.

    Raises:
        ValueError: they are one tensor, or groups as dicts.
    """
    if isinstance(params, Tensor):
        raise ValueError(f"{name} must be a list of tensors, not one tensor: write [{name}].")
    listed = list(params)
    if any(isinstance(each, dict) for each in listed):
        raise ValueError(
            f"{name} must be tensors or (name, tensor) pairs, not groups as dicts: give all in one "
            "list, with one learning rate."
        )
    return listed
