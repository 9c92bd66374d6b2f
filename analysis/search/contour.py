"""How two hyperparameters act together, from the finished search rows of a method on a task.

The surface is a kernel regression (Nadaraya 1964, Watson 1964) of the AUROC, less the median of
the same search, so that searches of different level can be put together. Its widths are those
that foretell left-out rows best, and it is worth drawing only if it foretells them better than
their mean does: a surface through noise is a picture of nothing.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from analysis.results import Results
from analysis.search.sensitivity import points

__all__ = ["IMRATIO", "LEAST", "PAIRS", "Surface", "pairs", "surface"]

IMRATIO = "imratio"
PAIRS = (
    ("margin", "epoch_decay"),
    ("mixup_alpha", "lr"),
    ("inner_steps", "inner_lr"),
    ("margin", IMRATIO),
)
"""What is looked at, where a method tunes both (and the study has three ratios or more)."""
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


class Surface:
    """A surface over a pair.

    Attributes:
        x, y: (SIZE,) places along the two axes, from 0 to 1 of what was tried.
        z: (SIZE, SIZE), rows along y; NaN far from every trial.
        skill: share of the left-out rows' variance that it foretells; at most 1, 0 if it is no
            better than their mean.
        sound: whether that is more than noise would give.
    """

    def __init__(self, x: ArrayLike, y: ArrayLike, z: ArrayLike) -> None:
        """Fit to rows at (x, y), both from 0 to 1, with heights z."""
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
        self.skill = float(max(0.0, 1 - errors[best] / around)) if around > 0 else 0.0
        self.sound = self.skill >= SKILL_ROWS / n
        self.x = self.y = np.linspace(0, 1, SIZE)
        grid = np.stack([axis.ravel() for axis in np.meshgrid(self.x, self.y)])
        weights = _kernel((grid[:, :, None] - place[:, None, :]) ** 2, best)
        mass = weights.sum(axis=1)
        found = np.where(mass > 0.3, weights @ height / np.maximum(mass, 1e-300), np.nan)
        self.z = found.reshape(SIZE, SIZE)


def pairs(results: Results) -> pd.DataFrame:
    """The rows of every pair that a method tunes on a task.

    Returns:
        One row a method, task and pair: method, task, x, y (names), rows (a frame: x, y, x_text,
        y_text, height (AUROC less the median of its search), cell, number, selected), kinds (of
        x and y: "log", "linear" or "choice"), why (words why there is no surface; "" if there can
        be one).
    """
    every = points(results)
    every = every[every["state"] == "COMPLETE"]
    table = []
    for (method, task), mine in every.groupby(["method", "task"], sort=False):
        first = mine.drop_duplicates("trial").set_index("trial")
        values = mine.pivot(index="trial", columns="hyperparameter", values="value")
        texts = mine.pivot(index="trial", columns="hyperparameter", values="text")
        kinds = mine.drop_duplicates("hyperparameter").set_index("hyperparameter")["kind"].to_dict()
        if first["imratio"].nunique() >= LEAST_RATIOS:
            values[IMRATIO], texts[IMRATIO], kinds[IMRATIO] = (
                first["imratio"],
                first["ratio"],
                "log",
            )
        height = first["auroc"] - first.groupby("cell")["auroc"].transform("median")
        for x, y in PAIRS:
            if x not in values or y not in values:
                continue
            rows = pd.DataFrame(
                {"x": values[x], "y": values[y], "x_text": texts[x], "y_text": texts[y]}
            )
            rows["height"] = height
            rows = rows.join(first[["cell", "number", "selected"]]).dropna(subset=["x", "y"])
            table.append(
                {
                    "method": method,
                    "task": task,
                    "x": x,
                    "y": y,
                    "rows": rows.reset_index(drop=True),
                    "kinds": (kinds[x], kinds[y]),
                    "why": _why(rows),
                }
            )
    return pd.DataFrame(table, columns=["method", "task", "x", "y", "rows", "kinds", "why"])


def surface(pair: Any) -> Surface:
    """The surface of a row of ``pairs`` that has no ``why``."""
    rows = pair["rows"].iloc[:: -(-len(pair["rows"]) // MOST)]
    x, y = (_unit(rows[axis], kind) for axis, kind in zip("xy", pair["kinds"], strict=True))
    return Surface(x, y, rows["height"])


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
