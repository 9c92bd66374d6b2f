"""What a method hands to the loop: stages, each with its own update rule.

The loop tells the recipe how much of the trial is done (`Recipe.advance`), draws
``recipe.batches`` batches, calls ``recipe.step(batches)`` and knows nothing of stages, of
alternation or of what an update keeps. Stages and decays lie at shares of the trial, so that they
serve whatever a trial is measured in: epochs, gradient evaluations or seconds.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol, Self

import torch
from torch import Tensor

from trainables.models.classifier import BinaryClassifier
from trainables.models.inside import Inside, MixedInside
from trainables.optimizers.inner import Given, trained

__all__ = ["Batch", "Context", "Recipe", "Stage", "Update", "decays"]


class _Pair(NamedTuple):
    images: Tensor
    targets: Tensor


class Batch(_Pair):
    """What a step trains on. It unpacks in two, images and targets.

    Attributes:
        images: (B, C, H, W) or (B, C, D, H, W) float, normalised.
        targets: (B,), or (B, L) of L labels above 1: float in [0, 1], 1 means positive, NaN of
            several labels one that is missing; of classes one-hot.
        indices: int64 (B,), which training image each one is; of a mixed image its first part.
            The next step may fill the same tensor. None: not said.
        metadata: float32 (B, K), columns of what else is known of the images; None: nothing.
        with_metadata: the network takes the metadata, too; set by who makes the batches.
        partner: another batch of the same size, drawn evenly from the classes, for methods that
            ask for one (`trainables.method.Method.wants_partners`); None: there is none.
        inside: what is to be mixed at the network's layers; None: nothing.
    """

    # Also where a tuple's own method made the batch, such as _replace.
    indices: Tensor | None = None
    metadata: Tensor | None = None
    with_metadata: bool = False
    partner: "Batch | None" = None
    inside: Inside | None = None

    def __new__(
        cls,
        images: Tensor,
        targets: Tensor,
        indices: Tensor | None = None,
        metadata: Tensor | None = None,
    ) -> Self:
        """The two that it unpacks in, and what it carries beside them."""
        batch = super().__new__(cls, images, targets)
        batch.indices, batch.metadata = indices, metadata
        return batch

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """What the network is called with, as in ``model(*batch.inputs)``: the images, and the
        metadata if it takes them.
        """
        if self.with_metadata and self.metadata is not None:
            return self.images, self.metadata
        return (self.images,)

    @property
    def given(self) -> Given:
        """For `trainables.optimizers.inner.called`, which also mixes inside: `inputs`, but of a
        network that takes images alone these alone.
        """
        if self.inside is not None:
            return MixedInside(self.inputs, self.inside)
        return self.inputs if self.with_metadata else self.images


@dataclass(frozen=True)
class Context:
    """What a method must know of the trial that it makes a recipe for.

    Attributes:
        model: the network, already on its device and with its initial weights.
        prior: share of positives in the training set, in (0, 1), of several labels that of each,
            (L,) on the model's device; where batches are drawn with
            another share (``positive_rate``), that one. The prior form of AUC-M needs the share
            of what it sees: at p = 0.01 and half of each batch positive its alpha would sink
            to 0, and with it all that pulls the classes apart.
        generator: on the model's device, for what a method draws itself: mixup, a new head.
        images: training images; losses that keep a number an image need as many.
        positives: how many of them are positive; of several labels, of each label.
        outputs: logits an image, one for each label or class.
        classes: targets are one-hot, and a loss takes the softmax of an image's logits.
        drawn: as ``prior``, of the images before they are mixed, where a mix changes the share
            that losses meet; None: ``prior``.
    """

    model: BinaryClassifier
    prior: float | Tensor
    generator: torch.Generator
    images: int = 0
    positives: tuple[int, ...] = ()
    outputs: int = 1
    classes: bool = False
    drawn: float | Tensor | None = None

    @property
    def share_drawn(self) -> float | Tensor:
        """Share of positives, or one a label (L,), among the images as they are drawn."""
        return self.prior if self.drawn is None else self.drawn

    @property
    def weights(self) -> list[Tensor]:
        """What of the model is trained: all but what a spec's ``freeze`` keeps as it is."""
        return trained(self.model)

    @property
    def device(self) -> torch.device:
        """Where the model lies."""
        return next(self.model.parameters()).device


