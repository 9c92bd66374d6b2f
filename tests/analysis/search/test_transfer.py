"""Transfer regret by hand, and what is refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.results import Results, from_record
from analysis.search import sensitivity, transfer
from tests.analysis.known_truth import SPACE, random_cell, random_study

Build = Callable[..., Any]


def _regrets(results: Results) -> pd.DataFrame:
    return transfer.regrets(results, sensitivity.points(results))


def test_without_noise_the_regret_is_the_difference() -> None:
    values = np.repeat([0.0, 1.0, 2.0], 4)
    a, b = np.repeat([0.5, 0.7, 0.9], 4), np.repeat([0.5, 0.8, 0.7], 4)
    found = transfer.regret((values, a), (values, b), [0.5, 1.5])
    assert found == pytest.approx((0.1, 0.1, 0.1))
    assert transfer.regret((values, a), (values, a), [0.5, 1.5]) == pytest.approx((0, 0, 0))


def test_a_peak_of_noise_gains_nothing() -> None:
    """The plain difference of peaks is biased upwards; choosing and judging apart is not."""
    draw = np.random.default_rng(0)
    values = np.repeat(np.arange(5.0), 6)
    plain, ours = [], []
    for _ in range(150):
        a, b = draw.normal(0.8, 0.03, (2, 30))
        medians = [np.median(part.reshape(5, 6), axis=1) for part in (a, b)]
        plain.append(medians[1].max() - medians[1][medians[0].argmax()])
        ours.append(transfer.regret((values, a), (values, b), np.arange(4) + 0.5)[0])
    assert np.mean(plain) > 0.01
    assert abs(np.mean(ours)) < 4 * np.std(ours) / np.sqrt(150)


def test_pairs_differ_in_one_respect() -> None:
    draw = np.random.default_rng(1)
    cells = [
        random_cell(draw, task=task, imratio=ratio)
        for task in ("cifar10-resnet20", "stl10-resnet20")
        for ratio in (0.01, 0.1)
    ]
    table = _regrets(from_record(random_study(*cells, random_cell(draw, "ce"))))
    assert set(table["method"]) == {"auc_m"}
    margin = table[table["hyperparameter"] == "margin"]
    assert margin["across"].value_counts().to_dict() == {"imratios": 4, "data sets": 4}
    same = margin["source_task"] == margin["target_task"]
    assert (same == (margin["across"] == "imratios")).all()
    assert (same != (margin["source_ratio"] == margin["target_ratio"])).all()
    rows = transfer.summary(table)
    assert len(rows) == 6
    assert (rows["pairs"] == 4).all()
    first = rows[(rows["hyperparameter"] == "margin") & (rows["across"] == "imratios")]
    mine = margin[same]
    assert first["regret"].item() == mine["regret"].max()
    assert first["mean"].item() == pytest.approx(mine["regret"].mean())


def test_choices_are_compared_choice_by_choice() -> None:
    draw = np.random.default_rng(2)
    space = {"margin": {"choices": (0.1, 0.4, 0.7)}}
    cells = [
        random_cell(draw, imratio=r, best=b, space=space) for r, b in ((0.1, 0.7), (0.01, 0.4))
    ]
    table = _regrets(from_record(random_study(*cells)))
    assert (table["bins"] == 3).all()
    assert table["regret"].tolist() == pytest.approx([0.25 * 0.3**2] * 2, abs=0.006)
    assert (table["low"] > 0).all()


def test_refusals(study: Build, cell: Build, trial: Build) -> None:
    def searched(count: int, **last: Any) -> tuple[Any, ...]:
        rows = [trial(number=i, params={"margin": i / count}) for i in range(count - 1)]
        return (*rows, trial(number=count - 1, params={"margin": 0.9}, **last))

    space = {"margin": SPACE["margin"]}
    pruned = {"state": "PRUNED", "value": None, "validations": {1: 0.6}}
    results = from_record(
        study(
            cell(imratio=0.01, space=space, search=searched(30)),
            cell(imratio=0.1, space=space, search=searched(19)),
            cell(imratio=0.3, space=space, search=searched(30, **pruned)),
            cell("ce", space=space, search=searched(3)),  # alone: nothing to compare
        )
    )
    refused = transfer.refusals(results).set_index("imratio")["why"]
    assert refused[0.1] == "it has 19 finished random trials; it takes 20"
    assert refused[0.3] == "1 of its random trials were pruned"
    assert len(refused) == 2
    assert _regrets(results).empty


def test_too_thin_bins_give_no_number() -> None:
    draw = np.random.default_rng(3)
    space = {"k": {"choices": tuple(range(12))}}
    cells = [random_cell(draw, imratio=r, space=space, trials=24) for r in (0.1, 0.01)]
    assert _regrets(from_record(random_study(*cells))).empty
