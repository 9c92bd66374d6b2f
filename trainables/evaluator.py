"""Evaluates a trial on its device: its sets, and its method's own figures."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import torch
from torch import Tensor, nn

from trainables.averages import draws
from trainables.averages.copies import Copies, as_it_is, mean
from trainables.averages.evaluated import Evaluated
from trainables.batches.inputs import Inputs
from trainables.batches.supply import in_advance
from trainables.config import TrialConfig
from trainables.datasets.cut.task import BinaryTask
from trainables.datasets.images import Images
from trainables.errors import DivergedError
from trainables.evaluation import tested, validated, without
from trainables.models.classifier import BinaryClassifier
from trainables.recipe import Batch, Recipe
from trainables.steps.precision import f32_products

__all__ = ["Evaluator"]


@dataclass(frozen=True)
class Evaluator:
    """The parts of a trial that it evaluates; it changes none of them, but tells ``evaluated``
    what a validation gave.

    Attributes:
        config: of the trial.
        task: on the trial's device, but for its images, which may stay on the host.
        model: there, in training, as it is again after each evaluation.
        recipe: that trains it.
        inputs: what the model takes of images.
        evaluated: which weights, and which copies of the test images.
        probe: gives the batch that a method's own figures are of.
        batch: images in one evaluation batch.
        fits: all images lie on the device.
    """

    config: TrialConfig
    task: BinaryTask
    model: BinaryClassifier
    recipe: Recipe
    inputs: Inputs
    evaluated: Evaluated
    probe: Callable[[], Batch]
    batch: int
    fits: bool

    def validation(self, interval: int) -> dict[str, float]:
        """What `trainables.evaluation.validated` gives, in the interval of that number.

        Raises:
            DivergedError: a score is not finite.
        """
        task = self.task
        with self.evaluated.lent(self.recipe):
            scores = self.outputs(self.model, task.val_images, task.val_metadata)
            _refuse_infinite(
                scores,
                f"a validation score was not in interval {interval}. Lower the learning rate.",
            )
            found = validated(task, scores, self.config.select)
            self.evaluated.validated(found[f"val_{self.config.select}"])
        return found

    def test(
        self, *, embeddings: bool = False, beat: Callable[[], None] = lambda: None
    ) -> dict[str, Any]:
        """See `trainables.loop.TrainingRun.test`."""
        task, model, evaluated = self.task, self.model, self.evaluated
        of_test = (model, task.test_images, task.test_metadata)
        of_validation = (model, task.val_images, task.val_metadata)
        with evaluated.lent(self.recipe, tested=True):
            scores = self.outputs(*of_test, evaluated.copies(draws.TEST), beat)
            # Again rather than kept since its interval, which a checkpoint does not hold.
            val_scores = self.outputs(*of_validation, evaluated.copies(draws.VALIDATION), beat)
            features = self.outputs(model.features, task.test_images) if embeddings else None
        _refuse_infinite(scores, "a test score was not.")
        found = tested(task, scores, val_scores)
        if self.config.evaluation:
            with evaluated.lent(self.recipe, plainly=True):
                plain = self.outputs(*of_test, beat=beat)
            _refuse_infinite(plain, "a test score was not.")
            found |= without(task, plain)
        if features is not None:
            found["embeddings"] = features.float().cpu().numpy()
        return found

    def own_figures(self) -> dict[str, float]:
        """The method's own, with the model in evaluation."""
        self.model.eval()
        with f32_products(self.config.precision):
            figures = self.recipe.metrics(self.probe)
        self.model.train()
        return figures

    @torch.no_grad()
    def outputs(
        self,
        network: nn.Module,
        images: Images,
        metadata: Tensor | None = None,
        copies: Copies = as_it_is,
        beat: Callable[[], None] = lambda: None,
    ) -> Tensor:
        """What ``network``, the model or a part of it, gives for all ``images``.

        The model takes their ``metadata`` (n, K) besides, if it takes any. To be called within
        ``evaluated.lent``.
        """
        parts = images.split(self.batch)
        if not self.fits:
            parts = (part.to(self.config.device) for part in in_advance(parts))
        rows: Iterable[tuple[Tensor, ...]] = repeat(())
        if metadata is not None and self.model.takes_metadata:
            rows = zip(metadata.split(self.batch), strict=True)

        def output(pixels: Tensor, beside: tuple[Tensor, ...]) -> Tensor:
            beat()
            found: Tensor = network(self.inputs.normalised(pixels), *beside)
            return found

        self.model.eval()
        outputs = [
            mean(output(each, beside) for each in copies(part))
            for part, beside in zip(parts, rows, strict=False)
        ]
        self.model.train()
        return torch.cat(outputs)


def _refuse_infinite(scores: Tensor, but: str) -> None:
    if not bool(torch.isfinite(scores).all()):
        raise DivergedError(f"Scores must be finite; {but}")
