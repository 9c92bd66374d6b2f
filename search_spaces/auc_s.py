"""Where to search AUC-S."""

from search_spaces.ranges import EPOCH_DECAY, LR, WEIGHT_DECAY, Range

__all__ = ["SPACE"]

SPACE: dict[str, Range] = {"lr": LR, "epoch_decay": EPOCH_DECAY, "weight_decay": WEIGHT_DECAY}
