"""Several searches are the sample: against scipy, and in studies whose searches differ by luck."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from analysis.compare import delong, pairwise
from analysis.compare.pairwise import Pair
from analysis.compare.searches import grouped, sampled
from analysis.findings import Findings
from analysis.results import from_record
from study.records import CellRecord, StudyRecord
from tests.analysis.conftest import make_cell, make_confirm, make_study, make_trial


def cell_of(method: str, aurocs: NDArray[np.float64], predictions: bool = False) -> CellRecord:
    """A cell of ``aurocs`` (searches, seeds of each)."""
    searches, seeds = aurocs.shape
    search = tuple(make_trial(number=r, repeat=r) for r in range(searches))
    rows = [
        replace(
            make_confirm(r * seeds + k, float(aurocs[r, k]), repeat=r),
            selected_from=r,
            predictions=f"predictions/{method}{r * seeds + k}.npz" if predictions else None,
        )
        for r in range(searches)
        for k in range(seeds)
    ]
    made = make_cell(method, search=search, confirm=tuple(rows))
    return replace(made, confirm=tuple(rows), searches=searches, selected=tuple(range(searches)))


def pair_of(study: StudyRecord) -> Pair:
    (pair,) = pairwise.within(from_record(study)).pairs
    return pair


def test_a_sample_is_seeds_or_searches() -> None:
    values = np.array([1.0, 2, 3, 4, 5, 9])
    assert sampled(values, grouped([0] * 6)).tolist() == values.tolist()
    assert sampled(values, grouped([0, 0, 1, 1, 1, 2])).tolist() == [1.5, 4, 9]
    assert sampled(values[:0], grouped([])).tolist() == []


def test_the_test_is_scipys_over_the_means_of_searches() -> None:
    draws = np.random.default_rng(0)
    a, b = draws.normal(0.82, 0.01, (4, 3)), draws.normal(0.80, 0.01, (4, 3))
    pair = pair_of(make_study(cell_of("a", a), cell_of("b", b)))
    test = stats.ttest_rel(a.mean(axis=1), b.mean(axis=1))
    interval = test.confidence_interval(0.95)
    assert (pair.n, pair.searches, pair.sample, pair.basis) == (12, 4, 4, "searches")
    assert pair.p == pytest.approx(test.pvalue)
    assert (pair.low, pair.high) == pytest.approx((interval.low, interval.high))
    assert pair.std == pytest.approx((a - b).mean(axis=1).std(ddof=1))
    scores = Findings(from_record(make_study(cell_of("a", a), cell_of("b", b)))).scores
    assert scores["mean"].to_numpy() == pytest.approx([a.mean(), b.mean()])
    assert scores["n"].tolist() == [12, 12]


def test_images_join_the_searches(tmp_path: Path) -> None:
    draws = np.random.default_rng(1)
    targets = np.arange(300) % 6 == 0
    (tmp_path / "predictions").mkdir()
    scores, aurocs = {}, {}
    for method, lift in (("a", 1.6), ("b", 1.2)):
        scores[method] = draws.normal(lift * targets, 1.0, (6, 300)).astype(np.float32)
        aurocs[method] = np.array(delong.placements(scores[method], targets).auroc, dtype=float)
        for seed, said in enumerate(scores[method]):
            file = tmp_path / "predictions" / f"{method}{seed}.npz"
            np.savez(file, scores=said, targets=targets.astype(np.uint8))
    cells = [cell_of(m, aurocs[m].reshape(3, 2), predictions=True) for m in ("a", "b")]
    pair = pair_of(make_study(*cells, directory=tmp_path))
    assert pair.basis == "searches and images"
    # Obuchowski and Rockette's test with the searches as readers, from the placements' means.
    a, b = (delong.placements(scores[m], targets) for m in ("a", "b"))
    difference = a.minus(b)
    halves = [part.reshape(3, 2, -1).mean(axis=1) for part in difference.parts]
    d = sum(0.5 * part.mean(axis=1) for part in halves)
    covariance = sum(np.cov(part) / part.shape[1] for part in halves)
    found = delong.both(np.asarray(d), np.asarray(covariance))
    assert pair.p_both == pytest.approx(found.p)
    assert (pair.low, pair.high) == pytest.approx(tuple(found.interval))


@pytest.mark.parametrize(("searches", "why"), [(2, "2 searches; a test takes 3 or more"), (3, "")])
def test_two_searches_are_too_few(searches: int, why: str) -> None:
    draws = np.random.default_rng(2)
    a, b = draws.normal(0.9, 0.01, (2, searches, 4))
    pair = pair_of(make_study(cell_of("a", a), cell_of("b", b)))
    assert pair.why == why
    assert np.isnan(pair.p) == bool(why)


def test_a_search_without_a_result_is_left_out() -> None:
    draws = np.random.default_rng(3)
    a, b = draws.normal(0.9, 0.01, (2, 4, 2))
    whole = cell_of("b", b)
    lost = replace(whole, confirm=tuple(row for row in whole.confirm if row.repeat != 1))
    pair = pair_of(make_study(cell_of("a", a), lost))
    assert (pair.n, pair.searches, pair.dropped) == (6, 3, (2, 3))
    kept = [0, 2, 3]
    expected = stats.ttest_rel(a[kept].mean(axis=1), b[kept].mean(axis=1)).pvalue
    assert pair.p == pytest.approx(expected)


def studies_of(searches: int, seeds: int, tuning: float, studies: int) -> list[bool]:
    """Whether two equal methods are called different, in studies whose searches differ."""
    draws = np.random.default_rng(4)
    claims = []
    for _ in range(studies):
        aurocs: Sequence[NDArray[np.float64]] = [
            0.8
            + 0.01 * tuning * draws.normal(size=(searches, 1))
            + 0.01 * draws.normal(size=(searches, seeds))
            for _ in range(2)
        ]
        pair = pair_of(make_study(cell_of("a", aurocs[0]), cell_of("b", aurocs[1])))
        claims.append(pair.better)
    return claims


def test_equal_methods_are_told_apart_by_one_search_and_not_by_three() -> None:
    """Searches differ as much as seeds: of one, a third of the studies claim a difference."""
    assert np.mean(studies_of(1, 6, tuning=1.0, studies=120)) > 0.2
    assert np.mean(studies_of(3, 2, tuning=1.0, studies=120)) < 0.12
