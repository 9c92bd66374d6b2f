"""The one loop that trains every method: interval by interval, on the device, without Ray."""

import math
import time
from collections.abc import Callable, Iterable
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trainables.averages import draws
from trainables.averages.copies import Copies, as_it_is, mean
from trainables.averages.evaluated import Evaluated
from trainables.batches.sampling import BatchSampler
from trainables.batches.supply import Ahead, Resident, Supply, in_advance
from trainables.batches.vectors import inputs_of
from trainables.branch_after import recipe_of
from trainables.budget import BUDGETS
from trainables.config import TrialConfig
from trainables.data_memory import data_memory
from trainables.datasets.images import Images
from trainables.errors import DivergedError
from trainables.evaluation import tested, validated, without
from trainables.features.task import task_of
from trainables.method import Method
from trainables.methods import METHODS
from trainables.models import network
from trainables.models.branch import AFTER, METADATA, refuse_none
from trainables.names import resolve
from trainables.recipe import Batch, Context
from trainables.steps.compiled import compile_now
from trainables.steps.execution import EXECUTIONS
from trainables.steps.own_draws import OwnDraws
from trainables.steps.pace import Pace
from trainables.steps.precision import f32_products

__all__ = ["EVALUATION_BATCH", "EXPLODED", "TrainingRun"]

EVALUATION_BATCH = 500
"""Images in one evaluation batch: large enough to be fast, small enough for any memory."""

