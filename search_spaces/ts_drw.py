"""Where to search TS-DRW."""

from search_spaces.ranges import EPOCH_DECAY, LR, MARGIN, WEIGHT_DECAY, Range

__all__ = ["PAIRS", "SPACE"]

SPACE: dict[str, Range] = {
    "lr": LR,
    "margin": MARGIN,
    "epoch_decay": EPOCH_DECAY,
    "weight_decay": WEIGHT_DECAY,
}

PAIRS = (("margin", "epoch_decay"), ("margin", "imratio"))
