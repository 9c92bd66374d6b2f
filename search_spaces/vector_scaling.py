"""Where to search the VS loss."""

from optuna.distributions import FloatDistribution

from search_spaces.ranges import LR, WEIGHT_DECAY, Range

__all__ = ["PAIRS", "SPACE"]

SPACE: dict[str, Range] = {
    "lr": LR,
    "vs_gamma": Range(
        FloatDistribution(0.0, 0.4),
        (0.0, 0.05, 0.15),
        "Kini et al., NeurIPS 2021: 0.15 on CIFAR-10, 0.05 on CIFAR-100; 0: logit-adjusted CE",
    ),
    "tau": Range(
        FloatDistribution(0.0, 2.0),
        (0.75, 1.0, 1.25),
        "Kini et al., NeurIPS 2021: 0.75 and 1.25; Menon et al., ICLR 2021: 1; the range is ours",
    ),
    "weight_decay": WEIGHT_DECAY,
}

PAIRS = (("vs_gamma", "tau"), ("tau", "imratio"))
