"""What a trial's evaluations go by besides its last weights and its images as they are."""

from dataclasses import dataclass

__all__ = ["Options"]


@dataclass(frozen=True)
class Options:
    """The options of ``TrialConfig.evaluation``; each is off where it is None or false.

    Attributes:
        tta: augmented copies of each image, 2 or more, whose logits are averaged
            (`trainables.averages.copies`).
        ema: decay of an exponential moving average of the weights, in (0, 1).
        swa: share of the trial, its end, in (0, 1], over which the weights are averaged equally
            (`trainables.averages.weights`); not with ``ema``.
        best: the test is of the weights of the highest validation, not of the last
            (`trainables.averages.best`).

    Raises:
        ValueError: a number is outside of its range, or there are both averages.
    """

    tta: int | None = None
    ema: float | None = None
    swa: float | None = None
    best: bool = False

    def __post_init__(self) -> None:
        if self.tta is not None and not self.tta >= 2:
            raise ValueError(f"evaluation.tta must be at least 2 copies, not {self.tta!r}.")
        if self.ema is not None and not 0 < self.ema < 1:
            raise ValueError(f"evaluation.ema must be above 0 and below 1, not {self.ema!r}.")
        if self.swa is not None and not 0 < self.swa <= 1:
            raise ValueError(f"evaluation.swa must be above 0 and at most 1, not {self.swa!r}.")
        if self.ema is not None and self.swa is not None:
            raise ValueError("evaluation.ema and evaluation.swa exclude each other: leave one out.")

    @property
    def averages(self) -> bool:
        """Weights are averaged."""
        return self.ema is not None or self.swa is not None
