"""Where to search CE with mixup."""

from search_spaces.ranges import LR, MIXUP_ALPHA, WEIGHT_DECAY, Range

__all__ = ["PAIRS", "SPACE"]

SPACE: dict[str, Range] = {"lr": LR, "weight_decay": WEIGHT_DECAY, "mixup_alpha": MIXUP_ALPHA}

PAIRS = (("mixup_alpha", "lr"),)
