"""Where to search the asymmetric loss."""

from optuna.distributions import FloatDistribution

from search_spaces.ranges import LR, WEIGHT_DECAY, Range

__all__ = ["SPACE"]

SPACE: dict[str, Range] = {
    "lr": LR,
    "gamma_negative": Range(
        FloatDistribution(1.0, 5.0), (1, 2, 4), "Ridnik et al., ICCV 2021: 4; the range is ours"
    ),
    "gamma_positive": Range(
        FloatDistribution(0.0, 1.0), (0, 1), "Ridnik et al., ICCV 2021: 0, and 1 in its code"
    ),
    "probability_shift": Range(
        FloatDistribution(0.0, 0.3),
        (0.0, 0.05, 0.2),
        "Ridnik et al., ICCV 2021: 0.05; the range is ours",
    ),
    "weight_decay": WEIGHT_DECAY,
}
