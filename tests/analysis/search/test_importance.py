"""Importance against closed forms, scipy, statsmodels and Optuna's evaluators."""

from collections.abc import Callable
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator
from optuna.trial import create_trial
from scipy import stats

from analysis.results import Results, from_record
from analysis.search import importance
from analysis.search.bins import bin_labels
from tests.analysis.known_truth import random_cell, random_study

Build = Callable[..., Any]


def test_share_of_a_linear_function_is_its_sobol_index() -> None:
    """Y = 2 X1 + X2 of uniform draws: first-order indices 4/5 and 1/5."""
    draw = np.random.default_rng(0)
    x = draw.uniform(size=(3, 40_000))
    y = 2 * x[0] + x[1]
    found = [importance.share(bin_labels(row), y)[0] for row in x]
    # Eight bins see all but 1 / 64 of what a linear effect explains.
    assert found == pytest.approx([0.8 * 63 / 64, 0.2 * 63 / 64, 0.0], abs=0.01)


def test_share_against_scipys_f_test() -> None:
    draw = np.random.default_rng(1)
    labels = np.repeat([0, 1, 2], [7, 9, 5])
    y = draw.normal(size=21) + 0.5 * labels
    f = stats.f_oneway(*(y[labels == k] for k in range(3))).statistic
    # Epsilon squared of F with 2 and 18 degrees of freedom.
    assert importance.share(labels, y)[0] == pytest.approx(2 * (f - 1) / (2 * f + 18))


def test_weights_are_repeated_rows() -> None:
    draw = np.random.default_rng(2)
    labels, y = np.repeat([0, 1], 6), draw.normal(size=12)
    weights = draw.multinomial(12, np.full(12, 1 / 12))
    again = np.repeat(np.arange(12), weights)
    found = importance.share(labels, y[None], weights[None])[0]
    assert found == pytest.approx(importance.share(labels[again], y[again])[0])


def test_at_the_top_is_ped_anovas_divergence() -> None:
    """In bins of equal count: the Pearson divergence of the best quarter, 1 at its largest."""
    draw = np.random.default_rng(3)
    labels, y = np.repeat([0, 1, 2, 3], 50), draw.normal(size=200)
    top = y > np.quantile(y, 0.75)
    q = np.bincount(labels[top], minlength=4) / top.sum()
    divergence = float((0.25 * (q / 0.25 - 1) ** 2).sum())
    found = importance.share(labels, top.astype(float))[0]
    raw = 1 - (1 - found) * (200 - 4) / (200 - 1)  # with the bias
    assert raw == pytest.approx(divergence * 0.25 / 0.75)


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_order_agrees_with_optunas_evaluators() -> None:
    draw = np.random.default_rng(4)
    cell = random_cell(draw, trials=120)
    space: dict[str, BaseDistribution] = {
        name: FloatDistribution(entry["low"], entry["high"], log=entry["log"])
        for name, entry in cell.space.items()
    }
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    peer = optuna.create_study(direction="maximize")
    peer.add_trials(
        [create_trial(params=r.params, distributions=space, value=r.value) for r in cell.search]
    )
    table = importance.importance(from_record(random_study(cell)))
    ours = {m: g.set_index("hyperparameter")["share"] for m, g in table.groupby("measure")}
    fanova = FanovaImportanceEvaluator(n_trees=16, seed=0).evaluate(peer)
    top = PedAnovaImportanceEvaluator(target_quantile=importance.TOP).evaluate(peer)
    everywhere = ours["everywhere"].to_dict()
    rising = sorted(everywhere, key=everywhere.__getitem__)
    assert rising == sorted(fanova, key=fanova.__getitem__)
    assert everywhere["dead"] < 0.05 < min(everywhere["lr"], everywhere["margin"])
    assert min(top, key=top.__getitem__) == ours["at the top"].idxmin() == "dead"


def test_an_effect_that_turns_round_is_seen_where_searches_are_long_enough() -> None:
    draw = np.random.default_rng(6)
    long = [random_cell(draw, imratio=r, best=b) for r, b in ((0.01, 0.1), (0.1, 1.0))]
    table = importance.importance(from_record(random_study(*long)))
    margin = table[(table["hyperparameter"] == "margin") & (table["measure"] == "everywhere")]
    assert margin["apart"].all()
    assert margin["important"].all()
    short = [random_cell(draw, imratio=r, trials=12) for r in (0.01, 0.1)]
    table = importance.importance(from_record(random_study(*short)))
    assert not table["apart"].any()
    assert (table["n"] == 24).all()


def test_guided_rows_never_count_and_too_few_are_refused(
    study: Build, cell: Build, trial: Build, simulated: Results
) -> None:
    assert (importance.importance(simulated)["n"] == 20).all()  # of 80 rows a method
    space = {"margin": {"low": 0.0, "high": 1.0, "log": False, "step": None}}
    search = tuple(
        trial(number=i, params={"margin": i / 40}, origin="random" if i < 19 else "tpe")
        for i in range(40)
    )
    results = from_record(study(cell(space=space, search=search)))
    assert importance.importance(results).empty
    assert importance.refusals(results).to_dict("records") == [{"method": "auc_m", "n": 19}]


def test_disagreements_name_what_one_measure_alone_calls() -> None:
    draw = np.random.default_rng(0)
    table = importance.importance(from_record(random_study(random_cell(draw))))
    table["important"] = (table["hyperparameter"] == "lr") | (
        (table["hyperparameter"] == "margin") & (table["measure"] == "at the top")
    )
    assert importance.disagreements(table).to_dict("records") == [
        {"method": "auc_m", "hyperparameter": "margin", "measure": "at the top"}
    ]


def test_choices_and_constant_scores(study: Build, cell: Build, trial: Build) -> None:
    space = {"schedule": {"choices": ("a", None)}}
    search = tuple(trial(number=i, params={"schedule": ("a", None)[i % 2]}) for i in range(24))
    table = importance.importance(from_record(study(cell(space=space, search=search))))
    assert (table["share"] == 0).all()
    assert not table["important"].any()
    better = tuple(
        trial(number=i, params={"schedule": ("a", None)[i % 2]}, value=0.8 + 0.01 * (i % 2))
        for i in range(24)
    )
    table = importance.importance(from_record(study(cell(space=space, search=better))))
    assert table.set_index("measure").loc["everywhere", "share"] == pytest.approx(1.0)
