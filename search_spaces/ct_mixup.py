"""Where to search compositional training with mixup; the margin stays at the papers' 1.

The loss is prior-free: its gradients are 1 / (p (1-p)) times those of the form with a prior, so
that its learning rates are the smaller ones.
"""

from search_spaces import ct_auc
from search_spaces.ranges import LR, MIXUP_ALPHA, Range

__all__ = ["PAIRS", "SPACE"]

SPACE: dict[str, Range] = {**ct_auc.SPACE, "lr": LR, "mixup_alpha": MIXUP_ALPHA}

PAIRS = (("mixup_alpha", "lr"), *ct_auc.PAIRS)
