"""Where to search TS-DEC; the classifier's stage stays at the paper's 0.01 and 10 epochs of 100."""

from search_spaces.ranges import LR, MARGIN, WEIGHT_DECAY, Range

__all__ = ["PAIRS", "SPACE"]

SPACE: dict[str, Range] = {"lr": LR, "margin": MARGIN, "weight_decay": WEIGHT_DECAY}

PAIRS = (("margin", "imratio"),)
