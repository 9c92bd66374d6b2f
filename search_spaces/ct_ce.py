"""Where to search compositional training with a cross entropy outside."""

from optuna.distributions import FloatDistribution

from search_spaces.ranges import BETA, EPOCH_DECAY, INNER_STEPS, LR, WEIGHT_DECAY, C, Range

__all__ = ["PAIRS", "SPACE"]

SPACE: dict[str, Range] = {
    "lr": LR,
    "inner_lr": Range(
        FloatDistribution(0.01, 0.5, log=True),
        (0.01, 0.05, 0.1),
        f"{C}: 0.1, medical sets 0.01 to 0.1; above it the range is ours: the outer step is one of "
        "a cross entropy, too, and at 1 both together diverge",
    ),
    "inner_steps": INNER_STEPS,
    "beta0": BETA,
    "beta1": BETA,
    "epoch_decay": EPOCH_DECAY,
    "weight_decay": WEIGHT_DECAY,
}

PAIRS = (("inner_steps", "inner_lr"), ("lr", "inner_lr"))
