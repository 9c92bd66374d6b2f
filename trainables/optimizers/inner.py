"""What the readings of compositional training share: the inner step, and what they hand over.

Source: Yuan, Guo, Chawla, Yang, "Compositional Training for End-to-End Deep AUC Maximization",
ICLR 2022, Alg. 1, and the authors' library, LibAUC 2.0.1. The two do not say the same of what an
inner step does to w: `trainables.optimizers.moves` is the library's, `looks_ahead` and `exact`
are the algorithm's as it is printed.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from trainables.losses.auc import AUCLoss
from trainables.models.inside import MixedInside, mixed_inside
from trainables.optimizers.lr_factors import scaled
from trainables.optimizers.scaling import average_

__all__ = [
    "Given",
    "Inner",
    "Loss",
    "Outer",
    "Pair",
    "called",
    "dual",
    "exchange_",
    "inner_step_",
    "primal",
    "trained",
]

Loss = Callable[[Tensor, Tensor], Tensor]
"""From logits and targets, (B,) or (B, L), to a 0-dim loss."""

Given = Tensor | tuple[Tensor, ...]
"""What a model is called with: images (B, C, H, W); or these and more, such as metadata (B, K)."""

Pair = tuple[Given, Tensor]
"""A batch: inputs of the model and targets, (B,) or (B, L), in [0, 1], NaN where missing."""


class Outer(NamedTuple):
    """What the outer step needs, from one pass over S2 after the inner steps.

    Attributes:
        loss: F, 0-dim, detached.
        gradients: O, of the network's trained parameters and what of the loss is `primal`, in this
            order.
        slopes: dF/dalpha of each of what is `dual`, in its shape.
    """

    loss: Tensor
    gradients: list[Tensor]
    slopes: list[Tensor]


class Inner(ABC):
    """The k inner steps of PDSCA and the outer gradients after them.

    Attributes:
        passes: gradient evaluations of an image in one inner step.
        decays: the inner learning rate decays with the outer one where nothing else is said.

    Args:
        model: images to logits, (B,) or (B, L); it holds w.
        loss: the outer loss, of logits and targets.
        inner_loss: what the inner steps descend on.
        steps: k, at least 1.
    """

    passes: ClassVar[int] = 1
    decays: ClassVar[bool] = False

    def __init__(self, model: nn.Module, loss: nn.Module, inner_loss: Loss, steps: int) -> None:
        self._model = model
        self._loss = loss
        self._inner_loss = inner_loss
        self._steps = steps
        self._own = trained(model)

    def _scaled(self, gradients: Sequence[Tensor]) -> list[Tensor]:
        """Of the weights, each times the factor of its weight: inner steps obey them, too."""
        return scaled(gradients, self._own)

    @abstractmethod
    def begin(self) -> None:
        """Before the first step: u = w_0."""

    @abstractmethod
    def outer(self, first: Pair, second: Pair | None, inner_lr: Tensor, beta0: Tensor) -> Outer:
        """The inner steps on S1, and the outer gradients on S2 (None: S1 again)."""

    @abstractmethod
    def lent(self) -> AbstractContextManager[None]:
        """Within it the model holds u; before the first step u is w."""

    @abstractmethod
    def state_dict(self) -> Any:
        """The points u, as tensors in lists and dicts."""

    @abstractmethod
    def load_state_dict(self, state: Any) -> None:
        """Continue from what `state_dict` gave."""


def primal(loss: nn.Module) -> list[Tensor]:
    """What an outer loss minimises in besides the network: a and b of an AUC loss."""
    return [loss.a, loss.b] if isinstance(loss, AUCLoss) else []


def dual(loss: nn.Module) -> list[Tensor]:
    """What an outer loss maximises in: alpha of an AUC loss."""
    return [loss.alpha] if isinstance(loss, AUCLoss) else []


def called(model: nn.Module, given: Given) -> Tensor:
    """The model's logits; of `MixedInside` its layers are mixed."""
    if isinstance(given, MixedInside):
        with mixed_inside(model, given.inside):
            inside: Tensor = model(*given)
        return inside
    logits: Tensor = model(*given) if isinstance(given, tuple) else model(given)
    return logits


def inner_step_(
    inner: list[Tensor],
    start: list[Tensor],
    gradients: Sequence[Tensor],
    inner_lr: Tensor,
    beta0: Tensor,
) -> None:
    """In place: u <- (1 - beta0) u + beta0 (start - inner_lr gradient).

    Args:
        inner, start, gradients: lists of tensors, alike in their shapes.
        inner_lr, beta0: 0-dim, on the device of the tensors.
    """
    target = torch._foreach_sub(start, torch._foreach_mul(list(gradients), inner_lr))
    average_(inner, target, beta0)


def trained(model: nn.Module) -> list[Tensor]:
    """The parameters that ask for a gradient."""
    return [each for each in model.parameters() if each.requires_grad]


@torch.no_grad()
def exchange_(left: Sequence[Tensor], right: Sequence[Tensor]) -> None:
    """In place: each tensor of ``left`` gets its partner's values, and the other way round."""
    for mine, theirs in zip(left, right, strict=True):
        kept = mine.clone()
        mine.copy_(theirs)
        theirs.copy_(kept)
