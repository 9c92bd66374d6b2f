"""Where to search AUC-M."""

from search_spaces.ranges import EPOCH_DECAY, MARGIN, PRIOR_LR, WEIGHT_DECAY, Range

__all__ = ["PAIRS", "SPACE"]

SPACE: dict[str, Range] = {
    "lr": PRIOR_LR,
    "margin": MARGIN,
    "epoch_decay": EPOCH_DECAY,
    "weight_decay": WEIGHT_DECAY,
}

PAIRS = (("margin", "epoch_decay"), ("margin", "imratio"))
