"""Where to search SOPA."""

from optuna.distributions import FloatDistribution

from search_spaces.ranges import LR, PAIR_MARGIN, WEIGHT_DECAY, Range

__all__ = ["PAIRS", "SPACE"]

SPACE: dict[str, Range] = {
    "lr": LR,
    "margin": PAIR_MARGIN,
    "max_fpr": Range(
        FloatDistribution(0.05, 0.5), (0.05, 0.2, 0.5), "LibAUC 2.0.1: 0.2; the range is ours"
    ),
    "weight_decay": WEIGHT_DECAY,
}

PAIRS = (("margin", "max_fpr"), ("margin", "imratio"))
