"""How two hyperparameters act together, from the finished search rows of a method on a task.

The surface is a kernel regression (Nadaraya 1964, Watson 1964) of the AUROC, less the median of
the same search, so that searches of different level can be put together. Its widths are those
that foretell left-out rows best, and it is worth drawing only if it foretells them better than
their mean does: a surface through noise is a picture of nothing.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.results import Results
from study.records import CellRecord

__all__ = ["IMRATIO", "LEAST", "PairSurface", "Surface", "fit", "named", "pair_surfaces"]

IMRATIO = "imratio"
"""Stands in a pair for the imbalance ratio, where a task has ``LEAST_RATIOS`` of them or more."""
BEFORE = (
    ("margin", "epoch_decay"),
    ("mixup_alpha", "lr"),
    ("inner_steps", "inner_lr"),
    ("margin", IMRATIO),
)
"""Pairs of a cell that names none: it was planned before search spaces named them."""
LEAST = 30
"""Finished rows, at least."""
MOST = 600
"""Rows that a surface is fitted to; of more, every so many-th."""
SKILL_ROWS = 7
"""A surface is worth drawing from a skill of ``SKILL_ROWS`` / n on: pure noise of 30 to 300 rows
reaches that in fewer than 5 of 100 cases."""
LEAST_RATIOS = 3
SIZE = 22
WIDTHS = (0.08, 0.15, 0.3, 0.6)
"""Widths of the kernel to choose from, as shares of the searched range."""
WORST = 0.05
"""So many of the lowest rows count as the best of them: diverged trials would hide the rest."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Surface:
    """A surface over a pair.

    Attributes:
        x, y: (SIZE,) places along the two axes, from 0 to 1 of what was tried.
        z: (SIZE, SIZE), rows along y; NaN far from every trial.
        skill: share of the left-out rows' variance that it foretells; at most 1, 0 if it is no
            better than their mean.
        sound: whether that is more than noise would give.
    """

    x: Floats
    y: Floats
    z: Floats
    skill: float
    sound: bool


@dataclass(frozen=True, eq=False)
class PairSurface:
    """Two hyperparameters of a method on a task.

    Attributes:
        method, task: whose.
        x, y: names of the two; y may be ``IMRATIO``.
        kinds: of x and y: "log", "linear" or "choice".
        rows: one row a finished search trial: x, y, x_text, y_text, height (AUROC less the median
            of its search), cell, number, selected.
        why: words why there is no surface, else "".
        surface: None with a ``why``.
    """

    method: str
    task: str
    x: str
    y: str
    kinds: tuple[str, str]
    rows: pd.DataFrame
    why: str
    surface: Surface | None

    @property
    def sound(self) -> bool:
        """There is a surface, and it shows more than noise would."""
        return self.surface is not None and self.surface.sound


def fit(x: ArrayLike, y: ArrayLike, z: ArrayLike) -> Surface:
    """The surface through rows at (x, y), both from 0 to 1, with heights z."""
    place = np.stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)])
    height = np.asarray(z, dtype=float)
    height = np.maximum(height, np.quantile(height, WORST))
    apart = (place[:, :, None] - place[:, None, :]) ** 2
    n = len(height)
    mean = (height.sum() - height) / (n - 1)
    around = ((height - mean) ** 2).sum()
    errors = {
        widths: ((height - _left_out(apart, height, widths)) ** 2).sum()
        for widths in ((a, b) for a in WIDTHS for b in WIDTHS)
    }
    best = min(errors, key=lambda widths: errors[widths])
    skill = float(max(0.0, 1 - errors[best] / around)) if around > 0 else 0.0
    along = np.linspace(0, 1, SIZE)
    grid = np.stack([axis.ravel() for axis in np.meshgrid(along, along)])
    weights = _kernel((grid[:, :, None] - place[:, None, :]) ** 2, best)
    mass = weights.sum(axis=1)
    heights = np.where(mass > 0.3, weights @ height / np.maximum(mass, 1e-300), np.nan)
    return Surface(along, along, heights.reshape(SIZE, SIZE), skill, skill >= SKILL_ROWS / n)


