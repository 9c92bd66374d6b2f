"""What travels to a trial and what comes back survive as JSON, from other versions, too."""

import json

from trainables.config import Outcome, TrialConfig

TOLD = Outcome(
    seconds=1.5,
    gradient_evaluations=640,
    images=320,
    curve=[{"interval": 1, "val_auroc": 0.75, "loss": 0.1}],
    host="here",
    device="cpu",
    execution="eager",
    test_auroc=0.7,
    test_auprc=0.6,
    predictions="predictions/row.npz",
    peak_memory=512.5,
)


def test_a_config_comes_back_from_text() -> None:
    config = TrialConfig(
        method="ce",
        params={"lr": 0.2},
        dataset="digits",
        model="mlp",
        imratio=0.1,
        epochs=2,
        batch_size=64,
        intervals=1,
        data_root="data",
        data_seed=0,
        init_seed=1,
        order_seed=2,
    )
    assert TrialConfig(**json.loads(json.dumps(config.to_json()))) == config


def test_an_outcome_comes_back_from_text() -> None:
    for outcome in (Outcome(), TOLD, Outcome(reason="the loss is nan"), Outcome(crashed=True)):
        text = json.dumps(outcome.to_json())
        again = Outcome.from_json(json.loads(text))
        assert json.dumps(again.to_json()) == text
        assert (again.reason, again.crashed) == (outcome.reason, outcome.crashed)


def test_an_outcome_of_another_version_is_read() -> None:
    """An older one has not told all, a newer one more; a row under way has none."""
    stored = TOLD.to_json()
    del stored["execution"], stored["crashed"], stored["peak_memory"]
    older = Outcome.from_json(stored)
    assert older.execution is None
    assert older.peak_memory is None
    assert not older.crashed
    assert older.curve == TOLD.curve
    assert Outcome.from_json({**TOLD.to_json(), "joules": 3.0}) == TOLD
    assert Outcome.from_json({}) == Outcome()
