"""Where a hyperparameter is searched, and where a profile moves it: entries of a spec."""

from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from study.spec.values import CountFromTwo, Number, Plain, Positive, unique

__all__ = ["Choices", "Grid", "Model", "ProfileEntry", "SpaceEntry", "Span"]


def _values_kind(value: object) -> str:
    return "grid" if isinstance(value, Grid | dict) else "listed"


def _entry_kind(value: object) -> str:
    if isinstance(value, Choices) or (isinstance(value, dict) and "choices" in value):
        return "choices"
    return "span" if isinstance(value, Span | dict) else "value"


class Model(BaseModel):
    """Frozen; refuses unknown keys, and takes a null for what was left out."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _null_means_default(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        return {k: v for k, v in data.items() if v is not None or k not in cls.model_fields}


class Span(Model):
    """Search between ``low`` and ``high``, both included.

    ``log`` left out means: as in the method's own search space, else linear. ``step`` makes a
    grid that begins at ``low``; it excludes ``log``.
    """

    low: Number
    high: Number
    log: bool | None = None
    step: Positive | None = None

    @model_validator(mode="after")
    def _sound(self) -> "Span":
        if self.low >= self.high:
            raise ValueError(f"low must be below high, but {self.low:g} is not below {self.high:g}")
        if self.log and self.step is not None:
            raise ValueError("log and step exclude each other: leave one of them out")
        if self.step and (self.low + self.step == self.low or self.high - self.step == self.high):
            raise ValueError(
                "step must be large enough to tell two values of the range apart, and "
                f"{self.step:g} from {self.low:g} to {self.high:g} is not"
            )
        if self.log and self.low <= 0:
            raise ValueError(f"a log range must begin above 0, not at {self.low:g}")
        return self


class Choices(Model):
    """Search among the given values."""

    choices: Annotated[list[Plain], Field(min_length=1), AfterValidator(unique)]


SpaceEntry = Annotated[
    Annotated[Span, Tag("span")]
    | Annotated[Choices, Tag("choices")]
    | Annotated[Plain, Tag("value")],
    Discriminator(_entry_kind),
]


class Grid(Model):
    """So many values from ``low`` to ``high``, both included, evenly apart.

    ``log`` left out means: as in the method's own search space, else linear.
    """

    low: Number
    high: Number
    points: CountFromTwo
    log: bool | None = None

    @model_validator(mode="after")
    def _sound(self) -> "Grid":
        if self.low >= self.high:
            raise ValueError(f"low must be below high, but {self.low:g} is not below {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError(f"a log grid must begin above 0, not at {self.low:g}")
        return self


Listed = Annotated[list[Plain], Field(min_length=1), AfterValidator(unique)]
ProfileEntry = Annotated[
    Annotated[Grid, Tag("grid")] | Annotated[Listed, Tag("listed")], Discriminator(_values_kind)
]
