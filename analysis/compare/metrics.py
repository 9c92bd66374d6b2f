"""Other metrics than AUROC within a setting: intervals, and tests on paired seeds and images.

The test is that of AUROCs (``analysis.compare.delong``): seeds as readers, with the covariance over
draws of the test images that Obuchowski and Rockette (1995) ask for. AUROC has it in closed form;
of the others a bootstrap gives it, in which all methods and seeds meet the same resampled images.
Seeds are not resampled: with three to ten the bootstrap is too narrow
(``analysis.compare.intervals``).
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields, replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.columns import PLACE, SETTING
from analysis.compare.delong import both, seeds_and_images
from analysis.compare.intervals import NO_INTERVAL, Interval, log_interval, logit_interval
from analysis.compare.metric_runs import MetricRuns, resampled_metrics
from analysis.compare.paired_seeds import refusal
from analysis.compare.pairwise import Pair, seeds
from analysis.compare.searches import grouped, sampled
from analysis.compare.t_test import UNTESTED
from analysis.holm import holm
from analysis.images.metrics import goodness
from analysis.results import Results
from study.plan.power import ALPHA

__all__ = ["Measured", "MetricPair", "measured", "table"]

Floats = NDArray[np.floating[Any]]

AUROC = "auroc"


@dataclass(frozen=True)
class MetricPair:
    """Two methods by one metric on paired seeds in one setting; NaN where there is no test.

    Attributes:
        task, ratio: the setting; metric: its name.
        a, b: the methods; a is ahead over the paired seeds.
        cell_a, cell_b: their cells; rows_a, rows_b: numbers of the confirm trials.
        n: paired seeds.
        difference: by how much a is ahead, the mean over the sample (seeds or searches, see
            ``analysis.compare.searches``), of what more is better of (a Brier
            score is counted negative, a calibration slope by its distance from 1).
        low, high, p: its interval and two-sided p over seeds and images.
        p_holm: corrected for the pairs of the setting, by this metric.
        why: what forbids a test, else "".
    """

    task: str
    ratio: str
    metric: str
    a: str
    b: str
    cell_a: str
    cell_b: str
    rows_a: tuple[int, ...]
    rows_b: tuple[int, ...]
    n: int
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    why: str

    @property
    def better(self) -> bool:
        """a is better: the corrected p is at or below ``ALPHA``."""
        return self.p_holm <= ALPHA


@dataclass(frozen=True, eq=False)
class Measured:
    """What the stored predictions say by several metrics.

    Attributes:
        cells: one row a cell with a finished confirm trial and metric: cell, method, task,
            imratio, ratio, metric, mean, std (ddof 1; NaN below two seeds), n, rows, low, high
            (over seeds and images, or as the main table's), best (of its setting), near (not
            best, and not told from it). NaN where the metric has no value.
        pairs: every pair of methods of a setting, metric by metric.
        labels: of tasks with several labels, one row a cell, label and metric but AUROC: those of
            ``PLACE``, label, metric, mean, std, n, rows, low and high, as in ``cells``.
        uncalibrated: cells whose trials kept no validation scores, or not both classes of a label.
    """

    cells: pd.DataFrame
    pairs: Sequence[MetricPair]
    labels: pd.DataFrame
    uncalibrated: tuple[str, ...]


def measured(
    results: Results, names: Sequence[str], scores: pd.DataFrame, pairs: Iterable[Pair]
) -> Measured:
    """Every setting by every metric of ``names``.

    Args:
        results: the study.
        names: keys of ``study.words.METRICS``.
        scores: what ``analysis.compare.comparison.scores`` gives for the study, and
        pairs: what ``analysis.compare.pairwise.within`` does: AUROC is taken from them.
    """
    others = [name for name in names if name != AUROC]
    cells: list[dict[str, Any]] = []
    labels: list[dict[str, Any]] = []
    found: list[MetricPair] = []
    uncalibrated: list[str] = []
    if AUROC in names:
        cells += _auroc(scores)
        found += map(_of_auroc, pairs)
    for (task, ratio), setting in seeds(results).groupby([*SETTING], sort=False):
        rows = {
            method: setting[setting["method"] == method]
            for method in results.methods
            if (setting["method"] == method).any()
        }
        by_metric, without = resampled_metrics(results, rows, others)
        uncalibrated += without
        for (label, name), methods in by_metric.items():
            if label:
                labels += [_cell(name, method) | {"label": label} for method in methods]
                continue
            tested = _corrected(
                [_pair(str(task), str(ratio), name, *two) for two in combinations(methods, 2)]
            )
            found += tested
            cells += _cells(name, methods, tested)
    by_label = pd.DataFrame(labels, columns=[*PLACE, "label", *COLUMNS[len(PLACE) : -2]])
    return Measured(_ordered(cells, names, results), found, by_label, tuple(uncalibrated))


def table(pairs: Iterable[MetricPair]) -> pd.DataFrame:
    """One row a pair and metric: its attributes, with better before why."""
    *names, why = [field.name for field in fields(MetricPair)]
    rows = [(*astuple(pair)[:-1], pair.better, pair.why) for pair in pairs]
    return pd.DataFrame(rows, columns=[*names, "better", why])


def _interval(name: str, method: MetricRuns) -> Interval:
    """Of the mean over the sample and images; on the logit scale for what lies within 0 and 1."""
    groups = grouped(method.rows["repeat"])
    values, resampled = sampled(method.values, groups), sampled(method.resampled.T, groups).T
    if len(values) < 2 or np.isnan(values).any():
        return NO_INTERVAL
    mean, covariance = float(values.mean()), np.cov(resampled.T)
    if np.ptp(values) == 0:
        error, freedom = math.sqrt(max(0.0, float(covariance.mean()))), math.inf
    else:
        error, freedom = seeds_and_images(values, covariance)
    return _scaled(name, mean, error, freedom)


def _scaled(name: str, mean: float, error: float, freedom: float) -> Interval:
    if name != "calibration_slope":
        return logit_interval(mean, error, freedom) if 0 < mean < 1 and error else NO_INTERVAL
    return log_interval(mean, error, freedom) if mean > 0 else NO_INTERVAL


def _pair(task: str, ratio: str, metric: str, first: MetricRuns, second: MetricRuns) -> MetricPair:
    shared = sorted({*first.rows["seed"].astype(int)} & {*second.rows["seed"].astype(int)})
    repeats = first.rows["repeat"].iloc[first.at(shared)]
    groups, searches = grouped(repeats), repeats.nunique()
    d = sampled(_goods(metric, first, shared) - _goods(metric, second, shared), groups)
    ahead = not len(d) or np.isnan(d).any() or d.mean() >= 0
    a, b = (first, second) if ahead else (second, first)
    d = (d if ahead else -d).round(12)
    moved = goodness(metric, a.resampled[:, a.at(shared)]) - goodness(
        metric, b.resampled[:, b.at(shared)]
    )
    what = "search" if searches > 1 else "seed"
    why = "no value at some seed" if np.isnan(d).any() else refusal(d, what)
    found = UNTESTED if why else both(d, np.cov(sampled(moved.T, groups)))
    return MetricPair(
        task,
        ratio,
        metric,
        a.name,
        b.name,
        a.rows["cell"].iloc[0],
        b.rows["cell"].iloc[0],
        rows_a=tuple(a.rows["number"].iloc[a.at(shared)].tolist()),
        rows_b=tuple(b.rows["number"].iloc[b.at(shared)].tolist()),
        n=len(shared),
        difference=float(d.mean()) if len(d) else math.nan,
        low=found.interval.low,
        high=found.interval.high,
        p=found.p,
        p_holm=math.nan,
        why=why,
    )


def _goods(metric: str, method: MetricRuns, seeds: Sequence[int]) -> Floats:
    return goodness(metric, method.values[method.at(seeds)])


def _corrected(pairs: list[MetricPair]) -> list[MetricPair]:
    adjusted = holm([pair.p for pair in pairs]).tolist()
    return [replace(pair, p_holm=p) for pair, p in zip(pairs, adjusted, strict=True)]


def _cells(
    name: str, methods: Sequence[MetricRuns], pairs: Sequence[MetricPair]
) -> Iterator[dict[str, Any]]:
    goods = {method.name: float(goodness(name, method.values).mean()) for method in methods}
    top = max((good for good in goods.values() if not math.isnan(good)), default=math.nan)
    best = [method for method, good in goods.items() if good == top]
    behind = {(pair.a, pair.b) for pair in pairs if pair.better}
    for method in methods:
        yield _cell(name, method) | {
            "best": method.name in best,
            "near": method.name not in best
            and not math.isnan(goods[method.name])
            and not any((leader, method.name) in behind for leader in best),
        }


def _cell(name: str, method: MetricRuns) -> dict[str, Any]:
    n, values = len(method.values), method.values
    low, high = _interval(name, method)
    return {
        **{name: method.rows[name].iloc[0] for name in PLACE},
        "metric": name,
        "mean": float(values.mean()),
        "std": float(values.std(ddof=1)) if n > 1 else math.nan,
        "n": n,
        "rows": tuple(method.rows["number"]),
        "low": low,
        "high": high,
    }


COLUMNS = [*PLACE, "metric", "mean", "std", "n", "rows", "low", "high", "best", "near"]


def _auroc(scores: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for row in scores[scores["n"] > 0].to_dict("records"):
        of = "" if math.isnan(row["both_low"]) else "both_"
        ends = {end: row[f"{of}{end}"] for end in ("low", "high")}
        yield {str(name): row[name] for name in COLUMNS if name in row} | {"metric": AUROC} | ends


def _of_auroc(pair: Pair) -> MetricPair:
    names = [field.name for field in fields(MetricPair) if field.name != "metric"]
    return MetricPair(metric=AUROC, **{name: getattr(pair, name) for name in names})


def _ordered(cells: list[dict[str, Any]], names: Sequence[str], results: Results) -> pd.DataFrame:
    """By cell in the study's order, then by metric in the order of ``names``."""
    place = {cell: i for i, cell in enumerate(results.cells["cell"])}
    cells.sort(key=lambda row: (place[row["cell"]], names.index(row["metric"])))
    return pd.DataFrame(cells, columns=COLUMNS)