def named(results: Results) -> list[tuple[str, str]]:
    """The pairs that the study's search spaces name, tuned or not, in their order."""
    return list(dict.fromkeys(pair for cell in results.study.cells for pair in _pairs_of(cell)))


def pair_surfaces(results: Results, points: pd.DataFrame) -> list[PairSurface]:
    """A surface a method, task and named pair of which the method tunes both.

    Args:
        results: the study.
        points: what ``analysis.search.sensitivity.points`` gives for it.
    """
    pairs = {
        method: dict.fromkeys(
            pair
            for cell in results.study.cells
            if cell.method == method
            for pair in _pairs_of(cell)
        )
        for method in results.methods
    }
    done = points[points["state"] == "COMPLETE"]
    surfaces = []
    for (method, task), tuned in done.groupby(["method", "task"], sort=False):
        trials = tuned.drop_duplicates("trial").set_index("trial")
        values = tuned.pivot(index="trial", columns="hyperparameter", values="value")
        texts = tuned.pivot(index="trial", columns="hyperparameter", values="text")
        once = tuned.drop_duplicates("hyperparameter")
        kinds = dict(zip(once["hyperparameter"], once["kind"], strict=True))
        if trials["imratio"].nunique() >= LEAST_RATIOS:
            values[IMRATIO], texts[IMRATIO] = trials["imratio"], trials["ratio"]
            kinds[IMRATIO] = "log"
        height = trials["auroc"] - trials.groupby("cell")["auroc"].transform("median")
        for x, y in pairs[str(method)]:
            if x not in values or y not in values:
                continue
            rows = pd.DataFrame(
                {"x": values[x], "y": values[y], "x_text": texts[x], "y_text": texts[y]}
            )
            rows["height"] = height
            rows = rows.join(trials[["cell", "number", "selected"]]).dropna(subset=["x", "y"])
            rows, both, why = rows.reset_index(drop=True), (kinds[x], kinds[y]), _why(rows)
            surface = None if why else _surface(rows, both)
            surfaces.append(PairSurface(str(method), str(task), x, y, both, rows, why, surface))
    return surfaces


def _pairs_of(cell: CellRecord) -> tuple[tuple[str, str], ...]:
    return BEFORE if cell.pairs is None else cell.pairs


def _surface(rows: pd.DataFrame, kinds: tuple[str, str]) -> Surface:
    some = rows.iloc[:: -(-len(rows) // MOST)]
    x, y = (_unit(some[axis], kind) for axis, kind in zip("xy", kinds, strict=True))
    return fit(x, y, some["height"])


def _why(rows: pd.DataFrame) -> str:
    if len(rows) < LEAST:
        return f"{len(rows)} finished trials; it takes {LEAST}"
    constant = [axis for axis in ("x", "y") if rows[axis].nunique() < 2]
    return "only one value was tried" if constant else ""


def _unit(values: pd.Series, kind: str) -> Floats:
    """From 0 to 1 along the searched scale."""
    place = np.log(values.to_numpy()) if kind == "log" else values.to_numpy()
    return np.asarray((place - place.min()) / np.ptp(place))


def _left_out(apart: Floats, height: Floats, widths: tuple[float, float]) -> Floats:
    """Each height as the others foretell it; their mean where none is near."""
    weights = _kernel(apart, widths)
    np.fill_diagonal(weights, 0.0)
    mass = weights.sum(axis=1)
    mean = (height.sum() - height) / (len(height) - 1)
    return np.where(mass > 1e-6, weights @ height / np.maximum(mass, 1e-300), mean)


def _kernel(apart: Floats, widths: tuple[float, float]) -> Floats:
    return np.asarray(np.exp(-0.5 * (apart[0] / widths[0] ** 2 + apart[1] / widths[1] ** 2)))
