"""Ensembles of whole studies: values from the files, and the test set that selects nothing."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from analysis.columns import ENSEMBLES
from analysis.ensembles.ensembles import differences_table, ensembles, table
from analysis.ensembles.greedy import select
from analysis.ensembles.lines import CALIBRATED, GREEDY, METHOD, PICKED, RANKS
from analysis.export import frames
from analysis.findings import Findings
from analysis.holm import holm
from analysis.images.predictions import Predictions, load_predictions
from analysis.results import Results, from_record
from tests.analysis.binormal import binormal_study, rewritten

GAPS = {"ce": 1.3, "auc_m": 1.5, "ct_auc": 0.6}
SELECTED = ["weight", "taken", "best"]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return binormal_study(tmp_path_factory.mktemp("study"), GAPS, np.random.default_rng(0))


@pytest.fixture(scope="module")
def lines(study: Results) -> pd.DataFrame:
    return table(Findings(study).ensembles.lines)


def said(results: Results, method: str, seed: int) -> Predictions:
    cell = results.cells.set_index("method")["cell"][method]
    return load_predictions(results, cell, seed)


def ranks(scores: np.ndarray) -> np.ndarray:
    return np.asarray(pd.Series(scores).rank())


def delong_error(targets: np.ndarray, a: np.ndarray, others: list[np.ndarray]) -> float:
    """Of AUROC(a) less the mean AUROC of others, pair by pair (DeLong et al. 1988, eq. 4 to 6)."""

    def won(scores: np.ndarray) -> np.ndarray:
        apart = scores[targets][:, None] - scores[~targets][None, :]
        return (apart > 0) + 0.5 * (apart == 0)

    d = won(a) - np.mean([won(each) for each in others], axis=0)
    parts = d.mean(axis=1), d.mean(axis=0)
    return math.sqrt(sum(part.var(ddof=1) / len(part) for part in parts))


def test_seeds_together_are_mean_ranks(study: Results, lines: pd.DataFrame) -> None:
    row = lines[lines["method"] == "auc_m"].iloc[0]
    runs = [said(study, "auc_m", seed) for seed in range(3)]
    targets, scores = runs[0].targets, [run.scores for run in runs]
    joint = np.sum([ranks(each) for each in scores], axis=0)
    alone = float(np.mean([roc_auc_score(targets, each) for each in scores]))
    assert row["together"] == pytest.approx(roc_auc_score(targets, joint))
    assert row["one"] == pytest.approx(alone)
    assert row["gain"] == pytest.approx(row["together"] - alone)
    half = stats.norm.ppf(0.975) * delong_error(targets, joint, scores)
    assert [row["gain_low"], row["gain_high"]] == pytest.approx(
        [row["gain"] - half, row["gain"] + half]
    )
    assert row["trials"] == "auc_m__cifar10-mlp__0.1/confirm/0-2"


def test_one_seed_is_as_in_the_main_table(study: Results, lines: pd.DataFrame) -> None:
    scores = Findings(study).scores.set_index("method")
    for row in lines[lines["kind"] == METHOD].to_dict("records"):
        main = scores.loc[row["method"], ["mean", "both_low", "both_high"]].tolist()
        assert [row["one"], row["one_low"], row["one_high"]] == pytest.approx(main)


def test_methods_together_are_of_each_seed(study: Results, lines: pd.DataFrame) -> None:
    by_kind = lines.set_index("kind")
    found: dict[str, list[np.ndarray]] = {kind: [] for kind in (PICKED, RANKS, GREEDY)}
    counts = []
    for seed in range(3):
        runs = [said(study, method, seed) for method in GAPS]
        known = [run.validation for run in runs if run.validation is not None]
        val, targets = np.stack([scores for scores, _ in known]), known[0][1]
        every = np.stack([ranks(run.scores) for run in runs])
        counts.append(select(val, targets).counts)
        found[RANKS].append(every.sum(axis=0))
        found[GREEDY].append(counts[-1] @ every)
        alone = [roc_auc_score(targets, each) for each in val]
        found[PICKED].append(every[int(np.argmax(alone))])
    test = said(study, "ce", 0).targets
    for kind, scores in found.items():
        expected = [roc_auc_score(test, each) for each in scores]
        assert by_kind["one"][kind] == pytest.approx(np.mean(expected))
        joint = np.sum([ranks(each) for each in scores], axis=0)
        assert by_kind["together"][kind] == pytest.approx(roc_auc_score(test, joint))
    methods = lines[lines["kind"] == METHOD]
    shares = np.mean([each / each.sum() for each in counts], axis=0)
    assert methods["weight"].tolist() == pytest.approx(shares.tolist())
    assert methods["taken"].tolist() == [sum(bool(c[i]) for c in counts) for i in range(3)]
    assert methods["best"].sum() == 3
    assert methods["weight"].sum() == pytest.approx(1)
    assert len(set(by_kind.loc[[RANKS, GREEDY, PICKED, CALIBRATED], "trials"])) == 1


def test_differences_are_from_the_picked_method(study: Results, lines: pd.DataFrame) -> None:
    found = differences_table(Findings(study).ensembles.differences)
    assert found["kind"].tolist() == [RANKS, CALIBRATED, GREEDY]
    one = lines.set_index("kind")["one"]
    for row in found.to_dict("records"):
        assert row["difference"] == pytest.approx(one[row["kind"]] - one[PICKED], abs=1e-9)
        assert row["low"] < row["difference"] < row["high"]
    assert found["p_holm"].tolist() == pytest.approx(holm(found["p"]).tolist())


@pytest.mark.parametrize("labels", [(), ("Edema", "Mass")])
def test_the_test_set_selects_nothing(tmp_path: Path, labels: tuple[str, ...]) -> None:
    """Other test scores, and test labels that are upside down, leave the selection as it was."""
    results = binormal_study(tmp_path, GAPS, np.random.default_rng(1), labels=labels)
    before = table(ensembles(results).lines)
    noise = np.random.default_rng(2)

    def shuffled(kept: dict[str, np.ndarray]) -> np.ndarray:
        return noise.permutation(kept["scores"])

    rewritten(results, targets=lambda kept: 1.0 - kept["targets"], scores=shuffled)
    after = table(ensembles(results).lines)
    pd.testing.assert_frame_equal(before[SELECTED], after[SELECTED])
    assert (after["one"] - before["one"]).abs().min() > 0.05
    # A selection by the test set would have moved.
    rewritten(
        results,
        val_scores=lambda kept: kept["scores"],
        val_targets=lambda kept: kept["targets"],
    )
    moved = table(ensembles(results).lines)
    assert not before[SELECTED].equals(moved[SELECTED])


def test_permuted_test_labels_are_guessed(tmp_path: Path) -> None:
    """AUROC 1/2 in the mean; whoever selects by these very labels finds more."""
    gaps, ratios = {f"m{i}": 1.0 for i in range(6)}, [i / 100 for i in range(1, 21)]
    rng = np.random.default_rng(3)
    results = binormal_study(tmp_path, gaps, rng, seeds=1, images=80, ratios=ratios)
    for ratio in ratios:
        order = rng.permutation(80)
        for path in (tmp_path / "predictions").glob(f"*__{ratio:g}__*"):
            with np.load(path) as file:
                kept = dict(file)
            np.savez(path, allow_pickle=False, **kept | {"targets": kept["targets"][order]})
    error = math.sqrt(81 / (12 * 20 * 60)) / math.sqrt(len(ratios))  # of Mann and Whitney's U
    honest = table(ensembles(results).lines).groupby("kind")["one"].mean()
    for kind in (PICKED, RANKS, CALIBRATED, GREEDY):
        assert abs(honest[kind] - 0.5) < 3 * error
    rewritten(
        results,
        val_scores=lambda kept: kept["scores"],
        val_targets=lambda kept: kept["targets"],
    )
    cheated = table(ensembles(results).lines).groupby("kind")["one"].mean()
    assert cheated[GREEDY] > 0.5 + 3 * error


def test_several_labels_and_groups(tmp_path: Path) -> None:
    results = binormal_study(
        tmp_path, GAPS, np.random.default_rng(4), labels=("Edema", "Mass"), groups=True
    )
    lines = table(ensembles(results).lines)
    runs = [said(results, "ce", seed) for seed in range(3)]
    parts = []
    for of in zip(*(run.by_label for run in runs), strict=True):
        joint = np.sum([ranks(label.said.scores) for label in of], axis=0)
        parts.append(roc_auc_score(of[0].said.targets, joint))
    row = lines[lines["method"] == "ce"].iloc[0]
    assert row["together"] == pytest.approx(np.mean(parts))
    assert row["together_low"] < row["together"] < row["together_high"]
    main = Findings(results).scores.set_index("method")
    for end in ("low", "high"):
        assert row[f"one_{end}"] == pytest.approx(main[f"both_{end}"]["ce"])
    assert lines["kind"].tolist() == [*[METHOD] * 3, PICKED, RANKS, CALIBRATED, GREEDY]


def test_searches_are_the_sample(tmp_path: Path) -> None:
    results = binormal_study(tmp_path, GAPS, np.random.default_rng(5), seeds=8, searches=3)
    found = ensembles(results)
    scores = Findings(results).scores.set_index("method")["mean"]
    for line in found.lines:
        if line.method:
            assert line.one == pytest.approx(scores[line.method])
            assert line.gain == pytest.approx(line.together - line.one)
    assert not any(each.why for each in found.differences)


def kinds(results: Results) -> list[str]:
    return [line.kind for line in ensembles(results).lines]


def test_what_there_is_not_enough_for_is_left_out(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    alone = ensembles(binormal_study(tmp_path / "a", {"a": 1.0}, rng, seeds=1))
    assert not alone.several
    (line,) = alone.lines
    assert math.isnan(line.together)
    seeds = ensembles(binormal_study(tmp_path / "b", {"a": 1.0}, rng, seeds=2))
    assert seeds.several
    assert [line.kind for line in seeds.lines] == [METHOD]
    methods = ensembles(binormal_study(tmp_path / "c", {"a": 1.0, "b": 1.2}, rng, seeds=1))
    assert methods.several
    assert all(math.isnan(line.together) for line in methods.lines)
    assert {each.why for each in methods.differences} == {"1 paired seed; a test takes 3 or more"}


def test_without_validation_scores_all_are_averaged_and_nothing_selected(tmp_path: Path) -> None:
    results = binormal_study(tmp_path, GAPS, np.random.default_rng(7), validation=0)
    found = ensembles(results)
    assert [line.kind for line in found.lines] == [*[METHOD] * 3, RANKS]
    assert [*found.missing.values()] == [("not all trials kept validation scores",)]
    assert not found.differences


@pytest.mark.parametrize(
    ("change", "why", "left"),
    [
        ("val_targets", "the methods of a seed were not validated on the same images", 4),
        ("targets", "not all runs were tested on the same images", 0),
    ],
)
def test_other_images_of_one_run_are_told(tmp_path: Path, change: str, why: str, left: int) -> None:
    results = binormal_study(tmp_path, GAPS, np.random.default_rng(8))
    path = tmp_path / "predictions" / "auc_m__cifar10-mlp__0.1__confirm1.npz"
    with np.load(path) as file:
        kept = dict(file)
    kept[change] = np.roll(kept[change], 1)
    np.savez(path, allow_pickle=False, **kept)
    found = ensembles(results)
    assert len(found.lines) == left
    ((said,),) = found.missing.values()
    assert why in said


def test_a_seed_that_a_method_lacks_is_not_among_those_of_methods(tmp_path: Path) -> None:
    results = binormal_study(tmp_path, GAPS, np.random.default_rng(9))
    kept = results.confirm["trial"] != "ce__cifar10-mlp__0.1/confirm/1"
    found = ensembles(replace(results, confirm=results.confirm[kept]))
    lines = table(found.lines).set_index("kind")
    assert lines["n"].loc[METHOD].tolist() == [2, 3, 3]
    assert lines["n"][GREEDY] == 2
    assert lines["trials"][GREEDY].split(";")[1] == "auc_m__cifar10-mlp__0.1/confirm/0,2"


def test_the_export_has_them(study: Results, lines: pd.DataFrame) -> None:
    frame = frames(study)[0]["ensembles"]
    pd.testing.assert_frame_equal(frame, lines)
    assert list(frame.columns) == list(ENSEMBLES)
    nothing: Any = frames(from_record(study.study.__class__("none", Path(), {}, {}, ())))[0]
    assert nothing["ensembles"].empty
