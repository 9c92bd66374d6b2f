"""What is evaluated of a trial: its last weights and images, or others, as its config asks."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

from trainables.averages.best import Best
from trainables.averages.copies import Copies, as_it_is, augmented_copies
from trainables.averages.draws import TEST
from trainables.averages.options import Options
from trainables.averages.statistics import batches
from trainables.averages.weights import WeightAverage
from trainables.config import TrialConfig
from trainables.datasets.cut.task import BinaryTask
from trainables.models.branch import METADATA
from trainables.models.classifier import BinaryClassifier
from trainables.recipe import Recipe
from trainables.steps.precision import f32_products

__all__ = ["Evaluated"]


class Evaluated:
    """``TrialConfig.evaluation`` at work.

    Of metadata alone an image has no copies: `copies` gives what there is.

    Args:
        config: of the trial.
        task: on the trial's device, but for its images, which may stay on the host.
        model: there, too.
        batch_size: of the batches that it is trained with.
        augmentation: of these batches, by its name.

    Raises:
        ValueError: an option is outside of its range.
        DataError: there is nothing to augment test images by.
    """

    def __init__(
        self,
        config: TrialConfig,
        task: BinaryTask,
        model: BinaryClassifier,
        batch_size: int,
        augmentation: str,
    ) -> None:
        self._config = config
        self._options = options = Options(**config.evaluation)
        self._augmentation = augmentation
        self._best = Best(model) if options.best else None
        self._average: WeightAverage | None = None
        if options.averages:
            given = partial(batches, config, task, batch_size)
            self._average = WeightAverage(model, options, given)
        self.copies(TEST)  # refused before anything is trained

    def take(self, progress: float, recipe: Recipe) -> None:
        """To be called after each step with the share of the trial that was done before it."""
        if self._average is not None:
            self._average.take(progress, recipe.stage, recipe.evaluating())

    def validated(self, score: float) -> None:
        """To be called within ``lent`` with what the trial's validation gave."""
        if self._best is not None:
            self._best.take(score)

    @contextmanager
    def lent(
        self, recipe: Recipe, *, tested: bool = False, plainly: bool = False
    ) -> Iterator[None]:
        """Within it the model holds the weights to evaluate, and f32 products are the trial's.

        ``tested``: those that a test is of; ``plainly``: the last ones, without an average.
        """
        with f32_products(self._config.precision), recipe.evaluating():
            lent: AbstractContextManager[None] = nullcontext()
            if tested and self._best is not None:
                lent = self._best.lent()
            elif self._average is not None and not plainly:
                lent = self._average.lent()
            with lent:
                yield

    def copies(self, what: int) -> Copies:
        """What a test sees of the images of a set (of `trainables.averages.draws`)."""
        if self._options.tta is None or self._config.model == METADATA:
            return as_it_is
        return augmented_copies(
            self._options.tta, self._augmentation, self._config.order_seed, what
        )

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on bit for bit; {} of the last weights."""
        average = {} if self._average is None else self._average.state_dict()
        return average if self._best is None else average | {"best": self._best.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        if self._average is not None:
            self._average.load_state_dict(state)
        if self._best is not None:
            self._best.load_state_dict(state["best"])
