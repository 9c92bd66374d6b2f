"""Where to search two-stage training."""

from optuna.distributions import FloatDistribution

from search_spaces.ranges import EPOCH_DECAY, LR, MARGIN, PRIOR_LR, WEIGHT_DECAY, Range

__all__ = ["PAIRS", "SPACE"]

SPACE: dict[str, Range] = {
    "lr": PRIOR_LR,
    "pretrain_lr": LR,
    "margin": MARGIN,
    "epoch_decay": EPOCH_DECAY,
    "weight_decay": WEIGHT_DECAY,
    "pretrain_share": Range(
        FloatDistribution(0.1, 0.9), (0.5,), "ours: the papers give epochs by data set"
    ),
}

PAIRS = (("margin", "epoch_decay"), ("margin", "imratio"))
