"""How PDSCA may scale its direction z: z / (sqrt(z2) + G0), for several z2.

In all of the paper's runs z is not scaled (z2 = 1, G0 = 0). An average of squares starts at the
first square, so that it needs no bias correction.
Source of the forms: Guo et al., "A Novel Convergence Analysis for Algorithms of the Adam Family"
(arXiv 2112.03459), after Yuan et al., ICLR 2022, Alg. 1.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

__all__ = ["AMSGrad", "AdaBound", "AdaFom", "Adam", "Scaling", "average_"]

Buffers = dict[str, list[Tensor]]


def average_(
    averages: list[Tensor], values: list[Tensor] | tuple[Tensor, ...], weight: Tensor
) -> None:
    """In place: average <- (1 - weight) average + weight value; ``weight`` is 0-dim."""
    change = torch._foreach_sub(values, averages)
    torch._foreach_mul_(change, weight)
    torch._foreach_add_(averages, change)


@dataclass(frozen=True)
class Scaling(ABC):
    """z / (sqrt(z2) + G0), with z2 formed from an average of the squared gradients O^2.

    Attributes:
        buffers: names of what it keeps for each parameter; each starts at 0.
        damping: G0, at least 0; 0 divides by zero where every gradient was 0 so far.
    """

    buffers: ClassVar[tuple[str, ...]] = ("square",)
    damping: float = 1e-8

    def scale(
        self, directions: list[Tensor], gradients: list[Tensor], kept: Buffers, step: Tensor
    ) -> list[Tensor]:
        """The scaled directions.

        Args:
            directions: z.
            gradients: O, this step's.
            kept: a list of tensors for each name in `buffers`; updated in place.
            step: 0-dim, 1 in the first step.
        """
        average_(kept["square"], torch._foreach_mul(gradients, gradients), self.weight(step))
        roots = torch._foreach_sqrt(self.form(kept))
        torch._foreach_add_(roots, self.damping)
        return list(torch._foreach_div(directions, roots))

    @abstractmethod
    def weight(self, step: Tensor) -> Tensor:
        """Weight of the newest square in the average (0-dim); 1 in the first step."""

    def form(self, kept: Buffers) -> list[Tensor]:
        """z2, by default the average of the squares."""
        return kept["square"]


@dataclass(frozen=True)
class Adam(Scaling):
    """z2 = (1 - beta2) z2 + beta2 O^2.

    Attributes:
        beta2: weight of the newest square, in (0, 1].
    """

    beta2: float = 0.001

    def weight(self, step: Tensor) -> Tensor:
        """beta2, after the first step."""
        return torch.where(step == 1, torch.ones_like(step), self.beta2)


@dataclass(frozen=True)
class AMSGrad(Adam):
    """z2 = the largest so far of Adam's z2."""

    buffers: ClassVar[tuple[str, ...]] = ("square", "peak")

    def form(self, kept: Buffers) -> list[Tensor]:
        """The running maximum."""
        torch._foreach_maximum_(kept["peak"], kept["square"])
        return kept["peak"]


@dataclass(frozen=True)
class AdaFom(Scaling):
    """z2 = the mean of O^2 over all steps so far."""

    def weight(self, step: Tensor) -> Tensor:
        """One over the number of steps."""
        return 1 / step


@dataclass(frozen=True)
class AdaBound(Adam):
    """z2 = Adam's, clipped so that 1 / sqrt(z2) stays in [low, high].

    Attributes:
        low, high: bounds of the scale, 0 < low <= high. With the defaults it is never slower
            than the unscaled direction, and at most 100 times as fast.

    Raises:
        ValueError: low and high are out of their order.
    """

    low: float = 1.0
    high: float = 100.0

    def __post_init__(self) -> None:
        if not 0 < self.low <= self.high:
            raise ValueError(
                "the bounds of AdaBound must keep 0 < low <= high, "
                f"not low {self.low!r} and high {self.high!r}."
            )

    def form(self, kept: Buffers) -> list[Tensor]:
        """The averages, clipped."""
        squares = torch._foreach_clamp_min(kept["square"], 1 / self.high**2)
        torch._foreach_clamp_max_(squares, 1 / self.low**2)
        return list(squares)
