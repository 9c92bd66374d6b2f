"""What a spec says of frozen features: who embeds the images, and the head that trials train."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from torch import nn

from trainables.errors import DataError, UnknownNameError
from trainables.models.classifier import BinaryClassifier
from trainables.models.elu import ELU

__all__ = ["DRAWN", "EMBEDDED", "HEADS", "OPTIONS", "Features", "of_images", "on_features"]

EMBEDDED = "features"
"""The name of the network that takes frozen features in place of images."""

HEADS = ("linear", "mlp")

DRAWN = "none"
"""In place of weights: they are drawn."""


@dataclass(frozen=True)
class Features:
    """Frozen features, and the head on them.

    Attributes:
        features: the network that embeds the images, a name as for `trainables.models.builder`.
        weights: those that it has, as for every network; ``DRAWN``: from ``seed``, for tests and as
            a baseline.
        head: "linear", or "mlp": one hidden layer of ELUs.
        hidden: units of that layer, at least 1.
        views: vectors that are kept of a training image, at least 1: of the image as it is, and of
            copies that the task's augmentation changes.
        seed: decides these copies, and weights that are drawn; at least 0.
        own: options of the network's builder, by name.
    """

    features: str
    weights: str
    head: str = "linear"
    hidden: int = 128
    views: int = 1
    seed: int = 0
    own: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "Features":
        """From the options in a spec.

        Raises:
            UnknownNameError: one that is needed is missing.
            DataError: one has a value that is not allowed.
        """
        if "weights" not in options:
            raise UnknownNameError(
                "features need weights: give a file or imagenet, or say that they are to be drawn "
                f"by `weights: {DRAWN}`."
            )
        ours = {name: value for name, value in options.items() if name in OPTIONS}
        own = {name: value for name, value in options.items() if name not in OPTIONS}
        found = cls(**ours, own=own)
        if found.head not in HEADS:
            raise DataError(f"head must be one of {', '.join(HEADS)}, not {found.head!r}.")
        for name, least in (("hidden", 1), ("views", 1), ("seed", 0)):
            value = getattr(found, name)
            if type(value) is not int or value < least:
                raise DataError(f"{name} must be a whole number of at least {least}, not {value}.")
        for name in ("features", "weights"):
            if not isinstance(getattr(found, name), str):
                raise DataError(f"{name} must be a text, not {getattr(found, name)!r}.")
        return found

    @property
    def options(self) -> dict[str, Any]:
        """Of the network that embeds: its builder's, and its weights unless they are drawn."""
        return {**self.own} if self.weights == DRAWN else {**self.own, "weights": self.weights}

    def augmentation(self, asked: str | None, of_set: str) -> str:
        """The augmentation that makes the views; "none" where there is one.

        Args:
            asked: the task's; None: what the data set asks for.
            of_set: that.

        Raises:
            DataError: there are views and nothing to make them, or the other way round.
        """
        if self.views == 1:
            if asked not in (None, "none"):
                raise DataError(
                    f"augmentation {asked} changes no image that was embedded before: ask for "
                    "views, as in `views: 8`, or leave it out."
                )
            return "none"
        found = asked or of_set
        if found == "none":
            raise DataError(
                f"{self.views} views of an image need an augmentation that makes them, and it is "
                "none: name one as the task's augmentation, or leave views out."
            )
        return found


OPTIONS = tuple(each.name for each in fields(Features) if each.name != "own")
"""Of frozen features; all others are those of the network that embeds."""


def of_images(name: str, options: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The network that sees the images, and its options: the one that is called so, or the one that
    embeds them for it.
    """
    if name != EMBEDDED:
        return name, options
    asked = Features.of(options)
    return asked.features, asked.options


def on_features(
    in_channels: int,  # noqa: ARG001 - as every builder
    image_size: int,
    *,
    head: str = HEADS[0],
    hidden: int = 128,
) -> BinaryClassifier:
    """What trials train on frozen features: a linear layer, or one hidden layer of ELUs before it.

    Args:
        in_channels: not looked at.
        image_size: numbers of a vector, at least 1.
        head: "linear" or "mlp".
        hidden: units of the hidden layer of "mlp", at least 1.
    """
    if head == "linear":
        return BinaryClassifier(nn.Identity(), nn.Linear(image_size, 1))
    layer = nn.Sequential(nn.Linear(image_size, hidden), ELU())
    return BinaryClassifier(layer, nn.Linear(hidden, 1))
