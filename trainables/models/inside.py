"""Mixing at the outputs of a network's layers, in one call of it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from trainables.errors import DataError
from trainables.models.parts import parts_of

__all__ = ["Inside", "Mixable", "MixedInside", "blocks", "mixed_inside"]


class Inside(NamedTuple):
    """Which rows of a layer's output are mixed, and how.

    Attributes:
        others: int64 (B,), what each row is mixed with.
        shares: (K, B) or (K, 1) in [0, 1], of each of K layers what is kept of a row; 1: all.
    """

    others: Tensor
    shares: Tensor


class MixedInside(tuple[Tensor, ...]):
    """What a network is called with, and what is mixed at its layers in that call."""

    inside: Inside

    def __new__(cls, inputs: tuple[Tensor, ...], inside: Inside) -> "MixedInside":
        """The inputs, as a tuple."""
        found = super().__new__(cls, inputs)
        found.inside = inside
        return found


class Mixable(Protocol):
    """A network whose layers may be mixed, such as a `BinaryClassifier`."""

    compiled_for: frozenset[int]

    @property
    def features(self) -> nn.Module:
        """All layers but the last."""
        ...

    @property
    def mix_layers(self) -> tuple[str, ...]:
        """Of ``features``, by their names."""
        ...


def blocks(features: nn.Module) -> tuple[str, ...]:
    """The outermost blocks of a network's features but the last, behind which comes the head.

    Those are the modules with weights that hold others, such as the four layers of a ResNet; where
    there are none, each module with a matrix of weights. Of a module around a network they are that
    network's.
    """
    found = parts_of(features, _weighty)
    holding = [name for name, each in found if any(True for _ in each.children())]
    names = holding or [name for name, _ in found]
    return tuple(names[:-1])


def _weighty(module: nn.Module, path: str) -> list[tuple[str, nn.Module]]:
    return [
        (f"{path}{name}", child)
        for name, child in module.named_children()
        if any(weight.dim() > 1 for weight in child.parameters())
    ]


@contextmanager
def mixed_inside(network: nn.Module, inside: Inside) -> Iterator[None]:
    """Within it a call of the network mixes the outputs of its `mix_layers`, the k-th of them by
    the k-th of ``inside.shares``.

    Raises:
        DataError: a layer gives something else than a row an image.
        RuntimeError: the network is compiled, which would pass by what is done here.
    """
    model: Mixable = network  # type: ignore[assignment]
    if model.compiled_for:
        raise RuntimeError(
            "a compiled network cannot be mixed inside: the method must deny `compilable`."
        )
    with ExitStack() as hooks:
        for name, share in zip(model.mix_layers, inside.shares, strict=True):
            layer = model.features.get_submodule(name)
            handle = layer.register_forward_hook(_mixing(name, inside.others, share))
            hooks.callback(handle.remove)
        yield


def _mixing(name: str, others: Tensor, share: Tensor) -> Callable[[nn.Module, Any, Any], Tensor]:
    def mix(layer: nn.Module, given: Any, output: Any) -> Tensor:  # noqa: ARG001
        if not isinstance(output, Tensor) or len(output) != len(others):
            raise DataError(
                f"a layer that is mixed must give one row an image, and {name} gives something "
                "else: name others as the network's mix_layers, or take another mix."
            )
        kept = share.to(output.dtype).view(-1, *[1] * (output.dim() - 1))
        # At a share of 1 it is the output itself, bit for bit, and so is the gradient.
        return torch.lerp(output[others], output, kept)

    return mix
