"""Where to search compositional training with mixup; the margin stays at the papers' 1."""

from search_spaces import ct_auc
from search_spaces.ranges import MIXUP_ALPHA, Range

__all__ = ["SPACE"]

SPACE: dict[str, Range] = {**ct_auc.SPACE, "mixup_alpha": MIXUP_ALPHA}
