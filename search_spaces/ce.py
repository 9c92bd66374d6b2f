"""Where to search CE."""

from search_spaces.ranges import LR, WEIGHT_DECAY, Range

__all__ = ["SPACE"]

SPACE: dict[str, Range] = {"lr": LR, "weight_decay": WEIGHT_DECAY}
