"""What all methods of soft labels share: how the images of a batch are mixed."""

from dataclasses import dataclass

from torch import Tensor

from trainables.batches.mixes import BALANCED, MANIFOLD, MIXES, NONE, REMIX, balanced_mixup, remix
from trainables.errors import DataError
from trainables.hyperparameters import listed_last
from trainables.method import Method
from trainables.methods import fields
from trainables.recipe import Context
from trainables.updates import Mix

__all__ = ["MixingMethod"]

_OF_IMAGES = {"cutmix": (3, 4), "ricap": (3,)}
"""Axes of an image that a mix cuts, (C, H, W) or (C, D, H, W); others take all."""


@dataclass(frozen=True)
class MixingMethod(Method):
    """A method whose loss takes labels between 0 and 1, so that its images may be mixed."""

    mix: str = listed_last(fields.mix())
    mixup_alpha: float = listed_last(fields.mixup_alpha())
    mixup_draw: str = listed_last(fields.mixup_draw())

    def mixing(self, context: Context) -> Mix:
        """What is done to each batch: the mix that ``mix`` names."""
        return MIXES[self.mix](self.mixup_alpha, self.mixup_draw == "sample", context)

    @property
    def compilable(self) -> bool:
        """Not where layers are mixed, which a compiled network passes by."""
        return super().compilable and self.mix != MANIFOLD

    @property
    def wants_partners(self) -> bool:
        """For `trainables.batches.mixes.balanced_mixup`."""
        return self.mix == BALANCED

    def share_met(self, drawn: float | Tensor, classes: bool = False) -> float | Tensor:
        """After mixing: two mixes change it, `balanced_mixup` and `remix`."""
        if self.mix == REMIX:
            return remix.share_met(drawn, self.mixup_alpha, classes)
        if self.mix == BALANCED and not isinstance(drawn, Tensor):
            return balanced_mixup.share_met(drawn, self.mixup_alpha)
        return drawn

    def refuse_labels(self, labels: int, soft: bool = False, classes: bool = False) -> None:
        """Of several labels or classes, `balanced_mixup` too: it draws from two classes."""
        super().refuse_labels(labels, soft, classes)
        if labels > 1 and self.mix == BALANCED:
            found = (
                f"this task has {labels} (long_tail):"
                if classes
                else f"an image here has {labels} labels: name one in the data set's `labels`, or"
            )
            raise DataError(
                f"mix {BALANCED} draws images evenly from two classes, and {found} take another "
                "mix."
            )

    def refuse_images(self, axes: int) -> None:
        """Of what is no image, mixes that cut one."""
        super().refuse_images(axes)
        if axes not in _OF_IMAGES.get(self.mix, (axes,)):
            others = ", ".join(
                name for name in MIXES if name != NONE and axes in _OF_IMAGES.get(name, (axes,))
            )
            what = {1: "vectors", 2: "views, which are vectors,"}.get(axes, "volumes")
            raise DataError(
                f"mix {self.mix} cuts images (C, H, W), and these are {what}: take one of {others}."
            )
