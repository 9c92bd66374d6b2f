"""A range to search a hyperparameter in, and the ranges that several methods share."""

from dataclasses import dataclass
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

__all__ = [
    "BETA",
    "CLASS_BETA",
    "EPOCH_DECAY",
    "IMAGE_GAMMA",
    "INNER_LR",
    "INNER_STEPS",
    "KL",
    "LR",
    "MARGIN",
    "MIXUP_ALPHA",
    "PAIR_MARGIN",
    "PRIOR_LR",
    "WEIGHT_DECAY",
    "C",
    "M",
    "Range",
]

M = "Yuan et al., ICCV 2021 (arXiv 2012.03173)"
C = "Yuan et al., ICLR 2022 (compositional training)"


@dataclass(frozen=True)
class Range:
    """Where to search one hyperparameter.

    Attributes:
        distribution: what the sampler draws from.
        grid: the values that the papers tried; every one lies in the distribution.
        source: where the grid comes from, and what is our own widening of it.
    """

    distribution: BaseDistribution
    grid: tuple[Any, ...]
    source: str


LR = Range(
    FloatDistribution(0.01, 1.0, log=True),
    (0.1,),
    f"{M} trains the benchmark sets at 0.1; a decade to either side is ours",
)
PRIOR_LR = Range(
    FloatDistribution(0.01, 4.0, log=True),
    (0.1,),
    f"{M}, sec. 5.1 trains at 0.1 for 100 epochs; the prior form's gradients carry p (1 - p), "
    "0.09 at 10 % positives, so that short trials need more. The range around it is ours: up to "
    "1 / (p (1 - p)), which is never below 4, the steps of a and b are stable",
)
WEIGHT_DECAY = Range(
    FloatDistribution(1e-5, 1e-3, log=True),
    (1e-4,),
    f"{M} trains the benchmark sets with 1e-4; a decade to either side is ours",
)
EPOCH_DECAY = Range(
    FloatDistribution(1 / 1000, 1 / 100, log=True),
    (1 / 1000, 1 / 700, 1 / 500, 1 / 300, 1 / 100),
    f"{M}: its gamma",
)
MARGIN = Range(
    FloatDistribution(0.1, 1.0),
    (0.1, 0.3, 0.5, 0.7, 1.0),
    f"{M}, app. I; the best values it reports lie between 0.5 and 0.8",
)
INNER_LR = Range(
    FloatDistribution(0.01, 1.0, log=True),
    (0.01, 0.05, 0.1),
    f"{C}: 0.1, medical sets 0.01 to 0.1; the decade above is ours",
)
INNER_STEPS = Range(IntDistribution(1, 3), (1, 2, 3), f"{C}, table 2: its k")
BETA = Range(
    FloatDistribution(0.1, 0.99),
    (0.1, 0.5, 0.9, 0.99),
    f"{C}: 0.1 to 0.99, good about 0.9; the grid's inner points are ours",
)
MIXUP_ALPHA = Range(
    FloatDistribution(0.1, 1.0, log=True),
    (0.1, 0.2, 0.4, 1.0),
    "Zhang et al., mixup, ICLR 2018 (arXiv 1710.09412): 0.1 to 0.4 on ImageNet, 1 on CIFAR",
)
PAIR_MARGIN = Range(
    FloatDistribution(0.1, 1.0),
    (0.1, 0.3, 0.5, 0.7, 0.9, 1.0),
    "LibAUC 2.0.1, documentation of its losses of pairs",
)
IMAGE_GAMMA = Range(
    FloatDistribution(0.1, 0.9),
    (0.1, 0.3, 0.5, 0.7, 0.9),
    "LibAUC 2.0.1, documentation of APLoss and pAUC_DRO_Loss",
)
KL = Range(
    FloatDistribution(0.1, 10.0, log=True),
    (0.1, 1.0, 10.0),
    "LibAUC 2.0.1, documentation of pAUC_DRO_Loss: its Lambda",
)
CLASS_BETA = Range(
    CategoricalDistribution((0.9, 0.99, 0.999, 0.9999, 1.0)),
    (0.9, 0.99, 0.999, 0.9999, 1.0),
    "Cui et al., CVPR 2019 (arXiv 1901.05555): 0.9 to 0.9999; 1, weights of 1 / n, is their limit",
)
