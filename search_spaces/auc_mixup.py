"""Where to search AUC-mixup."""

from search_spaces.ranges import EPOCH_DECAY, LR, MARGIN, MIXUP_ALPHA, WEIGHT_DECAY, Range

__all__ = ["PAIRS", "SPACE"]

SPACE: dict[str, Range] = {
    "lr": LR,
    "margin": MARGIN,
    "mixup_alpha": MIXUP_ALPHA,
    "epoch_decay": EPOCH_DECAY,
    "weight_decay": WEIGHT_DECAY,
}

PAIRS = (("margin", "epoch_decay"), ("mixup_alpha", "lr"), ("margin", "imratio"))
