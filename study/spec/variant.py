"""The methods of a study: as they are, or as variants under names of their own."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_serializer, model_validator

from study.spec.entries import Model
from study.spec.values import Plain, safe_name, unique

__all__ = ["MODEL", "Variant", "Variants"]

MODEL = "model"
"""In ``space``, beside the methods: stands for the networks, whose options follow."""


class Variant(Model):
    """A method as the study runs it: as it is, under its own name, or a variant of it.

    Attributes:
        name: what the study calls it; of a method as it is, the method's own.
        method: a name of ours or ``package.module:object``.
        set: hyperparameters that make the variant, at their values.
    """

    name: str
    method: str
    set: dict[str, Plain] = Field(default_factory=dict)

    @property
    def plain(self) -> bool:
        """It is the method as it is."""
        return self.name == self.method

    @model_validator(mode="after")
    def _sound(self) -> "Variant":
        if not self.plain:
            try:
                safe_name(self.name)
            except ValueError as error:
                raise ValueError(f"name {error}, not {self.name!r}") from None
        elif self.set:
            raise ValueError(
                f"a variant must have a name of its own, not that of its method, {self.name}"
            )
        return self

    @model_serializer
    def _written(self) -> str | dict[str, Any]:
        if self.plain:
            return self.name
        return {"name": self.name, "method": self.method, "set": self.set}


def _variant(value: object) -> object:
    if isinstance(value, str):
        return {"name": value, "method": value}
    if not isinstance(value, dict | Variant):
        raise ValueError("must be a method's name, or {name: ..., method: ..., set: {...}}")
    return value


def _distinct(variants: "list[Variant]") -> "list[Variant]":
    unique([variant.name for variant in variants])
    if any(variant.name == MODEL for variant in variants):
        raise ValueError(
            f"must not hold a method or variant called {MODEL!r}, which in `space` stands for the "
            "options of networks: give it another name"
        )
    return variants


Variants = Annotated[
    list[Annotated[Variant, BeforeValidator(_variant)]],
    Field(min_length=1),
    AfterValidator(_distinct),
]
"""Of one study."""
