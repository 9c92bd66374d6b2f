"""Where to search Pairwise."""

from search_spaces.ranges import LR, PAIR_MARGIN, WEIGHT_DECAY, Range

__all__ = ["PAIRS", "SPACE"]

SPACE: dict[str, Range] = {
    "lr": LR,
    "margin": PAIR_MARGIN,
    "weight_decay": WEIGHT_DECAY,
}

PAIRS = (("lr", "margin"), ("margin", "imratio"))
