"""Parameters that learn faster or slower than their optimizer says: each may have a factor.

It is an attribute of the parameter itself, so that no method needs to know of it: what trains the
parameter reads it there, as `trainables.updates.Descent` does for torch's optimizers and
`trainables.optimizers.proximal.descend_` for ours. Without one nothing is multiplied.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from torch import Tensor, _foreach_mul
from torch.optim import Optimizer

__all__ = ["factor_of", "give_factor", "scaled", "split_groups_"]

_KEY = "lr_factor"


def give_factor(parameter: Tensor, factor: float) -> None:
    """The parameter's learning rate is ``factor`` (above 0) times its optimizer's from now on."""
    setattr(parameter, _KEY, factor)


def factor_of(parameter: Tensor) -> float:
    """What `give_factor` gave; 1 if it gave nothing. A copy of a parameter has none."""
    return float(getattr(parameter, _KEY, 1.0))


def scaled(directions: Sequence[Tensor], parameters: Iterable[Tensor]) -> list[Tensor]:
    """Each direction times the factor of its parameter; the same tensors where all factors are 1.

    Nothing is read of the device: the factors are parts of the kernels that multiply.
    """
    factors = [factor_of(each) for each in parameters]
    if all(factor == 1.0 for factor in factors):
        return list(directions)
    return list(_foreach_mul(list(directions), factors))


def split_groups_(optimizer: Optimizer) -> None:
    """In place: parameters of one factor become a group, which holds its share of the learning rate
    as ``lr`` and the factor as ``lr_factor``. Groups whose factors are all 1 stay as they are.
    """
    optimizer.param_groups = [part for group in optimizer.param_groups for part in _split(group)]


def _split(group: dict[str, Any]) -> list[dict[str, Any]]:
    factors = [factor_of(each) for each in group["params"]]
    if all(factor == 1.0 for factor in factors):
        return [group]
    return [
        {
            **group,
            "params": [
                each for each, its in zip(group["params"], factors, strict=True) if its == factor
            ],
            "lr": group["lr"] * factor,
            _KEY: factor,
        }
        for factor in dict.fromkeys(factors)
    ]
