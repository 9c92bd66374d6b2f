"""Where to search SOPA-s."""

from search_spaces.ranges import IMAGE_GAMMA, KL, LR, PAIR_MARGIN, WEIGHT_DECAY, Range

__all__ = ["PAIRS", "SPACE"]

SPACE: dict[str, Range] = {
    "lr": LR,
    "margin": PAIR_MARGIN,
    "kl": KL,
    "image_gamma": IMAGE_GAMMA,
    "weight_decay": WEIGHT_DECAY,
}

PAIRS = (("margin", "kl"), ("margin", "imratio"))
