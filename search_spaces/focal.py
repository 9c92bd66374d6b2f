"""Where to search Focal."""

from optuna.distributions import FloatDistribution

from search_spaces.ranges import LR, WEIGHT_DECAY, M, Range

__all__ = ["SPACE"]

SPACE: dict[str, Range] = {
    "lr": LR,
    "weight_decay": WEIGHT_DECAY,
    "focal_alpha": Range(
        FloatDistribution(0.25, 0.75), (0.25, 0.5, 0.75), f"{M}: grid of its baseline"
    ),
    "focal_gamma": Range(FloatDistribution(1.0, 5.0), (1, 2, 5), f"{M}: grid of its baseline"),
}
