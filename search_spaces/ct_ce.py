"""Where to search compositional training with a cross entropy outside."""

from search_spaces.ranges import (
    BETA,
    EPOCH_DECAY,
    INNER_LR,
    INNER_STEPS,
    LR,
    WEIGHT_DECAY,
    Range,
)

__all__ = ["PAIRS", "SPACE"]

SPACE: dict[str, Range] = {
    "lr": LR,
    "inner_lr": INNER_LR,
    "inner_steps": INNER_STEPS,
    "beta0": BETA,
    "beta1": BETA,
    "epoch_decay": EPOCH_DECAY,
    "weight_decay": WEIGHT_DECAY,
}

PAIRS = (("inner_steps", "inner_lr"), ("lr", "inner_lr"))