class Update(Protocol):
    """A loss and an optimizer at work together."""

    def step(self, batches: Sequence[Batch]) -> tuple[Tensor, int]:
        """One step; gives the loss (0-dim, detached) and the gradient evaluations spent.

        On a GPU it is captured and replayed (`trainables.steps.step_graph`) if it does the same
        work at every call: no look at a value on the device, whatever changes changed in place in
        tensors there, draws from ``Context.generator`` alone.
        """
        ...

    def decay(self) -> None:
        """Divide the learning rate by 10, and renew what else the optimizer renews then."""
        ...

    def evaluating(self) -> AbstractContextManager[None]:
        """Within it the model holds the weights to be evaluated."""
        ...

    def metrics(self, probe: Callable[[], Batch]) -> dict[str, float]:
        """Figures of its own for the curve, {} if it has none; training goes on undisturbed.

        The model is in evaluation; ``probe`` gives a training batch, always the same.
        """
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
        start: makes the update, at the moment the stage begins.
        end: the share of the trial, in (0, 1], at which it is over; the last stage of a recipe
            goes on for as long as it is asked to.
        batches: independent batches that each of its steps needs.
        decays: shares of the trial at which the learning rate decays, rising.
        before_step: done before each step, with the update and the share of the trial that is done;
            on the host, so that what it changes for the steps is a tensor changed in place.
        prepare: done to the model just before `start`, once a trial (re-initialise the head);
            it is not done again when a saved trial is loaded.
    """

    start: Callable[[], Update]
    end: float = 1.0
    batches: int = 1
    decays: tuple[float, ...] = ()
    before_step: Callable[[Any, float], None] | None = None
    prepare: Callable[[], None] | None = None


def decays(begin: float = 0.0, end: float = 1.0) -> tuple[float, ...]:
    """Shares of the trial at 50 % and 75 % of the part from ``begin`` to ``end``."""
    return tuple(begin + fraction * (end - begin) for fraction in (0.5, 0.75))


def _within(stage: Stage, begin: float, end: float) -> Stage:
    """The stage of a whole trial in the part of one from ``begin`` to ``end``."""

    def placed(share: float) -> float:
        # Rounded, so that 0.75 of the first 0.8 is 0.6, the share that a count of steps gives.
        return round(begin + share * (end - begin), 12)

    def before_step(update: Any, progress: float) -> None:
        assert stage.before_step is not None
        stage.before_step(update, (progress - begin) / (end - begin))

    return replace(
        stage,
        end=placed(stage.end),
        decays=tuple(placed(share) for share in stage.decays),
        before_step=None if stage.before_step is None else before_step,
    )


class Recipe:
    """The stages of one trial, one after the other.

    A stage begins at its first step, not at the end of the stage before, so that what is
    evaluated between the two is what the finished stage has trained. The first one begins as soon
    as it is asked for.

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
        self._index, self._decayed = 0, 0
        self._update: Update | None = None

    @property
    def batches(self) -> int:
        """Independent batches that the next step needs."""
        return self._stages[self._index].batches

    @property
    def update(self) -> Update:
        """What the next step trains with; another object in every stage and after a load."""
        if self._update is None:
            return self._enter(0)
        return self._update

    @property
    def stage(self) -> int:
        """The place of the stage that trains, from 0."""
        return self._index

    @property
    def gradient_evaluations(self) -> int:
        """Images that went forward and backward so far."""
        return self._evaluations

    def advance(self, progress: float) -> None:
        """Begin the stage, and do the decays, that are due; to be called before each step.

        Args:
            progress: share of the trial that is done, from 0, never falling.
        """
        while progress >= self._stages[self._index].end and self._index + 1 < len(self._stages):
            self._enter(self._index + 1)
        due = sum(progress >= share for share in self._stages[self._index].decays)
        for _ in range(self._decayed, due):
            self.update.decay()
        self._decayed = due
        before_step = self._stages[self._index].before_step
        if before_step is not None:
            before_step(self.update, progress)

    def step(self, batches: Sequence[Batch]) -> Tensor:
        """Train on ``batches``, as many as `batches` asked for; gives the loss, 0-dim, detached."""
        loss, evaluations = self.update.step(batches)
        self.count(evaluations)
        return loss

    def count(self, evaluations: int) -> None:
        """Add the cost of a step of `update` that was not done by `step`, such as a replay."""
        self._evaluations += evaluations

    def evaluating(self) -> AbstractContextManager[None]:
        """Within it the model holds the weights that are to be evaluated."""
        return self.update.evaluating()

    def metrics(self, probe: Callable[[], Batch]) -> dict[str, float]:
        """Figures of the stage's own for the curve, see `Update.metrics`."""
        return self.update.metrics(probe)

    def state_dict(self) -> dict[str, Any]:
        """All that the recipe needs to go on, as plain values and tensors.

        The model's own state and the generator are the loop's to save.
        """
        return {
            "stage": self._index,
            "decayed": self._decayed,
            "gradient_evaluations": self._evaluations,
            "update": self.update.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave, bit for bit."""
        self._index = state["stage"]
        self._decayed = state["decayed"]
        self._evaluations = state["gradient_evaluations"]
        self._update = self._stages[self._index].start()
        self._update.load_state_dict(state["update"])

    def then(self, second: "Recipe", at: float, between: Callable[[], None]) -> "Recipe":
        """This recipe and another one in one trial, neither of which has begun.

        Args:
            second: what follows.
            at: the share of the trial, in (0, 1), at which it begins. Stages and decays of each lie
                in its own part of the trial as they would in the whole.
            between: done when it begins, once a trial.
        """
        stages = [_within(stage, 0.0, at) for stage in self._stages]
        stages[-1] = replace(stages[-1], end=at)
        begun, *rest = (_within(stage, at, 1.0) for stage in second._stages)

        def prepare() -> None:
            between()
            if begun.prepare is not None:
                begun.prepare()

        return Recipe([*stages, replace(begun, prepare=prepare), *rest])

    def _enter(self, index: int) -> Update:
        stage = self._stages[index]
        if stage.prepare is not None:
            stage.prepare()
        self._index = index
        self._decayed = 0
        self._update = stage.start()
        return self._update
