"""How the images of a batch are mixed, and their labels with them: one file a mix."""

from collections.abc import Callable
from types import MappingProxyType

from trainables.batches.mixes.balanced_mixup import BalancedMixup
from trainables.batches.mixes.cutmix import CutMix
from trainables.batches.mixes.manifold import ManifoldMixup
from trainables.batches.mixes.mixup import Mixup
from trainables.batches.mixes.remix import Remix
from trainables.batches.mixes.ricap import RICAP
from trainables.recipe import Context
from trainables.updates import Mix, unmixed

__all__ = ["BALANCED", "MANIFOLD", "MIXES", "NONE", "REMIX"]

NONE, MANIFOLD, REMIX, BALANCED = "none", "manifold", "remix", "balanced_mixup"

MIXES = MappingProxyType[str, Callable[[float, bool, Context], Mix]](
    {
        NONE: lambda alpha, per_sample, context: unmixed,  # noqa: ARG005
        "mixup": lambda alpha, per_sample, context: Mixup(alpha, per_sample, context.generator),
        "cutmix": lambda alpha, per_sample, context: CutMix(alpha, per_sample, context.generator),
        "ricap": lambda alpha, per_sample, context: RICAP(alpha, per_sample, context.generator),
        MANIFOLD: lambda alpha, per_sample, context: ManifoldMixup(
            alpha, per_sample, context.generator, len(context.model.mix_layers)
        ),
        REMIX: lambda alpha, per_sample, context: Remix(
            alpha, per_sample, context.generator, context.share_drawn, context.classes
        ),
        BALANCED: lambda alpha, per_sample, context: BalancedMixup(
            alpha, per_sample, context.generator
        ),
    }
)
"""By name, from the parameter of lambda's distribution, whether it is drawn for each image, and
what is known of the trial."""
