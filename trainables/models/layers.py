"""How fast the layers of a network train: factors of the method's learning rate, by layer."""

import math
from collections.abc import Callable, Iterator
from typing import Any

from torch import nn

from trainables.errors import DataError
from trainables.models.classifier import BinaryClassifier
from trainables.models.parts import parts_of
from trainables.optimizers.lr_factors import give_factor

__all__ = ["layers", "rate_layers"]


def rate_layers(
    model: BinaryClassifier, head_lr_factor: float | None, layer_lr_decay: float | None
) -> None:
    """Give the model's parameters their factors of whatever learning rate a method has.

    Source of the decay: Clark et al., "ELECTRA", ICLR 2020; Bao et al., "BEiT", ICLR 2022.

    Args:
        model: with all that is frozen frozen.
        head_lr_factor: of the head, above 0; None: 1.
        layer_lr_decay: in (0, 1]: the layer of the features nearest the head (`layers`) has the
            method's rate, each one before it that of the layer after it times this; None: 1.

    Raises:
        DataError: one is out of its range, or there is a decay and no layer of the features trains.
    """
    if head_lr_factor is not None:
        _refuse_unless(
            _is_number(head_lr_factor) and head_lr_factor > 0,
            f"head_lr_factor must be a number above 0, by which the head learns faster than the "
            f"rest, not {head_lr_factor!r}.",
        )
        for weight in model.head.parameters():
            give_factor(weight, float(head_lr_factor))
    if layer_lr_decay is not None:
        _refuse_unless(
            _is_number(layer_lr_decay) and 0 < layer_lr_decay <= 1,
            f"layer_lr_decay must be a number in (0, 1], by which a layer learns slower than the "
            f"one after it, not {layer_lr_decay!r}.",
        )
        weights = dict(model.features.named_parameters())
        _refuse_unless(
            any(weight.requires_grad for weight in weights.values()),
            "layer_lr_decay needs layers before the head that are trained, and there are none: "
            "leave it out, or freeze less.",
        )
        numbers = layers(model.features)
        last = max(numbers.values())
        for name, weight in weights.items():
            give_factor(weight, float(layer_lr_decay) ** (last - numbers[name]))


def layers(features: nn.Module) -> dict[str, int]:
    """The layer of each parameter, from 0 at the image.

    timm's networks say it themselves (``group_matcher``). Of others a layer is every module that
    has weights and is reached through ``nn.Sequential`` and ``nn.ModuleList`` alone, in their
    order: a convolution of the stem, or a block. One of vectors alone, such as BatchNorm, belongs
    to the layer before it, and a parameter in no module (a class token) to the first.
    """
    matcher: Callable[..., Any] | None = getattr(features, "group_matcher", None)
    if matcher is not None:
        from timm.models import group_parameters

        found: dict[str, int] = group_parameters(features, matcher(coarse=False), reverse=True)
        return found
    numbers: dict[str, int] = {}
    begun = 0
    for path, part in parts_of(features, _chained):
        begun += any(weight.dim() > 1 for weight in part.parameters())
        for name, _ in part.named_parameters():
            numbers[f"{path}.{name}"] = max(begun - 1, 0)
    return {name: numbers.get(name, 0) for name, _ in features.named_parameters()}


def _chained(module: nn.Module, path: str) -> Iterator[tuple[str, nn.Module]]:
    for name, child in module.named_children():
        if next(child.parameters(), None) is None:
            continue
        if type(child) in (nn.Sequential, nn.ModuleList):
            yield from _chained(child, f"{path}{name}.")
        else:
            yield f"{path}{name}", child


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _refuse_unless(sound: bool, sentence: str) -> None:
    if not sound:
        raise DataError(sentence)
