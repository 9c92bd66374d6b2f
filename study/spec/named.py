"""What a spec calls by a name and may give options: data sets and networks."""

import json
from typing import Any

from pydantic import Field, field_validator, model_serializer, model_validator

from study.spec.entries import Model
from study.words import with_options

__all__ = ["FEATURES", "OWN_DATA", "Dataset", "Network"]

OWN_DATA = ("folder", "csv", "npz", "hdf5")
"""Data sets of the user's own images, whose name is the option that says where they are."""


FEATURES = "features"
"""The network whose option of that name says which one embeds the images."""


class Network(Model):
    """A network and its options: in a spec its name alone, or ``{name: ..., OPTION: ...}``.

    Attributes:
        name: of ours, ``timm:NAME``, ``monai:NAME`` or ``package.module:object``;
            ``{features: NAME, ...}`` means the name "features" (`trainables.models.features`).
        options: plain values, by name (`trainables.options`); null is left out.
    """

    name: str
    options: dict[str, Any] = Field(default_factory=dict)

    @property
    def shown(self) -> str:
        """As tables show it: "resnet20", "resnet20 (activation relu)"."""
        return with_options(self.name, self.options)

    @model_validator(mode="before")
    @classmethod
    def _read(cls, value: object) -> object:
        if isinstance(value, str):
            return {"name": value}
        if not isinstance(value, dict) or value.keys() == {"name", "options"}:
            return value
        options = {str(key): each for key, each in value.items() if each is not None}
        return {"name": options.pop("name", None) or cls._nameless(options), "options": options}

    @classmethod
    def _nameless(cls, options: dict[str, Any]) -> str:
        """The name that ``options`` without one mean."""
        if FEATURES in options:
            return FEATURES
        raise ValueError("must have a name beside its options, as in {name: resnet20, ...}")

    @field_validator("options")
    @classmethod
    def _plain(cls, options: dict[str, Any]) -> dict[str, Any]:
        try:
            return dict(json.loads(json.dumps(options, allow_nan=False)))
        except (TypeError, ValueError):
            raise ValueError("must be text, numbers, true, false, or lists of these") from None

    @model_serializer
    def _written(self) -> str | dict[str, Any]:
        if not self.options:
            return self.name
        return self.options if self.name in self.options else {"name": self.name, **self.options}


class Dataset(Network):
    """A data set and its options, written as a `Network`.

    Attributes:
        name: of ours or ``package.module:object``; ``{folder: PATH}`` means the name "folder", and
            so with the rest of ``OWN_DATA``.
        options: a relative path among them counts from the folder of the data sets (`data_root`),
            so that a study stays the same wherever it is run from.
    """

    @classmethod
    def _nameless(cls, options: dict[str, Any]) -> str:
        own = [each for each in OWN_DATA if each in options]
        if len(own) != 1:
            raise ValueError(
                "must have a name, or say where one's own images are by one of "
                f"{', '.join(OWN_DATA)}, and {' and '.join(own) or 'none'} of these is there"
            )
        return own[0]
