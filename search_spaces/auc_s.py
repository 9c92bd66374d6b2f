"""Where to search AUC-S."""

from search_spaces.ranges import EPOCH_DECAY, PRIOR_LR, WEIGHT_DECAY, Range

__all__ = ["SPACE"]

SPACE: dict[str, Range] = {"lr": PRIOR_LR, "epoch_decay": EPOCH_DECAY, "weight_decay": WEIGHT_DECAY}
