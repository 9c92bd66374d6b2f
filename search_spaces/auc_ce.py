"""Where to search AUC + CE."""

from optuna.distributions import FloatDistribution

from search_spaces.ranges import EPOCH_DECAY, LR, MARGIN, WEIGHT_DECAY, C, Range

__all__ = ["PAIRS", "SPACE"]

SPACE: dict[str, Range] = {
    "lr": LR,
    "margin": MARGIN,
    "epoch_decay": EPOCH_DECAY,
    "weight_decay": WEIGHT_DECAY,
    "ce_weight": Range(FloatDistribution(0.25, 0.75), (0.25, 0.5, 0.75), f"{C}: its grid"),
}

PAIRS = (("margin", "epoch_decay"), ("margin", "imratio"))
