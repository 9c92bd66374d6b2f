"""The loop on long-tailed classes: real digits, figures against scikit-learn, resume."""

import io
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, roc_auc_score

from tests.trainables.test_loop import config, to_the_end
from trainables.config import Outcome
from trainables.errors import DataError
from trainables.loop import TrainingRun
from trainables.metrics import accuracy, auroc, log_odds


def started(**changes: Any) -> TrainingRun:
    chosen: dict[str, Any] = {"method": "weighted_ce", "model": "mlp", "epochs": 2}
    chosen |= {"params": {}, "intervals": 2}
    return TrainingRun(config(**{**chosen, "imratio": None, "long_tail": 10, **changes}))


def test_log_odds_are_those_of_a_softmax() -> None:
    logits = 4 * torch.randn(200, 5, generator=torch.Generator().manual_seed(0))
    p = logits.double().softmax(1)
    found = log_odds(logits)
    torch.testing.assert_close(found, (p / (1 - p)).log())
    torch.testing.assert_close(found.sigmoid(), p)
    certain = log_odds(torch.tensor([[90.0, 0.0, -90.0], [0.0, 0.0, 0.0]]))
    assert bool(torch.isfinite(certain).all())
    assert certain[0, 0] == pytest.approx(90)
    torch.testing.assert_close(certain[1], torch.full((3,), 0.5).double().log())


def test_its_figures_are_those_of_scikit_learn() -> None:
    run = started(select="accuracy", epochs=4)
    last = to_the_end(run)[-1]
    tested = run.test()
    scores, targets = tested["scores"], tested["targets"]
    assert scores.dtype == targets.dtype == np.float32
    assert scores.shape == targets.shape == (355, 10)
    assert tested["labels"].tolist() == [str(digit) for digit in range(10)]
    assert bool(tested["classes"])
    true = targets.argmax(1)
    p = 1 / (1 + np.exp(-scores.astype(float)))
    np.testing.assert_allclose(p.sum(1), 1, atol=1e-6)
    p /= p.sum(1, keepdims=True)
    macro = roc_auc_score(true, p, multi_class="ovr", average="macro")
    assert tested["test_auroc"] == pytest.approx(macro, abs=1e-4)
    assert tested["test_accuracy"] == accuracy_score(true, p.argmax(1))
    assert tested["test_auroc"] > 0.6
    val, wanted = tested["val_scores"], tested["val_targets"]
    assert last["val_accuracy"] == accuracy_score(wanted.argmax(1), val.argmax(1))
    by_class = [roc_auc_score(wanted[:, c], val[:, c]) for c in range(10)]
    assert last["val_auroc"] == pytest.approx(np.mean(by_class), abs=1e-12)
    assert last["val_auroc.7"] == pytest.approx(by_class[7], abs=1e-12)


def test_ties_go_to_the_first_class_and_a_class_is_ranked_by_its_probability() -> None:
    targets = torch.eye(3)[[0, 1, 1]]
    assert accuracy(torch.tensor([[1.0, 1, 0], [2, 2, 0], [0, 1, 0]]), targets) == 2 / 3
    # The logits of class 1 rank its images below the other one, its probabilities above.
    logits = torch.tensor([[5.0, 4.0, 0.0], [0.0, 3.0, 0.0], [0.0, 2.0, 0.0]])
    assert auroc(logits[:, 1], targets[:, 1]) == 0
    assert auroc(log_odds(logits)[:, 1], targets[:, 1]) == 1


@pytest.mark.parametrize(
    ("method", "params"),
    [("ldam_drw", {}), ("ce_mixup", {}), ("ct_ce", {"outer": "balanced_softmax"})],
)
def test_resume_continues_bit_for_bit(method: str, params: dict[str, Any]) -> None:
    chosen: dict[str, Any] = {"method": method, "params": params, "augmentation": "crop_flip"}
    through = started(**chosen)
    whole = to_the_end(through)
    first, second = started(**chosen), started(**chosen)
    first.train_interval()
    first.train_step()
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    file.seek(0)
    second.load_state_dict(torch.load(file, weights_only=True))
    assert to_the_end(second) == whole
    np.testing.assert_array_equal(second.test()["scores"], through.test()["scores"])


def test_evaluation_options_tell_the_accuracy_without_them() -> None:
    run = started(evaluation={"ema": 0.9})
    to_the_end(run)
    tested = run.test()
    assert set(tested["without"]) == {"test_auroc", "test_auprc", "test_accuracy"}
    outcome = Outcome(test_accuracy=tested["test_accuracy"], without=tested["without"])
    assert Outcome.from_json(outcome.to_json()) == outcome


def test_what_takes_no_classes_is_refused_before_a_step() -> None:
    with pytest.raises(DataError, match=r"10 classes \(long_tail\), and AUCM takes labels alone"):
        started(method="auc_m")
    with pytest.raises(DataError, match=r"has no imratio, and 0\.1 is asked for"):
        started(imratio=0.1)
