"""Where to search AUC-mixup."""

from search_spaces.ranges import EPOCH_DECAY, LR, MARGIN, MIXUP_ALPHA, WEIGHT_DECAY, Range

__all__ = ["SPACE"]

SPACE: dict[str, Range] = {
    "lr": LR,
    "margin": MARGIN,
    "mixup_alpha": MIXUP_ALPHA,
    "epoch_decay": EPOCH_DECAY,
    "weight_decay": WEIGHT_DECAY,
}
