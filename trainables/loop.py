"""The one loop that trains every method: interval by interval, on the device, without Ray."""

import math
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from trainables import start
from trainables.averages.evaluated import Evaluated
from trainables.batches.supply import Ahead, Resident, Supply
from trainables.batches.vectors import inputs_of
from trainables.branch_after import recipe_of
from trainables.budget import BUDGETS
from trainables.config import TrialConfig
from trainables.data_memory import data_memory
from trainables.diagnostics.diagnostics import Diagnostics
from trainables.errors import DivergedError
from trainables.evaluator import Evaluator
from trainables.features.task import task_of
from trainables.names import resolve
from trainables.steps.compiling import compile_network, way
from trainables.steps.execution import EXECUTIONS
from trainables.steps.own_draws import OwnDraws
from trainables.steps.pace import Pace
from trainables.steps.precision import f32_products

__all__ = ["EVALUATION_BATCH", "EXPLODED", "TrainingRun"]

EVALUATION_BATCH = 500
"""Images in one evaluation batch: large enough to be fast, small enough for any memory."""

EXPLODED = 1e6
"""A mean loss beyond this is an explosion: every loss here is below 100 in normal training."""


class TrainingRun:
    """One trial: a model trained by a method's recipe on one task, validated each interval.

    The same config gives the same run, bit for bit on the CPU. All data stay on the device as
    uint8, if they fit; nothing in a step waits for the device, and on a GPU it runs a step alone.

    Args:
        config: the whole trial.
        memory: bytes that its images may take on the device; what takes more stays mapped on the
            host and is gathered ahead of time, which changes no number. None: `data_memory`.
        embed: see `trainables.features.task.task_of`.

    Raises:
        UnknownNameError: method, data set or model does not exist.
        DataError: the data are missing or cannot give the imbalance asked for.
        ValueError: a hyperparameter is outside its domain.
        TypeError: the method has no hyperparameter of that name.

    Example:
        >>> run = TrainingRun(TrialConfig(method="auc_m", dataset="digits", model="small_cnn",
        ...     imratio=0.1, epochs=2, batch_size=64, intervals=2, data_root="data",
        ...     data_seed=1, init_seed=2, order_seed=3))  # doctest: +SKIP
        >>> while not run.finished:  # doctest: +SKIP
        ...     print(run.train_interval()["val_auroc"])
    """

    def __init__(
        self, config: TrialConfig, memory: int | None = None, *, embed: bool = True
    ) -> None:
        self.config = config
        device = torch.device(config.device)
        memory = data_memory(config.device) if memory is None else memory
        self._task = task = task_of(config, memory, embed=embed)
        self._model = model = start.network_of(config, task)
        draws = start.draws_of(config)
        self._inputs = inputs = inputs_of(config, task, draws.augmentation)
        model.to(memory_format=inputs.layout)
        self._generators = draws.augmentation, draws.method
        self._draws = OwnDraws(device, draws.network)
        method = start.method_of(config, task)
        self._samplers = start.samplers_of(config, method, task, draws)
        self.steps = start.steps_of(config, task, self.batch_size)
        self._budget = resolve("budget", BUDGETS, config.budget)
        context = start.context_of(config, task, model, draws)
        self._recipe = recipe_of(method, context)
        # All that a step reads of the host: which images it trains on, and what does not fit.
        fits = task.image_bytes <= memory
        supply = Resident if fits else Ahead
        self._supply: Supply = supply(task.train_images, self._samplers, device)
        execution = resolve("execution", EXECUTIONS, config.execution)
        self._execution = execution(model, self._generators)
        self._evaluated = evaluated = Evaluated(
            config, task, model, self.batch_size, inputs.augmentation
        )
        probe = partial(start.probe, config, task, inputs, context.prior, draws.probe)
        self._evaluator = Evaluator(
            config, task, model, self._recipe, inputs, evaluated, probe, EVALUATION_BATCH, fits
        )
        self._diagnostics = Diagnostics(self._evaluator)
        if config.compile:
            sizes = self.batch_size, EVALUATION_BATCH
            compile_network(config, method, model, task, inputs, *sizes)
        self._pace = Pace(device)
        self.step = 0
        self.seconds = 0.0
        self.training_seconds = 0.0
        self.images = 0
        self.curve: list[dict[str, float]] = []
        # Of the interval under way: its first step, the sum of its losses, since when it is timed.
        self._begun = 0
        self._loss = torch.zeros((), device=device)
        self._losses = torch.zeros((), device=device)
        self._timed_from: float | None = None

    @property
    def interval(self) -> int:
        """Intervals finished so far."""
        return len(self.curve)

    @property
    def finished(self) -> bool:
        """All intervals are done."""
        return self.interval >= self.config.intervals

    @property
    def progress(self) -> float:
        """Share of the trial's budget that is spent, from 0 to 1 or just above."""
        return self._budget(self)

    @property
    def batch_size(self) -> int:
        """Images of a batch."""
        return self._samplers[0].batch_size

    @property
    def gradient_evaluations(self) -> int:
        """Images that went through a forward and backward pass so far."""
        return self._recipe.gradient_evaluations

    @property
    def execution(self) -> str:
        """How its steps run: "eager", "compiled", "graph" once they are captured, or
        "eager: <why not>".
        """
        return way(self._model) if self.config.compile else self._execution.way

    def train_interval(self, after_step: Callable[[], None] = lambda: None) -> dict[str, float]:
        """Train up to the next validation and validate.

        Args:
            after_step: called after every step, when ``state_dict()`` is whole.

        Returns:
            {"interval", "loss" (mean over the interval), "seconds" and "gradient_evaluations" (both
            since the start of the trial)}, what `trainables.evaluation.validated` gives, such as
            "val_auroc", the method's own figures, if it has any, and what
            `trainables.diagnostics` keeps, if the config asks for it.

        Raises:
            DivergedError: the loss or a validation score is not finite, or the loss exploded.
        """
        self._timed_from = time.perf_counter()
        with self._draws.taken():
            while self.progress < (self.interval + 1) / self.config.intervals:
                self.train_step()
                after_step()
        loss = self._mean_loss()
        if not math.isfinite(loss) or abs(loss) > EXPLODED:
            raise DivergedError(
                f"The loss must stay finite and below {EXPLODED:g}; its mean was {loss:g} in "
                f"interval {self.interval + 1}. Lower the learning rate."
            )
        found = self._evaluator.validation(self.interval + 1)
        figures = self._evaluator.own_figures()
        self._count_seconds()
        looked_at = self._diagnostics.look(self.interval + 1)  # which costs the method no seconds
        result = {
            "interval": self.interval + 1,
            **found,
            "loss": loss,
            "seconds": self.seconds,
            "gradient_evaluations": self.gradient_evaluations,
            **figures,
            **looked_at,
        }
        self.curve.append(result)
        self._begun = self.step
        self._losses.zero_()
        self._timed_from = None
        return result

    def validate(self) -> float:
        """AUROC of the validation set; of several labels their mean.

        Raises:
            DivergedError: a score is not finite.
        """
        return self._evaluator.validation(self.interval + 1)["val_auroc"]

    def train_step(self) -> Tensor:
        """One step of the recipe; its loss as a 0-dim tensor on the device, until the next step."""
        started = time.perf_counter()
        with f32_products(self.config.precision):
            progress = self.progress
            self._recipe.advance(progress)
            self._supply.load(self._recipe.batches)
            self._recipe.count(self._execution(self._step, self._recipe.update))
            self._evaluated.take(progress, self._recipe)
        self.step += 1
        self.images += self.batch_size * self._recipe.batches
        self._pace.step()
        self.training_seconds += time.perf_counter() - started
        return self._loss

    def test(
        self, *, embeddings: bool = False, beat: Callable[[], None] = lambda: None
    ) -> dict[str, Any]:
        """Evaluate the test set; call it once, after the last interval of a confirm trial.

        Args:
            embeddings: also give what the last layer sees, in float32 at every precision, of the
                images as they are.
            beat: called again and again meanwhile.

        Returns:
            What `trainables.evaluation.tested` gives, of what ``config.evaluation`` asks for; where
            that is anything, what `trainables.evaluation.without` gives of the weights after the
            last step and the images as they are; "embeddings": float32 (N, D) if asked for; with
            ``config.diagnostics`` what `Diagnostics.arrays` gives.

        Raises:
            DivergedError: a test score is not finite.
        """
        found = self._evaluator.test(embeddings=embeddings, beat=beat)
        return found | self._diagnostics.arrays()

    def state_dict(self) -> dict[str, Any]:
        """Everything that the rest of the run depends on: tensors and plain values only.

        It may be taken in the middle of an interval, after any step.
        """
        self._count_seconds()
        return {
            "model": self._model.state_dict(),
            "recipe": self._recipe.state_dict(),
            "samplers": self._supply.state_dict(),
            "generators": [generator.get_state() for generator in self._generators],
            "draws": self._draws.state(),
            "step": self.step,
            "seconds": self.seconds,
            "training_seconds": self.training_seconds,
            "images": self.images,
            "curve": self.curve,
            "begun": self._begun,
            "losses": self._losses,
            "evaluated": self._evaluated.state_dict(),
            "diagnostics": self._diagnostics.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from ``state_dict()`` of a run with the same config."""
        self._model.load_state_dict(state["model"])
        self._recipe.load_state_dict(state["recipe"])
        self._supply.load_state_dict(state["samplers"])
        for generator, saved in zip(self._generators, state["generators"], strict=True):
            generator.set_state(saved.cpu())
        # A version whose networks drew nothing kept none.
        if "draws" in state:
            self._draws.load(state["draws"])
        self.step = state["step"]
        self.seconds = state["seconds"]
        self.training_seconds = state["training_seconds"]
        self.images = state["images"]
        self.curve = list(state["curve"])
        self._begun = state["begun"]
        self._losses = state["losses"].to(self.config.device, copy=True)
        # A version without averages kept none.
        self._evaluated.load_state_dict(state.get("evaluated", {}))
        # Nor one without diagnostics.
        self._diagnostics.load_state_dict(state.get("diagnostics", {}))

    def _count_seconds(self) -> None:
        """Add the time since the last call to ``seconds``, if an interval is under way."""
        if self._timed_from is not None:
            now = time.perf_counter()
            self.seconds += now - self._timed_from
            self._timed_from = now

    def _step(self) -> int:
        """All of a step that the device does; gives its gradient evaluations.

        It may be captured: it reads nothing of the host, and keeps to buffers that stay.
        """
        batches = [
            self._inputs.augmented(self._supply.chosen[number], self._supply.pixels(number))
            for number in range(self._recipe.batches)
        ]
        self._loss, evaluations = self._recipe.update.step(batches)
        self._losses += self._loss
        return evaluations

    def _mean_loss(self) -> float:
        """Of the interval so far; the wait for the steps under way is training too."""
        started = time.perf_counter()
        loss = self._losses.item() / max(1, self.step - self._begun)
        self.training_seconds += time.perf_counter() - started
        return loss
