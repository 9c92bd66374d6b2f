"""CT-CE: compositional training with a cross entropy for imbalanced classes outside, with PDSCA.

Yuan et al., ICLR 2022, appendix D, does so for long-tailed classes, without a dual variable. The
appendix was not at hand: the outer losses are those that it is known to have, as their own papers
define them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor, nn

from trainables.methods.api import (
    LABELS_AND_CLASSES,
    ClassBalancedCELoss,
    Context,
    FocalLoss,
    LDAMLoss,
    PDSCAMethod,
    Recipe,
    SoftmaxCELoss,
    SoftmaxFocalLoss,
    SoftmaxLDAMLoss,
    SoftmaxVSLoss,
    VSLoss,
    class_weights,
    fields,
    hyperparameter,
    listed_after,
)

__all__ = ["CTCE"]


@dataclass(frozen=True)
class CTCE(PDSCAMethod):
    """Inner CE, outer a cross entropy for imbalanced classes, PDSCA without a dual variable."""

    SOURCE = f"{fields.C}, appendix D"
    TARGETS = LABELS_AND_CLASSES
    SOFT = False

    outer: str = listed_after(
        "lr",
        hyperparameter(
            "weighted_ce",
            help="the outer loss",
            source=f"{fields.C}, appendix D",
            choices=("weighted_ce", "ldam", "focal", "balanced_softmax"),
        ),
    )
    class_beta: float = listed_after("outer", fields.class_beta(0.9999))
    max_margin: float = listed_after("class_beta", fields.max_margin())
    focal_alpha: float = listed_after("max_margin", fields.focal_alpha())
    focal_gamma: float = listed_after("focal_alpha", fields.focal_gamma())

    def recipe(self, context: Context) -> Recipe:
        """One stage of PDSCA on the outer loss and the cross entropy."""
        return self.compositional(context, lambda: _OUTER[self.outer](self, context))


def _weighted(method: CTCE, context: Context) -> nn.Module:
    if context.classes:
        assert isinstance(context.prior, Tensor)
        return SoftmaxCELoss(class_weights(context.prior, context.images, method.class_beta))
    return ClassBalancedCELoss(context.prior, context.images, method.class_beta)


def _ldam(method: CTCE, context: Context) -> nn.Module:
    if context.classes:
        assert isinstance(context.prior, Tensor)
        return SoftmaxLDAMLoss(context.prior, context.images, method.max_margin)
    return LDAMLoss(context.prior, context.images, method.max_margin)


def _focal(method: CTCE, context: Context) -> nn.Module:
    return (SoftmaxFocalLoss if context.classes else FocalLoss)(
        method.focal_alpha, method.focal_gamma
    )


def _balanced_softmax(_: CTCE, context: Context) -> nn.Module:
    if context.classes:
        assert isinstance(context.prior, Tensor)
        return SoftmaxVSLoss(context.prior, gamma=0.0, tau=1.0)
    return VSLoss(context.prior, gamma=0.0, tau=1.0)


_OUTER: Mapping[str, Callable[[CTCE, Context], nn.Module]] = MappingProxyType(
    {
        "weighted_ce": _weighted,
        "ldam": _ldam,
        "focal": _focal,
        "balanced_softmax": _balanced_softmax,
    }
)
