"""LibAUC 2.0.1's own losses and optimizers as methods, to train beside ours on the same batches.

They need ``pip install --no-deps libauc==2.0.1``. A spec names them as any method of one's own,
``tests.benchmarks.peers:TheirCT``. What the library draws itself (its reference point starts at
noise) comes from torch's global generator, which each trial seeds here.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from trainables.hyperparameters import hyperparameter
from trainables.method import Method
from trainables.methods import fields
from trainables.methods.parts import one_stage
from trainables.recipe import Batch, Context, Recipe

__all__ = ["TheirAUCM", "TheirCT"]


class Theirs:
    """One of their optimizers with its loss, which takes probabilities.

    Args:
        network: images to logits (B,).
        loss, optimizer: theirs.
        decay: of the learning rates.
        clear_alpha: forget the gradient of alpha too before each backward pass.
        dual_lr: None: alpha moves as their code has it; a number: by its gradient, at this rate.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        loss: Any,
        optimizer: Any,
        decay: Callable[[], None],
        clear_alpha: bool = True,
        dual_lr: float | None = None,
    ) -> None:
        self._network = network
        self._loss = loss
        self._optimizer = optimizer
        self._decay = decay
        self._clear_alpha = clear_alpha
        self._dual_lr = dual_lr

    def step(self, batches: Sequence[Batch]) -> tuple[Tensor, int]:
        """One of their steps a batch, in order; gives the last loss."""
        for images, targets in batches:
            loss = self._loss(torch.sigmoid(self._network(images)), targets)
            self._optimizer.zero_grad()
            if self._clear_alpha:
                self._loss.alpha.grad = None
            loss.backward()
            alpha = self._loss.alpha.detach().clone()
            self._optimizer.step()
            if self._dual_lr is not None:
                alpha += self._dual_lr * self._loss.alpha.grad
                self._loss.alpha.data = alpha.clamp_(min=0)
        return loss.detach().squeeze(), sum(len(batch.targets) for batch in batches)

    def decay(self) -> None:
        """Learning rates / 10, and a new reference point."""
        self._decay()
        if self._dual_lr is not None:
            self._dual_lr /= 10

    def evaluating(self) -> AbstractContextManager[None]:
        """The model's own weights."""
        return nullcontext()

    def metrics(self, probe: Callable[[], Batch]) -> dict[str, float]:  # noqa: ARG002
        """None."""
        return {}

    def state_dict(self) -> dict[str, Any]:
        """Theirs is not kept: these are short trials."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Not possible."""
        raise NotImplementedError("a trial of a peer does not go on from a checkpoint.")


@dataclass(frozen=True)
class Their(Method):
    """What both methods share."""

    lr: float = fields.lr()
    weight_decay: float = fields.weight_decay()
    epoch_decay: float = fields.epoch_decay()
    margin: float = fields.margin()
    clip: float | None = hyperparameter(
        1.0, help="bound on every entry of the gradient", source="LibAUC 2.0.1", low=0
    )

    @abstractmethod
    def update(self, context: Context) -> Theirs:
        """The loss and the optimizer."""

    def recipe(self, context: Context) -> Recipe:
        """One stage."""

        def start() -> Theirs:
            with torch.random.fork_rng():
                torch.manual_seed(context.generator.initial_seed())
                return self.update(context)

        return one_stage(start, batches=self.batches)

    @property
    def batches(self) -> int:
        """Batches a step."""
        return 1


@dataclass(frozen=True)
class TheirAUCM(Their):
    """`AUCMLoss` and `PESG`, the form with a prior, their defaults but for the shared fields."""

    momentum: float = hyperparameter(
        0.9, help="weight of the new gradient in an average; 0: none", source="LibAUC 2.0.1", low=0
    )
    dual: str = hyperparameter(
        "closed_form",
        help="alpha's step: 2 lr (m + b - a - alpha) with a and b of after their step, or lr times "
        "its gradient",
        source="LibAUC 2.0.1: closed_form",
        choices=("closed_form", "gradient"),
    )

    def update(self, context: Context) -> Theirs:
        """The loss and the optimizer."""
        from libauc.losses.auc import AUCMLoss
        from libauc.optimizers.pesg import PESG

        device = context.device
        loss = AUCMLoss(margin=self.margin, device=device)
        optimizer = PESG(
            context.model.parameters(),
            loss_fn=loss,
            lr=self.lr,
            clip_value=self.clip,
            weight_decay=self.weight_decay,
            epoch_decay=self.epoch_decay,
            momentum=self.momentum,
            verbose=False,
            device=device,
        )

        def decay() -> None:
            optimizer.update_regularizer(decay_factor=10)

        dual_lr = self.lr if self.dual == "gradient" else None
        return Theirs(context.model, loss, optimizer, decay, dual_lr=dual_lr)


@dataclass(frozen=True)
class TheirCT(Their):
    """`CompositionalAUCLoss` and `PDSCA`, k = 1: a step of CE on S1, one of AUC-M on S2."""

    beta0: float = fields.beta("u")
    beta1: float = fields.beta("the gradient")
    inner_lr: float = hyperparameter(0.1, help="of the steps of CE", source="LibAUC 2.0.1", low=0)
    clear_alpha: bool = hyperparameter(
        False,
        help="clear alpha's gradient, as its code means to; false: as it is, so that from the "
        "second step on CE's gradients go the way of the AUC steps",
        source="LibAUC 2.0.1: false",
    )

    @property
    def batches(self) -> int:
        """S1 and S2."""
        return 2

    def update(self, context: Context) -> Theirs:
        """The loss and the optimizer."""
        from libauc.losses.auc import CompositionalAUCLoss
        from libauc.optimizers.pdsca import PDSCA

        device = context.device
        loss = CompositionalAUCLoss(margin=self.margin, k=1, device=device)
        optimizer = PDSCA(
            context.model.parameters(),
            loss_fn=loss,
            lr=self.lr,
            lr0=self.inner_lr,
            beta1=self.beta0,
            beta2=self.beta1,
            clip_value=self.clip,
            weight_decay=self.weight_decay,
            epoch_decay=self.epoch_decay,
            verbose=False,
            device=device,
        )

        def decay() -> None:
            optimizer.update_regularizer(decay_factor=10, decay_factor0=10)

        return Theirs(context.model, loss, optimizer, decay, self.clear_alpha)
