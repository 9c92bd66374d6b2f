"""Where to search LDAM-DRW."""

from optuna.distributions import FloatDistribution

from search_spaces.ranges import LR, WEIGHT_DECAY, Range

__all__ = ["SPACE"]

SPACE: dict[str, Range] = {
    "lr": LR,
    "max_margin": Range(
        FloatDistribution(0.1, 2.0, log=True),
        (0.5,),
        "Cao et al., NeurIPS 2019: 0.5, of cosines times 30; the range is ours, as a logit has no "
        "bound",
    ),
    "weight_decay": WEIGHT_DECAY,
}
