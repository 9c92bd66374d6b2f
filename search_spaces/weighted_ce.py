"""Where to search weighted CE."""

from search_spaces.ranges import CLASS_BETA, LR, WEIGHT_DECAY, Range

__all__ = ["SPACE"]

SPACE: dict[str, Range] = {
    "lr": LR,
    "class_beta": CLASS_BETA,
    "weight_decay": WEIGHT_DECAY,
}
