"""What a trial is measured in: how much of it is done, and so when intervals and stages end.

Source of the last two: Yuan et al., ICLR 2022 (compositional training), table 5: methods that
take several passes a step are compared at equal cost too.
"""

from collections.abc import Callable
from types import MappingProxyType
from typing import Protocol

from trainables.config import TrialConfig

__all__ = ["BUDGETS", "Trial"]


class Trial(Protocol):
    """What a budget looks at.

    Attributes:
        config: the trial's config.
        steps: steps that ``config.epochs`` passes over the training set take; with batches of the
            method's own size, those that meet as many images.
        batch_size: images of a batch.
        step: steps done.
        gradient_evaluations: images that went forward and backward so far.
        training_seconds: time spent on training steps so far, without validation.
    """

    config: TrialConfig
    steps: int
    step: int
    training_seconds: float

    @property
    def batch_size(self) -> int: ...

    @property
    def gradient_evaluations(self) -> int: ...


def epochs(trial: Trial) -> float:
    """Every trial takes equally many steps, or meets as many images in batches of its own size."""
    return trial.step / trial.steps


def gradient_evaluations(trial: Trial) -> float:
    """Every trial takes as many gradient evaluations as plain descent does in its epochs.

    A step of k + 1 passes counts k + 1 times; the last one may go over by less than itself.
    """
    return trial.gradient_evaluations / (trial.steps * trial.batch_size)


def seconds(trial: Trial) -> float:
    """Every trial trains for ``config.seconds``, however fast its machine is."""
    if trial.config.seconds is None:
        raise ValueError("budget 'seconds' needs seconds, a number above 0, not None.")
    return trial.training_seconds / trial.config.seconds


BUDGETS = MappingProxyType[str, Callable[[Trial], float]](
    {"epochs": epochs, "gradient_evaluations": gradient_evaluations, "seconds": seconds}
)
"""By name: the share of a trial that is done, from 0 on."""
