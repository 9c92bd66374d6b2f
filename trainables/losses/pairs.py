"""Pairs of a positive and a negative image of a batch, by label, and what a pair costs.

All is done on B x B matrices with masks, so that no shape depends on a value. Labels are hard, 0 or
1; of several labels NaN says that one is missing, and the image then has no pair for it.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor

from trainables.errors import UnknownNameError
from trainables.losses.arguments import matching_targets
from trainables.losses.score_maps import SCORE_MAPS

__all__ = ["SURROGATES", "Pairs", "mean_where", "pairs_of", "score_map_of", "squared_hinge"]

Surrogate = Callable[[Tensor, float, float], Tensor]
"""From the gaps h_i - h_j of positives i and negatives j, a margin and a scale."""


def squared_hinge(gaps: Tensor, margin: float, scale: float = 1.0) -> Tensor:  # noqa: ARG001
    """(m - d)_+^2."""
    return (margin - gaps).clamp_min(0).square()


SURROGATES: Mapping[str, Surrogate] = MappingProxyType(
    {
        "squared_hinge": squared_hinge,
        "square": lambda gaps, margin, _: (margin - gaps).square(),
        "hinge": lambda gaps, margin, _: (margin - gaps).clamp_min(0),
        "logistic": lambda gaps, _, scale: F.softplus(-scale * gaps),
        "sigmoid": lambda gaps, _, scale: (-scale * gaps).sigmoid(),
    }
)
"""Of the 0-1 loss of a pair, 1 where d < 0: differentiable in the gap d."""


class Pairs(NamedTuple):
    """Of a batch, by label; L is 1 where targets are (B,).

    Attributes:
        gaps: (B, B, L), the score of image i less that of image j.
        positive, negative: bool (B, L); neither where the label is missing.
    """

    gaps: Tensor
    positive: Tensor
    negative: Tensor


def pairs_of(logits: Tensor, targets: Tensor, score_map: Callable[[Tensor], Tensor]) -> Pairs:
    """All pairs of a batch.

    Args:
        logits, targets: (B,), or (B, L) of several labels; targets 0, 1 or, of several labels, NaN.
        score_map: one of `trainables.losses.score_maps`.

    Raises:
        ValueError: the two have other shapes, or are not real numbers.
    """
    targets = matching_targets(logits, targets).reshape(len(logits), -1)
    positive, negative = targets > 0.5, targets <= 0.5
    # At 0 the missing have no part in a norm over the batch.
    scores = score_map(logits.reshape(targets.shape).masked_fill(~(positive | negative), 0))
    return Pairs(scores[:, None] - scores[None], positive, negative)


def mean_where(values: Tensor, chosen: Tensor, dims: int | tuple[int, ...]) -> Tensor:
    """Mean over ``dims`` of the values that are chosen (bool, of their shape); 0 where none is."""
    return values.masked_fill(~chosen, 0).sum(dims) / chosen.sum(dims).clamp_min(1)


def score_map_of(name: str) -> Callable[[Tensor], Tensor]:
    """The score map of that name.

    Raises:
        UnknownNameError: there is none.
    """
    if name not in SCORE_MAPS:
        raise UnknownNameError(f"score_map must be one of {', '.join(SCORE_MAPS)}, not {name!r}.")
    return SCORE_MAPS[name]
