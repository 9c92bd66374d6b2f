"""The weights of the highest validation: those of that interval, whatever came after."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.trainables.averages.test_weights import parameters, started
from tests.trainables.test_loop import timeless, to_the_end
from trainables.averages.best import Best
from trainables.loop import TrainingRun

FALLS: dict[str, Any] = {"epochs": 4, "intervals": 8, "params": {"lr": 2.0}}
"""A learning rate at which validations go up and down, so that the last is not the highest."""


def validated(run: TrainingRun) -> Iterator[tuple[float, dict[str, Any]]]:
    """After each interval its validation AUROC and the test of the weights that it was of."""
    while not run.finished:
        score = run.train_interval()["val_auroc"]
        yield score, deepcopy(run.test())


@pytest.mark.parametrize(
    ("method", "params", "evaluation"),
    [
        ("ce", {"lr": 2.0}, {}),
        ("ct_auc", {"lr": 0.5, "evaluate": "u"}, {}),
        ("ce", {"lr": 2.0}, {"ema": 0.5}),
    ],
)
def test_the_test_is_of_the_highest_validation(
    method: str, params: dict[str, Any], evaluation: dict[str, float]
) -> None:
    chosen = FALLS | {"method": method, "params": params}
    plain = started(**chosen, evaluation=evaluation)
    tests = list(validated(plain))
    scores = [score for score, _ in tests]
    highest = scores.index(max(scores))
    assert highest < len(scores) - 1
    run = started(**chosen, evaluation={**evaluation, "best": True})
    to_the_end(run)
    assert timeless(run.curve) == timeless(plain.curve)
    found, expected = run.test(embeddings=True), tests[highest][1]
    for key in ("scores", "val_scores", "test_auroc", "test_auprc"):
        np.testing.assert_array_equal(found[key], expected[key], err_msg=key)
    last = plain.test(embeddings=True)
    assert found["test_auroc"] != last["test_auroc"]
    assert not np.array_equal(found["embeddings"], last["embeddings"])
    # Beside it stands the test of the last weights themselves, which are the trial's again.
    without = (last.get("without") or last)["test_auroc"]
    assert found["without"]["test_auroc"] == without
    assert torch.equal(parameters(run), parameters(plain))
    assert run.test()["test_auroc"] == found["test_auroc"]


def test_of_equal_validations_the_first_counts_and_tensors_stay_where_they_are() -> None:
    model = nn.Linear(1, 1)
    best, place = Best(model), model.weight.data_ptr()
    with best.lent():
        assert model.weight.data_ptr() == place
    for score, weight in ((0.5, 1.0), (0.7, 2.0), (0.7, 3.0), (0.6, 4.0)):
        nn.init.constant_(model.weight, weight)
        best.take(score)

    def fail() -> None:
        with best.lent():
            assert model.weight.item() == 2
            assert model.weight.data_ptr() == place
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert model.weight.item() == 4
