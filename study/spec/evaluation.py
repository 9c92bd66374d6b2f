"""What evaluations go by beside a trial's last weights and the images as they are."""

from typing import Annotated, Any

from pydantic import AfterValidator, model_serializer, model_validator

from study.spec.entries import Model
from study.spec.values import CountFromTwo, Number

__all__ = ["Evaluation"]


def _decay(value: float) -> float:
    if not 0 < value < 1:
        raise ValueError("must be above 0 and below 1, such as 0.999")
    return value


def _end(value: float) -> float:
    if not 0 < value <= 1:
        raise ValueError("must be above 0 and at most 1, the share of a trial at its end")
    return value


class Evaluation(Model):
    """Options of evaluations; a null leaves one out.

    Attributes:
        tta: augmented copies of each image of the test, whose scores are averaged.
        ema: decay of the moving average of the weights that is evaluated.
        swa: share of a trial, its end, over which the weights that are evaluated are averaged
            equally; not with ``ema``.
        best: a trial is tested with the weights of its highest validation, which is also what it
            is selected by, not with those of its last.
    """

    tta: CountFromTwo | None = None
    ema: Annotated[Number, AfterValidator(_decay)] | None = None
    swa: Annotated[Number, AfterValidator(_end)] | None = None
    best: bool = False

    @model_validator(mode="after")
    def _one_average(self) -> "Evaluation":
        if self.ema is not None and self.swa is not None:
            raise ValueError(
                "ema and swa exclude each other, since one set of weights is evaluated: leave one "
                "of them out"
            )
        return self

    @model_serializer
    def _written(self) -> dict[str, Any]:
        """What is asked for alone, as plans and trials have it."""
        return {name: value for name, value in vars(self).items() if value not in (None, False)}
