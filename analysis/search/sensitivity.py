"""How validation AUROC depends on each tuned hyperparameter, from search rows.

From ``LEAST`` finished rows on there is a curve: the partial dependence that a Gaussian process
over all of the method's tuned hyperparameters gives, with its band (``analysis.search.smooth``).
Of fewer there is none: a line through so few points shows what is not there. A curve stands for one
search, or for the searches of a method on a task at all imbalance ratios together.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.columns import PLACE
from analysis.read.traces import Trials
from analysis.results import Results, trial_id
from analysis.search.scale import kind, place, written
from analysis.search.smooth import Effect, Floats, fit

__all__ = ["LEAST", "MOST", "POOLED", "SIZE", "Curve", "curves", "points"]

LEAST = 25
"""Finished rows of a curve, at least."""
MOST = 100
"""Rows that a process is fitted to; of more, as many drawn at random (a fixed seed)."""
POOLED = "all ratios"
"""Stands for a ratio where a curve is of all of them."""
SIZE = 25
"""Places along a curve."""
WHOLE = 8
"""So many whole numbers have a place each."""


@dataclass(frozen=True, eq=False)
class Curve:
    """One hyperparameter's partial dependence.

    Attributes:
        method, task: whose.
        cell: id of the search; "" for the searches at all ratios together.
        ratio: label of the imbalance ratio, or ``POOLED``.
        hyperparameter: its name.
        x: (G,) rising values, all of what was tried of a choice or a few whole numbers, else
            evenly spread on the searched scale between the lowest and the highest that was tried.
        effect: validation AUROC at these; of a pooled curve, above the best finished row of its
            own search.
        sources: the finished rows.
    """

    method: str
    task: str
    cell: str
    ratio: str
    hyperparameter: str
    x: Floats
    effect: Effect
    sources: tuple[Trials, ...]

    @property
    def pooled(self) -> bool:
        """Whether it is of all ratios together."""
        return self.ratio == POOLED


def points(results: Results) -> pd.DataFrame:
    """One row a search row and tuned hyperparameter, if the row has a validation AUROC.

    Returns:
        hyperparameter, kind ("log", "linear" or "choice"), value (a number; for a choice its
        place in the space's list), text (the value as written), trial, cell, method, task,
        imratio, ratio, number, state (COMPLETE or PRUNED), origin, selected, auroc (at the last
        interval that the row reached), interval (that interval).
    """
    long = pd.DataFrame(
        [
            (trial_id(cell, row), name, kind(entry), place(entry, value), written(entry, value))
            for cell in results.study.cells
            for row in cell.search
            for name, entry in cell.space.items()
            if name in row.params
            for value in [row.params[name]]
        ],
        columns=["trial", "hyperparameter", "kind", "value", "text"],
    ).astype({"value": float, "trial": object})
    rows = results.trials.rename(columns={"last_auroc": "auroc", "last_interval": "interval"})
    rows = rows[rows["state"].isin(["COMPLETE", "PRUNED"]) & rows["auroc"].notna()]
    names = ["number", "state", "origin", "selected", "auroc", "interval"]
    return long.merge(rows[["trial", *PLACE, *names]], on="trial")


def curves(results: Results, points: pd.DataFrame) -> list[Curve]:
    """A curve a search and hyperparameter, and one a method, task and hyperparameter over ratios.

    Only COMPLETE rows enter: pruned ones stopped at different intervals. In pooled curves the
    imbalance ratio is one more dimension (its place among the ratios), so that a hyperparameter may
    act in another way at another ratio, and the curve is the average over the rows' ratios.
    They need searches of one space at two ratios or more.

    Args:
        results: the study.
        points: what ``points`` gives for it.
    """
    done = points[points["state"] == "COMPLETE"]
    spaces = {cell.id: cell.space for cell in results.study.cells}
    found: list[Curve] = []
    for (method, task), tuned in done.groupby(["method", "task"], sort=False):
        rows = _Rows.of(tuned, results.ratios)
        whose = (str(method), str(task))
        cells = list(dict.fromkeys(rows.trials["cell"]))
        for cell in cells:
            own = rows.trials["cell"].to_numpy() == cell
            ratio = str(rows.trials["ratio"].iloc[int(own.argmax())])
            found += _curves((*whose, cell, ratio), rows, own, pooled=False)
        alike = all(spaces[cell] == spaces[cells[0]] for cell in cells)
        if alike and rows.trials["ratio"].nunique() > 1:
            every = np.ones(len(rows.trials), dtype=bool)
            found += _curves((*whose, "", POOLED), rows, every, pooled=True)
    return found


@dataclass(frozen=True, eq=False)
class _Rows:
    """Finished rows of a method on a task.

    Attributes:
        trials: one row each: cell, ratio, number, auroc, above (less the best of its search),
            along (place of its ratio among all).
        values: one column a hyperparameter, on the searched scale; NaN where a row has none.
        kinds: of the columns.
    """

    trials: pd.DataFrame
    values: pd.DataFrame
    kinds: dict[str, str]

    @classmethod
    def of(cls, tuned: pd.DataFrame, ratios: list[str]) -> "_Rows":
        once = tuned.drop_duplicates("hyperparameter")
        kinds = dict(zip(once["hyperparameter"], once["kind"], strict=True))
        trials = tuned.drop_duplicates("trial").set_index("trial")
        wide = tuned.pivot(index="trial", columns="hyperparameter", values="value")
        values = wide.loc[trials.index, list(kinds)]
        logs = [name for name, kind in kinds.items() if kind == "log"]
        values[logs] = np.log(values[logs])
        above = trials["auroc"] - trials.groupby("cell")["auroc"].transform("max")
        along = trials["ratio"].map({ratio: float(i) for i, ratio in enumerate(ratios)})
        return cls(trials.assign(above=above, along=along), values, kinds)


def _curves(
    name: tuple[str, str, str, str], rows: _Rows, own: NDArray[np.bool_], *, pooled: bool
) -> list[Curve]:
    """Of the rows that ``own`` picks; pooled ones have the ratio as a dimension more."""
    if own.sum() < LEAST:
        return []
    trials, values = rows.trials[own], rows.values.to_numpy()[own]
    missing = np.isnan(values)
    known = np.flatnonzero((~missing).sum(axis=0) >= LEAST)
    low, high = np.nanmin(values[:, known], axis=0), np.nanmax(values[:, known], axis=0)
    moved = high > low
    known, low, reach = known[moved], low[moved], (high - low)[moved]
    if not len(known):
        return []
    places, missing = (values[:, known] - low) / reach, missing[:, known]
    # A row without a hyperparameter stands in its middle, apart from the others.
    columns = [np.where(missing, 0.5, places), missing[:, missing.any(axis=0)].astype(float)]
    if pooled:
        along = trials["along"].to_numpy()
        columns.append(((along - along.min()) / np.ptp(along))[:, None])
    heights = trials["above" if pooled else "auroc"].to_numpy()
    kept = np.arange(len(heights))
    if len(kept) > MOST:
        kept = np.sort(np.random.default_rng(0).choice(kept, MOST, replace=False))
    smooth = fit(np.concatenate(columns, axis=1)[kept], _fenced(heights[kept]))
    sources = tuple(
        Trials(str(cell), "search", tuple(sorted(map(int, numbers))))
        for cell, numbers in trials.groupby("cell", sort=False)["number"]
    )
    found = []
    for position, column in enumerate(known):
        hyperparameter, kind = list(rows.kinds.items())[column]
        at = _places(values[:, column], places[:, position], kind)
        x = low[position] + reach[position] * at
        with_it = np.flatnonzero(~missing[kept, position])
        effect = smooth.effect(position, at, None if len(with_it) == len(kept) else with_it)
        x = np.exp(x) if kind == "log" else x
        found.append(Curve(*name, hyperparameter, x, effect, sources))
    return found


def _fenced(heights: Floats) -> Floats:
    """A run that fell to chance says nothing of the others: it counts as at Tukey's outer fence."""
    lower, upper = np.quantile(heights, [0.25, 0.75])
    return np.maximum(heights, lower - 3 * (upper - lower))


def _places(values: Floats, places: Floats, kind: str) -> Floats:
    """Where a curve is drawn, from 0 to 1."""
    tried = ~np.isnan(places)
    distinct = np.unique(places[tried])
    few = len(distinct) <= WHOLE and kind != "log" and bool((values[tried] % 1 == 0).all())
    return distinct if kind == "choice" or few else np.linspace(0, 1, SIZE)
