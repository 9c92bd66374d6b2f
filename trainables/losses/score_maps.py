"""From raw logits f, (B,) or (B, L), to the scores h of an AUC loss. Always an explicit option.

Margins are not comparable between score maps: report the score map next to the margin.
"""

from collections.abc import Callable
from types import MappingProxyType

import torch
from torch import Tensor

__all__ = ["SCORE_MAPS", "batch_normalised", "raw"]


def batch_normalised(logits: Tensor) -> Tensor:
    """Batch score normalisation: h = f / ||f||_2 over the batch, by label, for training only.

    With n+ positives and n- negatives the gap of the class means is at most
    sqrt(1/n+ + 1/n-), so that larger margins are never reached.
    Source: Yuan et al., ICCV 2021 (arXiv 2012.03173), sec. 4.1 and 5.1.
    """
    # The floor only matters where every logit is zero, and keeps the gradient finite there.
    return logits / torch.linalg.vector_norm(logits, dim=0).clamp_min(1e-6)


def raw(logits: Tensor) -> Tensor:
    """h = f."""
    return logits


SCORE_MAPS = MappingProxyType[str, Callable[[Tensor], Tensor]](
    {"sigmoid": torch.sigmoid, "bsn": batch_normalised, "raw": raw}
)
