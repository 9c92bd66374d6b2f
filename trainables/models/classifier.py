"""The one shape of model that every method trains: features, then one logit an image and label."""

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from trainables.errors import UnknownNameError
from trainables.models.inside import blocks
from trainables.optimizers.lr_factors import factor_of, give_factor
from trainables.steps.compiled import compiled
from trainables.steps.precision import PRECISIONS

__all__ = ["FEATURES", "BinaryClassifier"]

FEATURES = "features"
"""Stands for all layers but the head."""


class BinaryClassifier(nn.Module):
    """Features of an image, and a linear head that turns them into one logit a label.

    Args:
        features: (B, C, H, W) float images to (B, D) embeddings.
        head: the last layer, D inputs and one output; a builder need not know of more labels,
            since a trial on L of them asks for L by `have_outputs`.
        precision: "f32"; "tf32", for which the loop lets a GPU round f32 products; or "bf16" to
            run features and head under bf16 autocast (the weights stay float32). It may be set
            later: ``model.precision = "bf16"``.
        mix_layers: layers of the features whose outputs manifold mixup may mix, each one row an
            image, by their names among ``features.named_modules()``; none: it mixes images alone.
            None: `trainables.models.inside.blocks`.
        head_init: how the weights of a head begin, this one and each that is drawn after it: called
            as ``head_init(weight, generator=generator)``, it fills them, such as
            ``nn.init.xavier_normal_``. None: this one stays as it comes, others begin as
            ``nn.Linear`` does. The bias does so in any case.

    Attributes:
        takes_metadata: of the class: it is called as model(images, metadata).
        compiled_for: batch sizes for which it runs as torch.compile makes it for a CPU, in training
            with gradients and in evaluation without; at first none.

    Raises:
        ValueError: the precision is unknown.
        UnknownNameError: there is no layer of one of the ``mix_layers``.
    """

    takes_metadata: ClassVar[bool] = False

    def __init__(
        self,
        features: nn.Module,
        head: nn.Linear,
        precision: str = "f32",
        mix_layers: Sequence[str] | None = None,
        head_init: Callable[..., object] | None = None,
    ) -> None:
        super().__init__()
        self.features = features
        self.head = head
        self.precision = precision
        self.compiled_for: frozenset[int] = frozenset()
        self._frozen: tuple[nn.Module, ...] = ()
        self._mix_layers = None if mix_layers is None else tuple(mix_layers)
        self._head_init = head_init
        self._begin_head(None)
        names = dict(features.named_modules()).keys() - {""}
        for name in self._mix_layers or ():
            if name not in names:
                near = get_close_matches(name, names, n=3)
                hint = f", such as {', '.join(near)}" if near else ""
                raise UnknownNameError(
                    f"mix_layers must be layers of the network's features{hint}, not {name!r}."
                )

    @property
    def mix_layers(self) -> tuple[str, ...]:
        """Layers of the features that manifold mixup may mix, by their names."""
        return blocks(self.features) if self._mix_layers is None else self._mix_layers

    @property
    def precision(self) -> str:
        """ "f32", "tf32" or "bf16"."""
        return self._precision

    @precision.setter
    def precision(self, value: str) -> None:
        if value not in PRECISIONS:
            raise ValueError(f"precision must be 'f32', 'tf32' or 'bf16', not {value!r}.")
        self._precision = value

    def forward(
        self,
        images: Tensor,
        metadata: Tensor | None = None,  # noqa: ARG002
    ) -> Tensor:
        """(B, C, H, W) float images to float32 logits, higher for positive: (B,) from a head of one
        output, (B, L) from one of L.

        ``metadata``, float32 (B, K), are for networks that say `takes_metadata`.
        """
        if len(images) in self.compiled_for and self.training == torch.is_grad_enabled():
            return compiled(_logits)(self, images)
        return _logits(self, images)

    def train(self, mode: bool = True) -> Self:
        """As every module's; what is frozen stays in evaluation, its BatchNorm as it was."""
        super().train(mode)
        for each in self._frozen:
            each.training = False
        return self

    def freeze(self, until: str) -> None:
        """Keep the features as they are, or their layers before one: these get no gradient, and
        stay in evaluation.

        Args:
            until: ``FEATURES``: all of them; or the first layer that is trained, by its name among
                ``features.named_modules()``.

        Raises:
            UnknownNameError: there is no such layer, or none before it has weights.
        """
        before = self._layers(until)
        weights = [weight for _, each in before for weight in each.parameters(recurse=False)]
        if not weights:
            raise UnknownNameError(
                f"freeze: {until} would keep nothing as it is: name a later layer, or leave it out."
            )
        for weight in weights:
            weight.requires_grad_(False)
        self._frozen = tuple(
            each for name, each in before if until == FEATURES or not _holds(name, until)
        )
        self.train(self.training)

    def _layers(self, until: str) -> list[tuple[str, nn.Module]]:
        """The layers of the features that come before one, with their names."""
        every = list(self.features.named_modules())
        if until == FEATURES:
            return every
        names = [name for name, _ in every]
        if until not in names[1:]:
            near = get_close_matches(until, names[1:], n=3) or names[1:4]
            raise UnknownNameError(
                f"freeze must be {FEATURES} or a layer of the network, such as {', '.join(near)}, "
                f"not {until!r}."
            )
        return every[: names.index(until)]

    def have_outputs(self, outputs: int) -> None:
        """Give so many logits an image: a head of one output is replaced by a new one, drawn from
        torch's global generator as ``head_init`` says. One that has so many stays.

        Raises:
            ValueError: the head has neither one output nor so many.
        """
        if self.head.out_features == outputs:
            return
        if self.head.out_features != 1:
            raise ValueError(
                f"the head must give one logit an image, not {self.head.out_features}: "
                "build it with nn.Linear(D, 1)."
            )
        like, factor = self.head.weight, factor_of(self.head.weight)
        self.head = nn.Linear(
            self.head.in_features,
            outputs,
            bias=self.head.bias is not None,
            device=like.device,
            dtype=like.dtype,
        )
        self._begin_head(None)
        for weight in self.head.parameters():
            give_factor(weight, factor)

    @torch.no_grad()
    def reset_head(self, generator: torch.Generator | None = None) -> None:
        """Draw the last layer anew, as ``nn.Linear`` begins, uniform to 1 / sqrt(D) either way, or
        as ``head_init`` says.

        ``generator`` is on the model's device; None: torch's global one.
        """
        bound = self.head.in_features**-0.5
        for each in self.head.parameters():
            each.uniform_(-bound, bound, generator=generator)
        self._begin_head(generator)

    def _begin_head(self, generator: torch.Generator | None) -> None:
        if self._head_init is not None:
            self._head_init(self.head.weight, generator=generator)


def _holds(name: str, layer: str) -> bool:
    """The module of that name is a layer's parent, or a parent's parent."""
    return not name or layer.startswith(f"{name}.")


def _logits(model: nn.Module, images: Tensor) -> Tensor:
    assert isinstance(model, BinaryClassifier)
    if model.precision != "bf16":
        logits: Tensor = model.head(model.features(images))
        return logits.squeeze(1)
    with torch.autocast(images.device.type, dtype=torch.bfloat16):
        logits = model.head(model.features(images))
    return logits.squeeze(1).float()
