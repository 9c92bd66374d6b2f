"""What the methods' contract test must be told of a new hyperparameter; most need nothing.

A hyperparameter that some method searches, and one that is true or false, is tried at other values
by itself.
"""

from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from trainables.hyperparameters import hyperparameters
from trainables.methods import METHODS

__all__ = ["OBSERVES", "OPTIMIZERS", "OTHER", "SHORT", "ends", "needed"]


def ends(distribution: BaseDistribution) -> tuple[Any, Any]:
    """Bounds of a range; the first and the last of choices."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[0], distribution.choices[-1]
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    return distribution.low, distribution.high


OTHER: dict[str, Any] = {
    "score_map": "raw",
    "prior": "batch",
    "momentum": 0.5,
    "clip": 1e-3,
    "inner": "looks_ahead",
    "inner_lr_decays": False,
    "evaluate": "u",
    "dual_lr": 1.0,
    "reference": "near_zero",
    "alpha_max": 1e-3,
    "second_moment": "adam",
    "beta2": 0.5,
    "damping": 0.1,
    "bound_low": 1e3,
    "bound_high": 2.0,
    "mix": "ricap",
    "mixup_draw": "sample",
    "mixup_variance": "hard",
    "pretrain_optimizer": "adam",
    "head_lr": 1.0,
    "head_share": 0.9,
    "surrogate": "logistic",
    "surrogate_scale": 3.0,
    "threshold_lr": 1.0,
    "outer_gamma": 0.5,
    "positive_factor": 5.0,
    "logit_scale": 3.0,
    "reweight_from": 0.5,
    "outer": "ldam",
    "focal_alpha": 0.6,
    "optimizer": "adam",
    "sam_rho": 0.5,
}
"""If no method searches it, or one has a bound of the others' range as its default: add a value
with which a trial of 12 steps ends elsewhere."""

NEEDED: dict[str, dict[str, Any]] = {
    "prior": {"prior": 0.1},
    "bound_low": {"bound_high": 1e6},
    "project_alpha": {"margin": 1e-3, "score_map": "raw", "lr": 0.5},
    # A new last layer must first learn to rank before alpha is pulled below 0.
    "two_stage.project_alpha": {"margin": 1e-3, "score_map": "raw", "lr": 2.0, "pretrain_lr": 0.1},
    "ts_dec.project_alpha": {
        "margin": 1e-3,
        "score_map": "raw",
        "head_lr": 2.0,
        "head_share": 0.75,
    },
}
"""If it only has a part beside certain numbers of others (beside which words, its ``only_with``
says): add those, or ``method.name`` with those of one method."""


def needed(name: str, key: str) -> dict[str, Any]:
    """Values of other hyperparameters of the method beside which the one called ``key`` has a
    part; none where it has one beside their defaults."""
    known = hyperparameters(METHODS[name])
    words: dict[str, Any] = {}
    if not known[key].acts({k: each.default for k, each in known.items()}):
        with_what = (known[key].only_with or {}).items()
        words = next({k: values[0]} for k, values in with_what if k in known)
    numbers = NEEDED.get(f"{name}.{key}", NEEDED.get(key, {}))
    return {k: value for k, value in {**words, **numbers}.items() if k in known}


OBSERVES = {"taylor_terms"}
"""If it reports more and trains alike: add its name."""

SHORT: dict[str, dict[str, Any]] = {
    "two_stage": {"pretrain_share": 0.5},
    "ts_dec": {"head_share": 0.5},
}
"""If it sets the length of a stage: add, by method, a value with which each stage of a trial of 12
steps is longer than one of them."""

OPTIMIZERS: list[tuple[str, dict[str, Any]]] = [
    ("ce", {"optimizer": "adam"}),
    ("ce", {"optimizer": "adamw"}),
    ("ce", {"optimizer": "sam", "momentum": 0.9}),
    ("sopa", {"optimizer": "sam"}),
    ("ce_tuned", {"optimizer": "adamw", "warm_up": 0.2}),
    ("auc_m", {"optimizer": "sgd", "momentum": 0.9}),
    ("auc_m", {"optimizer": "adam", "clip": 1.0}),
    ("auc_mixup", {"optimizer": "adamw"}),
    ("auc_m", {"optimizer": "sam", "momentum": 0.9}),
    ("ts_drw", {"optimizer": "adam"}),
    ("two_stage", {"optimizer": "sam", "pretrain_optimizer": "adamw", "pretrain_share": 0.5}),
]
"""Methods with an optimizer that is not their own: each optimizer, and each kind of method."""
