"""The hyperparameter `optimizer`: what each one leaves unused, which stages it trains, and that it
learns.
"""

from typing import Any

import pytest
import torch

from tests.trainables.tiny import TinyTrial
from trainables.config import TrialConfig
from trainables.loop import TrainingRun
from trainables.method import Method
from trainables.methods import METHODS

ADAPTIVE = ("adam", "adamw")
UNUSED = [
    *(("ce", each, {"momentum": 0.9}) for each in ADAPTIVE),
    *(("ce_tuned", each, {"momentum": 0.5, "nesterov": False}) for each in ADAPTIVE),
    *(("ce", each, {"sam_rho": 1.0}) for each in ("sgd", *ADAPTIVE)),
    *(("auc_m", each, {"momentum": 0.9}) for each in ADAPTIVE),
    *(("auc_m", each, {"epoch_decay": 1.0}) for each in ("sgd", *ADAPTIVE)),
    *(("auc_m", each, {"sam_rho": 1.0}) for each in ("pesg", "sgd", *ADAPTIVE)),
]


def made(name: str, **values: Any) -> Method:
    return METHODS[name](**values)


@pytest.mark.parametrize(("name", "optimizer", "values"), UNUSED)
def test_what_an_optimizer_does_not_use_changes_nothing(
    name: str, optimizer: str, values: dict[str, Any]
) -> None:
    """As the help of each hyperparameter says."""
    weights = []
    for each in ({}, values):
        trial = TinyTrial(made(name, optimizer=optimizer, **each))
        trial.train(12)
        weights.append(trial.weights())
    assert torch.equal(*weights)


def test_sgd_of_an_auc_loss_is_pesg_without_its_pull() -> None:
    """For any momentum, whose form is PESG's."""
    weights = []
    for values in ({"optimizer": "pesg", "epoch_decay": 0.0}, {"optimizer": "sgd"}):
        trial = TinyTrial(made("auc_m", **values, momentum=0.5, clip=0.05))
        trial.train(12)
        weights.append(trial.weights())
    torch.testing.assert_close(*weights, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("optimizer", "of_ce"), [("pesg", "sgd"), ("adam", "adam"), ("sam", "sam")]
)
@pytest.mark.parametrize("name", ["ts_drw", "ts_dec"])
def test_stages_of_ce_have_the_optimizer_of_the_method(
    name: str, optimizer: str, of_ce: str
) -> None:
    trials = [
        TinyTrial(made(name, optimizer=optimizer)),
        TinyTrial(made("ce", optimizer=of_ce)),
    ]
    assert trials[0].train(4) == trials[1].train(4)
    assert torch.equal(trials[0].weights(), trials[1].weights())


def test_a_pretraining_has_its_own() -> None:
    values: dict[str, Any] = {"pretrain_optimizer": "sam", "pretrain_lr": 0.1, "optimizer": "adam"}
    pretrained = TinyTrial(made("two_stage", **values))
    ce = TinyTrial(made("ce", optimizer="sam"))
    assert pretrained.train(3) == ce.train(3)


def test_beside_adam_alpha_has_a_rate_of_its_own() -> None:
    """Adam's would leave it at 0."""
    trials = [
        TinyTrial(made("auc_m", optimizer="adam", lr=0.001, **each))
        for each in ({}, {"dual_lr": 0.1}, {"dual_lr": 0.001})
    ]
    losses = [trial.train(12) for trial in trials]
    assert losses[0] == losses[1] != losses[2]


LEARN = [
    *(("ce", optimizer, {}) for optimizer in ("sgd", "sam")),
    *(("ce", optimizer, {"lr": 3e-3}) for optimizer in ADAPTIVE),
    *(("auc_m", optimizer, {"lr": 1.0}) for optimizer in ("pesg", "sgd", "sam")),
    *(("auc_m", optimizer, {"lr": 1e-2}) for optimizer in ADAPTIVE),
]


@pytest.mark.parametrize(("name", "optimizer", "values"), LEARN)
def test_it_learns_digits(name: str, optimizer: str, values: dict[str, Any]) -> None:
    run = TrainingRun(
        TrialConfig(
            method=name,
            params={"optimizer": optimizer, **values},
            dataset="digits",
            model="small_cnn",
            imratio=0.1,
            epochs=3,
            batch_size=32,
            intervals=1,
            data_root="data",
            data_seed=1,
            init_seed=2,
            order_seed=3,
        )
    )
    assert run.train_interval()["val_auroc"] > 0.85
    passes = 2 if optimizer == "sam" else 1
    assert run.gradient_evaluations == passes * run.images
