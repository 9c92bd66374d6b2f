"""The labels of a task with several, one by one: AUROC of every method, and pairs of them.

The pairs of all labels of a setting are one family: Holm's correction holds the chance of a false
claim in it, whichever label and whichever two methods a reader looks at.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd
from sklearn.metrics import average_precision_score

from analysis.columns import PLACE, SETTING
from analysis.compare import pairwise
from analysis.compare.compared import Compared
from analysis.compare.delong import Placements
from analysis.compare.intervals import NO_INTERVAL, Interval
from analysis.compare.mean_auroc import over_images, over_seeds_and_images
from analysis.compare.pairwise import Pair, seeds
from analysis.compare.searches import grouped, sampled
from analysis.compare.testset import placed, read, too_few
from analysis.images.predictions import Predictions
from analysis.results import Results

__all__ = ["ByLabel", "LabelPair", "by_label", "interval_of", "table"]


class LabelPair(NamedTuple):
    """Two methods by one label; the pair's corrected p values are over all labels and pairs."""

    label: str
    pair: Pair


@dataclass(frozen=True, eq=False)
class ByLabel:
    """What the stored predictions say of single labels.

    Attributes:
        cells: one row a cell and label with both classes in the test set: cell, method, task,
            imratio, ratio, label, positives, negatives (test images for which it is known), mean
            (test AUROC over the sample, as in the main table), std (over the seeds, ddof 1; NaN
            below two), n, rows, low, high (95 %, over seeds and images; of one seed over images),
            auprc (mean over the seeds), best (highest mean of its setting and label), near (not
            best, and not told from it).
        pairs: every pair of methods of a setting, label by label.
        lost: by setting, labels that lack a class among the test images.
    """

    cells: pd.DataFrame
    pairs: Sequence[LabelPair]
    lost: Mapping[tuple[str, str], tuple[str, ...]]


COLUMNS = [
    *(*PLACE, "label", "positives", "negatives", "mean", "std", "n", "rows", "low", "high"),
    *("auprc", "best", "near"),
]


def by_label(results: Results) -> ByLabel:
    """Every setting whose task has several labels and whose predictions can be used."""
    cells: list[dict[str, Any]] = []
    pairs: list[LabelPair] = []
    lost: dict[tuple[str, str], tuple[str, ...]] = {}
    for (task, ratio), setting in seeds(results).groupby([*SETTING], sort=False):
        rows = {
            method: setting[setting["method"] == method]
            for method in results.methods
            if (setting["method"] == method).any()
        }
        if task not in results.labels:
            continue
        runs = {method: said.runs for method, said in read(results, rows).items() if said.runs}
        if not runs:
            continue
        first = next(iter(runs.values()))[0]
        labels = [each.name for each in first.by_label]
        lost[str(task), str(ratio)] = tuple(each for each in first.labels if each not in labels)
        found = [
            (label, [_method(name, rows[name], said, i) for name, said in runs.items()])
            for i, label in enumerate(labels)
        ]
        tested = _pairs(str(task), str(ratio), found, results.equivalence)
        pairs += tested
        for label, methods in found:
            behind = {(pair.a, pair.b) for name, pair in tested if name == label and pair.better}
            cells += _cells(label, methods, behind)
    return ByLabel(pd.DataFrame(cells, columns=COLUMNS), pairs, lost)


def table(pairs: Sequence[LabelPair]) -> pd.DataFrame:
    """One row a pair: its label, then as of ``analysis.compare.pairwise.table``."""
    found = pairwise.table(pair for _, pair in pairs)
    found.insert(0, "label", [label for label, _ in pairs])
    return found


def interval_of(
    places: Placements, said: Predictions, rows: pd.DataFrame
) -> tuple[float, Interval]:
    """Mean AUROC of runs, and its interval over seeds and images; of one seed over images.

    Args:
        places: of the images under the runs.
        said: one of the runs.
        rows: their confirm rows.
    """
    means = places.means(grouped(rows["repeat"]))
    mean = float(means.auroc.mean())
    if too_few(said):
        return mean, NO_INTERVAL
    both = over_seeds_and_images(means)
    return mean, over_images(means) if math.isnan(both.low) else both


class _Method(NamedTuple):
    """A method by one label: its confirm rows, what each said of the images, and their places."""

    name: str
    rows: pd.DataFrame
    said: Sequence[Predictions]
    places: Placements

    @property
    def compared(self) -> Compared:
        rows = self.rows.assign(test_auroc=self.places.auroc)
        return Compared.of(self.name, rows, None if too_few(self.said[0]) else self.places)


def _method(name: str, rows: pd.DataFrame, runs: Sequence[Predictions], label: int) -> _Method:
    said = [run.by_label[label].said for run in runs]
    return _Method(name, rows, said, placed(said))


def _pairs(
    task: str, ratio: str, labels: Sequence[tuple[str, Sequence[_Method]]], margin: float
) -> list[LabelPair]:
    found = [
        (label, pair)
        for label, methods in labels
        for pair in pairwise.paired(task, ratio, [each.compared for each in methods], margin)
    ]
    pairs = pairwise.corrected([pair for _, pair in found])
    return [LabelPair(label, pair) for (label, _), pair in zip(found, pairs, strict=True)]


def _cells(
    label: str, methods: Sequence[_Method], behind: set[tuple[str, str]]
) -> Iterator[dict[str, Any]]:
    found = {each.name: interval_of(each.places, each.said[0], each.rows) for each in methods}
    top = max(mean for mean, _ in found.values())
    leaders = [name for name, (mean, _) in found.items() if mean == top]
    for name, rows, said, places in methods:
        mean, (low, high) = found[name]
        aurocs, targets = places.auroc, said[0].targets
        precise = [average_precision_score(targets, run.scores) for run in said]
        yield {
            **{key: rows[key].iloc[0] for key in PLACE},
            "label": label,
            "positives": int(targets.sum()),
            "negatives": int((~targets).sum()),
            "mean": mean,
            "std": float(aurocs.std(ddof=1)) if len(said) > 1 else math.nan,
            "n": len(said),
            "rows": tuple(rows["number"]),
            "low": low,
            "high": high,
            "auprc": float(sampled(precise, grouped(rows["repeat"])).mean()),
            "best": name in leaders,
            "near": name not in leaders and not any((one, name) in behind for one in leaders),
        }
