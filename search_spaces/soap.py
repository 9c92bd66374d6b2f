"""Where to search SOAP."""

from optuna.distributions import FloatDistribution

from search_spaces.ranges import IMAGE_GAMMA, PAIR_MARGIN, WEIGHT_DECAY, Range

__all__ = ["PAIRS", "SPACE"]

SPACE: dict[str, Range] = {
    "lr": Range(
        FloatDistribution(0.01, 4.0, log=True),
        (0.1,),
        "0.1 as the others; the range is ours: the weights of the loss carry the share of "
        "positives, so that short trials need more",
    ),
    "margin": PAIR_MARGIN,
    "image_gamma": IMAGE_GAMMA,
    "weight_decay": WEIGHT_DECAY,
}

PAIRS = (("lr", "margin"), ("margin", "imratio"))
