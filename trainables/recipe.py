"""What a method hands to the loop: stages, each with its own update rule.

The loop draws ``recipe.batches`` batches, calls ``recipe.step(batches)`` and knows nothing of
stages, of alternation or of what an update keeps.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from trainables.models.classifier import BinaryClassifier

__all__ = ["Batch", "Context", "Recipe", "Stage", "Update", "decay_points"]


class Batch(NamedTuple):
    """Images (B, C, H, W) float, normalised; targets (B,) float in [0, 1], 1 means positive."""

    images: Tensor
    targets: Tensor


@dataclass(frozen=True)
class Context:
    """What a method must know of the trial that it makes a recipe for.

    Attributes:
        model: the network, already on its device and with its initial weights.
        prior: share of positives in the training set, in (0, 1); where batches are drawn with
            another share (``positive_rate``), that one. The prior form of AUC-M needs the share
            of what it sees: at p = 0.01 and half of each batch positive its alpha would sink
            to 0, and with it all that pulls the classes apart.
        steps: steps of the whole trial.
        steps_per_epoch: steps of one epoch.
        generator: on the model's device; mixup alone draws from it.
    """

    model: BinaryClassifier
    prior: float
    steps: int
    steps_per_epoch: int
    generator: torch.Generator

    @property
    def device(self) -> torch.device:
        """Where the model lies."""
        return next(self.model.parameters()).device


class Update(Protocol):
    """A loss and an optimizer at work together."""

    def step(self, batches: Sequence[Batch]) -> tuple[Tensor, int]:
        """One step; gives the loss (0-dim, detached) and the gradient evaluations spent."""
        ...

    def decay(self) -> None:
        """Divide the learning rate by 10, and renew what else the optimizer renews then."""
        ...

    def evaluating(self) -> AbstractContextManager[None]:
        """Within it the model holds the weights to be evaluated."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """All that the next steps depend on, except the model's own state."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from what `state_dict` gave, bit for bit."""
        ...


@dataclass(frozen=True)
class Stage:
    """A part of a trial with one update rule.

    Attributes:
        steps: its length; the last stage of a recipe goes on for as long as it is asked to.
        start: makes the update, at the moment the stage begins.
        batches: independent batches that each of its steps needs.
        decays: numbers of finished steps, counted within the stage, at which the learning rate
            decays.
        prepare: done to the model just before `start`, once a trial (re-initialise the head);
            it is not done again when a saved trial is loaded.
    """

    steps: int
    start: Callable[[], Update]
    batches: int = 1
    decays: tuple[int, ...] = ()
    prepare: Callable[[], None] | None = None


def decay_points(steps: int, fractions: Sequence[float] = (0.5, 0.75)) -> tuple[int, ...]:
    """The steps at which the learning rate decays: at 50 % and 75 % of ``steps`` by default."""
    return tuple(sorted({int(fraction * steps) for fraction in fractions} - {0}))


class Recipe:
    """The stages of one trial, one after the other.

    A stage begins at its first step, not at the end of the stage before, so that what is
    evaluated between the two is what the finished stage has trained.

    Args:
        stages: at least one, in their order.

    Raises:
        ValueError: there is no stage.
    """

    def __init__(self, stages: Sequence[Stage]) -> None:
        if not stages:
            raise ValueError("a recipe must have at least one stage, not none.")
        self._stages = tuple(stages)
        self._evaluations = 0
        self._enter(0)

    @property
    def batches(self) -> int:
        """Independent batches that the next step needs."""
        return self._stages[self._upcoming()].batches

    @property
    def gradient_evaluations(self) -> int:
        """Images that went forward and backward so far."""
        return self._evaluations

    def step(self, batches: Sequence[Batch]) -> Tensor:
        """Train on ``batches``, as many as `batches` asked for; gives the loss, 0-dim, detached."""
        upcoming = self._upcoming()
        if upcoming != self._index:
            self._enter(upcoming)
        if self._done in self._stages[self._index].decays:
            self._update.decay()
        loss, evaluations = self._update.step(batches)
        self._done += 1
        self._evaluations += evaluations
        return loss

    def evaluating(self) -> AbstractContextManager[None]:
        """Within it the model holds the weights that are to be evaluated."""
        return self._update.evaluating()

    def state_dict(self) -> dict[str, Any]:
        """All that the recipe needs to go on, as plain values and tensors.

        The model's own state and the generator are the loop's to save.
        """
        return {
            "stage": self._index,
            "done": self._done,
            "gradient_evaluations": self._evaluations,
            "update": self._update.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave, bit for bit."""
        self._index = state["stage"]
        self._done = state["done"]
        self._evaluations = state["gradient_evaluations"]
        self._update = self._stages[self._index].start()
        self._update.load_state_dict(state["update"])

    def _upcoming(self) -> int:
        """The stage that the next step belongs to."""
        finished = self._done >= self._stages[self._index].steps
        return min(self._index + finished, len(self._stages) - 1)

    def _enter(self, index: int) -> None:
        stage = self._stages[index]
        if stage.prepare is not None:
            stage.prepare()
        self._index = index
        self._done = 0
        self._update = stage.start()
