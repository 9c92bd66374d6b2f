"""What the methods of several stages, and those of mixup, have in common with their parts."""

from pathlib import Path
from typing import Any

import pytest
import torch

from search_spaces import SPACES
from tests.trainables.methods.contract_values import ends as bounds
from tests.trainables.tiny import STEPS, TinyTrial, batch
from trainables.config import TrialConfig
from trainables.loop import TrainingRun
from trainables.losses.auc_margin import PriorFreeAUCMarginLoss
from trainables.methods import METHODS
from trainables.optimizers.pdsca import PDSCA

HALF = STEPS // 2


def trained(name: str, steps: int, **values: Any) -> TinyTrial:
    trial = TinyTrial(METHODS[name](**values))
    trial.train(steps)
    return trial


def rate(trial: TinyTrial) -> float:
    return float(trial.recipe.state_dict()["update"]["optimizer"]["param_groups"][0]["lr"])


def equal(left: TinyTrial, right: TinyTrial) -> bool:
    return torch.equal(left.weights(), right.weights())


def test_ts_drw_is_ce_up_to_the_first_decay() -> None:
    """And from there AUC-M at a tenth of the rate, from the same weights."""
    assert equal(trained("ts_drw", HALF), trained("ce", HALF))
    assert not equal(trained("ts_drw", HALF + 1), trained("ce", HALF + 1))
    rates = [rate(trained("ts_drw", steps)) for steps in (HALF, HALF + 1, 9, 10)]
    assert rates == pytest.approx([0.1, 0.01, 0.01, 0.001])
    before, after = trained("ts_drw", HALF), trained("ts_drw", HALF + 1)
    change = (before.model.head.weight - after.model.head.weight).detach().abs().max()
    assert 0 < float(change) < 0.05  # no new head


def test_two_stage_pretrains_and_draws_a_new_head() -> None:
    """Its pretraining is a whole CE run of half the length; then every layer is trained."""
    short = TinyTrial(METHODS["ce"](), steps=HALF)
    short.train(HALF)
    ended = trained("two_stage", HALF)
    assert equal(ended, short)
    begun = trained("two_stage", HALF + 1)
    drawn = torch.Generator().manual_seed(2)  # TinyTrial's
    ended.model.reset_head(drawn)
    torch.testing.assert_close(begun.model.head.weight, ended.model.head.weight, atol=0.05, rtol=0)
    for before, after in zip(ended.model.parameters(), begun.model.parameters(), strict=True):
        assert not torch.equal(before, after)
    rates = [rate(trained("two_stage", steps)) for steps in (3, 4, 6, 7, 10, 12)]
    assert rates == pytest.approx([0.1, 0.01, 0.001, 0.1, 0.01, 0.001])


def test_two_stage_with_adam() -> None:
    """Against torch's own Adam: the first step moves each weight by its rate."""
    before = TinyTrial(METHODS["two_stage"]()).model.head.weight
    for lr in (0.001, 0.02):
        trial = trained("two_stage", 1, pretrain_optimizer="adam", pretrain_lr=lr)
        change = (trial.model.head.weight - before).abs()
        torch.testing.assert_close(change, torch.full_like(change, lr), rtol=1e-3, atol=0)


def test_ts_dec_trains_the_new_head_alone() -> None:
    values = {"head_share": 0.5}
    short = TinyTrial(METHODS["ce"](), steps=HALF)
    short.train(HALF)
    ended = trained("ts_dec", HALF, **values)
    assert equal(ended, short)
    end = trained("ts_dec", STEPS, **values)
    features = end.model.features.state_dict()
    for key, value in ended.model.features.state_dict().items():
        assert torch.equal(value, features[key]), key  # BatchNorm's statistics too
    assert not torch.equal(ended.model.head.weight, end.model.head.weight)
    assert rate(end) == pytest.approx(0.01)
    # By default it is the last tenth.
    trial = TinyTrial(METHODS["ts_dec"](), steps=100)
    trial.train(90)
    features_before = {k: v.clone() for k, v in trial.model.features.state_dict().items()}
    trial.train(10)
    for key, value in trial.model.features.state_dict().items():
        assert torch.equal(value, features_before[key]), key


def test_without_their_extra_part_they_are_the_plain_methods() -> None:
    assert equal(trained("auc_ce", STEPS, ce_weight=0), trained("auc_m", STEPS))
    assert equal(trained("ce_mixup", STEPS, mixup_alpha=0), trained("ce", STEPS))
    assert equal(trained("auc_mixup", STEPS, mixup_alpha=0), trained("auc_m", STEPS, prior="free"))


def test_ct_mixup_without_mixup_is_pdsca_on_prior_free_auc_m() -> None:
    mine = TinyTrial(METHODS["ct_mixup"](mixup_alpha=0))  # type: ignore[call-arg]
    other = TinyTrial(METHODS["ce"]())
    optimizer = PDSCA(other.model, PriorFreeAUCMarginLoss(), lr=0.1)
    mine.train(HALF)
    for _ in range(HALF):
        optimizer.step(batch(other.draws), batch(other.draws))
    assert equal(mine, other)


CORNERS = [(0, 0), (0, 1), (1, 0), (1, 1)]


def finish(name: str, ends: tuple[int, int], **task: Any) -> float:
    """Train at one end of the range of lr and one end of all others; gives the test AUROC."""
    params = {}
    for key, each in SPACES[name].items():
        params[key] = bounds(each.distribution)[ends[0] if key == "lr" else ends[1]]
    run = TrainingRun(
        TrialConfig(
            method=name,
            params=params,
            intervals=2,
            data_seed=1,
            init_seed=2,
            order_seed=3,
            **task,
        )
    )
    while not run.finished:
        run.train_interval()  # raises where a loss or a score is not finite
    return float(run.test()["test_auroc"])


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("ends", CORNERS)
def test_every_method_finishes_on_digits_at_the_corners(name: str, ends: tuple[int, int]) -> None:
    task = {"dataset": "digits", "model": "mlp", "imratio": 0.1, "epochs": 2}
    assert 0 <= finish(name, ends, data_root="data", batch_size=64, **task) <= 1


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("ends", CORNERS)
def test_every_method_finishes_on_breastmnist_at_the_corners(
    name: str, ends: tuple[int, int], real_data: Path
) -> None:
    """At 10 %, with normalisation in the model.

    At the set's own ratio a rate of 10 cannot work: a and b are pulled to the class means by
    2 lr p (1-p) a step, and from 2 on they swing up.
    """
    task = {"dataset": "breastmnist", "model": "small_cnn", "imratio": 0.1, "epochs": 3}
    assert 0 <= finish(name, ends, data_root=str(real_data), batch_size=32, **task) <= 1
