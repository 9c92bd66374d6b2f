"""Where to search CE with all that a practitioner would tune."""

from optuna.distributions import CategoricalDistribution, FloatDistribution

from search_spaces.ranges import WEIGHT_DECAY, Range

__all__ = ["PAIRS", "SPACE"]

SPACE: dict[str, Range] = {
    "lr": Range(
        FloatDistribution(0.001, 1.0, log=True),
        (0.1,),
        "He et al., CVPR 2016: 0.1 with momentum 0.9; the range is ours: momentum near 1 makes a "
        "step ten times as long and more",
    ),
    "weight_decay": WEIGHT_DECAY,
    "momentum": Range(FloatDistribution(0.0, 0.99), (0.9,), "He et al., CVPR 2016; range ours"),
    "nesterov": Range(
        CategoricalDistribution((False, True)),
        (False, True),
        "Zagoruyko and Komodakis, BMVC 2016, have it; He et al., CVPR 2016, do not",
    ),
    "label_smoothing": Range(
        FloatDistribution(0.0, 0.3), (0.0, 0.1), "Szegedy et al., CVPR 2016: 0.1; range ours"
    ),
    "class_balance": Range(
        FloatDistribution(0.0, 1.0), (0.0, 1.0), "from no weights to balanced classes"
    ),
    "batch_factor": Range(
        FloatDistribution(0.25, 4.0, log=True),
        (0.25, 0.5, 1.0, 2.0, 4.0),
        "ours: 32 to 512 images where the task has 128. Shwartz-Ziv et al., NeurIPS 2023, sec. 3: "
        "small batches help under imbalance",
    ),
    "cutout": Range(
        FloatDistribution(0.0, 0.5),
        (0.0, 0.25, 0.5),
        "DeVries and Taylor, arXiv 1708.04552: 16 and 8 of 32 pixels",
    ),
    "warm_up": Range(
        FloatDistribution(0.0, 0.2), (0.0, 0.05), "Goyal et al., arXiv 1706.02677: 5 of 90 epochs"
    ),
}

PAIRS = (("lr", "momentum"), ("lr", "batch_factor"))