_SECOND_DERIVATIVES = "the method needs second derivatives, and a compiled network has none"

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
        # Of metadata alone no image is ever looked at.
        memory_of_images = 0 if config.model == METADATA else memory
        self._task = task_of(config, memory_of_images, embed=embed)
        columns = len(self._task.columns)
        if config.model == METADATA:
            refuse_none("model: metadata", columns)
            self._task = self._task.of_metadata()
        targets = self._task.train_targets
        self._labels = 1 if targets.dim() == 1 else targets.shape[1]
        shape = self._task.train_images.shape
        channels, size = shape[0], shape[-1]
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(config.init_seed)
            root = Path(config.data_root)
            self._model = network(config.model, config.network, channels, size, root, columns)
            self._model.have_outputs(self._labels)
        self._model.to(device)

        seeds = np.random.SeedSequence(config.order_seed).generate_state(6, np.uint64) >> 1
        order_1, order_2, self._augment_generator, self._method_generator = (
            torch.Generator(device).manual_seed(int(seed)) for seed in seeds[:4]
        )
        self._inputs = inputs_of(config, self._task, self._augment_generator)
        self._model.precision = config.precision
        self._model.to(memory_format=self._inputs.layout)
        self._probe_seed = int(seeds[4])
        self._draws = OwnDraws(device, int(seeds[5]))
        method = resolve("method", METHODS, config.method)(**config.params)
        soft = bool(((targets > 0) & (targets < 1)).any())
        method.refuse_labels(self._labels, soft, self._task.classes)
        # Two independent streams of batches: compositional training wants S1 and S2.
        self._samplers = [
            BatchSampler(
                len(targets) if config.positive_rate is None else targets,
                method.images_a_batch(config.batch_size),
                generator,
                config.positive_rate,
            )
            for generator in (order_1, order_2)
        ]
        # As many images as batches of the task's size hold, whatever the method's own hold.
        of_task = min(config.batch_size, len(targets))
        in_all = config.epochs * (len(targets) // of_task) * of_task
        self.steps = max(1, round(in_all / self.batch_size))
        self._budget = resolve("budget", BUDGETS, config.budget)
        # The loss must know the share that it meets: with another one the margin's term outweighs
        # the scores and alpha falls to 0.
        self._prior = config.positive_rate or self._task.prior
        self._recipe = recipe_of(
            method,
            Context(
                model=self._model,
                prior=self._prior,
                generator=self._method_generator,
                images=len(targets),
                positives=tuple((targets > 0.5).view(-1, self._labels).sum(0).tolist()),
                outputs=self._labels,
                classes=self._task.classes,
            ),
        )
        # All that a step reads of the host: which images it trains on, and what does not fit.
        self._fits = self._task.image_bytes <= memory
        supply = Resident if self._fits else Ahead
        self._supply: Supply = supply(self._task.train_images, self._samplers, device)
        self._execution = resolve("execution", EXECUTIONS, config.execution)(
            self._model, self._generators
        )
        self._evaluated = Evaluated(
            config, self._task, self._model, self.batch_size, self._inputs.augmentation
        )
        if config.compile:
            self._compile(method)
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
        if self.config.compile:
            return "compiled" if self._model.compiled_for else f"eager: {_SECOND_DERIVATIVES}"
        return self._execution.way

    def train_interval(self, after_step: Callable[[], None] = lambda: None) -> dict[str, float]:
        """Train up to the next validation and validate.

        Args:
            after_step: called after every step, when ``state_dict()`` is whole.

        Returns:
            {"interval", "loss" (mean over the interval), "seconds" and "gradient_evaluations" (both
            since the start of the trial)}, what `trainables.evaluation.validated` gives, such as
            "val_auroc", and the method's own figures, if it has any.

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
        found = validated(self._task, self._val_scores(), self.config.select)
        figures = self._figures()
        self._count_seconds()
        result = {
            "interval": self.interval + 1,
            **found,
            "loss": loss,
            "seconds": self.seconds,
            "gradient_evaluations": self.gradient_evaluations,
            **figures,
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
        return validated(self._task, self._val_scores(), self.config.select)["val_auroc"]

    def _val_scores(self) -> Tensor:
        with self._evaluated.lent(self._recipe):
            scores = self._outputs(self._model, self._task.val_images, self._task.val_metadata)
        if not bool(torch.isfinite(scores).all()):
            raise DivergedError(
                "Scores must be finite; a validation score was not in interval "
                f"{self.interval + 1}. Lower the learning rate."
            )
        return scores

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
            last step and the images as they are; "embeddings": float32 (N, D) if asked for.

        Raises:
            DivergedError: a test score is not finite.
        """
        task, model, evaluated = self._task, self._model, self._evaluated
        of_test = (model, task.test_images, task.test_metadata)
        of_validation = (model, task.val_images, task.val_metadata)
        with evaluated.lent(self._recipe):
            scores = self._outputs(*of_test, evaluated.copies(draws.TEST), beat)
            # Again rather than kept since the last interval, which a checkpoint does not hold.
            val_scores = self._outputs(*of_validation, evaluated.copies(draws.VALIDATION), beat)
            features = self._outputs(model.features, task.test_images) if embeddings else None
        _refuse_infinite(scores)
        found = tested(task, scores, val_scores)
        if self.config.evaluation:
            with evaluated.lent(self._recipe, plainly=True):
                plain = self._outputs(*of_test, beat=beat)
            _refuse_infinite(plain)
            found |= without(task, plain)
        if features is not None:
            found["embeddings"] = features.float().cpu().numpy()
        return found

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

    @property
    def _generators(self) -> tuple[torch.Generator, torch.Generator]:
        return self._augment_generator, self._method_generator

    def _count_seconds(self) -> None:
        """Add the time since the last call to ``seconds``, if an interval is under way."""
        if self._timed_from is not None:
            now = time.perf_counter()
            self.seconds += now - self._timed_from
            self._timed_from = now

    def _compile(self, method: Method) -> None:
        if self.config.device != "cpu":
            raise ValueError(
                "compile: true is for trials on a CPU; on a GPU `execution` captures a step."
            )
        if not method.compilable:
            return
        self._model.compiled_for = frozenset({self.batch_size, EVALUATION_BATCH})
        compile_now(self._model, *self._first(self.batch_size))
        sizes = set[int]()
        if max(len(self._task.val_images), len(self._task.test_images)) >= EVALUATION_BATCH:
            # What is left over of an evaluation is eager: it comes in more sizes than would pay.
            sizes.add(EVALUATION_BATCH)
        if self.config.network.get("branch") == AFTER:
            sizes.add(self.batch_size)  # of the image network, once it is kept as it is
        self._model.eval()
        for size in sizes:
            compile_now(self._model, *self._first(size))
        self._model.train()

    def _first(self, times: int) -> tuple[Tensor, ...]:
        """The first training image so many times, as the network takes a batch."""
        return self._inputs.plain(torch.zeros(times, dtype=torch.int64)).inputs

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

    def _figures(self) -> dict[str, float]:
        """The method's own, with the model in evaluation."""
        self._model.eval()
        with f32_products(self.config.precision):
            figures = self._recipe.metrics(self._probe)
        self._model.train()
        return figures

    def _probe(self) -> Batch:
        """A training batch, always the same: as many positives as usual, not augmented."""
        task = self._task
        generator = torch.Generator(self.config.device).manual_seed(self._probe_seed)
        size = max(2, self.config.batch_size)
        # Several labels have no one share to keep.
        rate = self._prior if isinstance(self._prior, float) else None
        return self._inputs.plain(BatchSampler(task.train_targets, size, generator, rate).draw())

    @torch.no_grad()
    def _outputs(
        self,
        network: nn.Module,
        images: Images,
        metadata: Tensor | None = None,
        copies: Copies = as_it_is,
        beat: Callable[[], None] = lambda: None,
    ) -> Tensor:
        """What ``network``, the model or a part of it, gives for all ``images``.

        The model takes their ``metadata`` (n, K) besides, if it takes any. To be called within
        ``self._evaluated.lent``.
        """
        parts = images.split(EVALUATION_BATCH)
        if not self._fits:
            parts = (part.to(self.config.device) for part in in_advance(parts))
        rows: Iterable[tuple[Tensor, ...]] = repeat(())
        if metadata is not None and self._model.takes_metadata:
            rows = zip(metadata.split(EVALUATION_BATCH), strict=True)

        def output(pixels: Tensor, beside: tuple[Tensor, ...]) -> Tensor:
            beat()
            found: Tensor = network(self._inputs.normalised(pixels), *beside)
            return found

        self._model.eval()
        outputs = [
            mean(output(each, beside) for each in copies(part))
            for part, beside in zip(parts, rows, strict=False)
        ]
        self._model.train()
        return torch.cat(outputs)


def _refuse_infinite(scores: Tensor) -> None:
    if not bool(torch.isfinite(scores).all()):
        raise DivergedError("Scores must be finite; a test score was not.")
