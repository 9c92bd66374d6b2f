"""What may be said of each setting, and of all of them: the numbers behind the verdict's words.

A method is called better only where a test with Holm's correction supports it. Whatever else
could have made the difference (a larger budget, lost runs, a study that still runs) is a reason
to doubt the claim, and the words say so.
"""

import math
from typing import Any, NamedTuple

import pandas as pd

from analysis.compare import comparison, pairwise, significance
from analysis.compare.doubts import doubts, facts
from analysis.compare.significance import Units
from analysis.results import Results
from study.plan.power import ALPHA

__all__ = ["Overall", "overall", "verdicts"]

_Row = dict[Any, Any]
_KEYS = ["task", "ratio"]
_TUPLES = ["better_than", "near", "untested", "near_images", "rivals", "absent", "doubts"]


def verdicts(results: Results) -> pd.DataFrame:
    """What the confirm rows support in each setting.

    Returns:
        One row a setting, in the study's order: task, ratio, best (method of the highest mean;
        None without results), cell (its), mean, std, n, lead (over the next mean; NaN without a
        rival), better_than (methods that it is better than), near (methods not told from it),
        untested (those of near whose pair could not be tested), near_images (those of near that
        the seeds alone tell apart: the test set's images are too few), rivals (methods with a
        result, besides the best), absent (methods without), p (largest Holm-adjusted p of the
        supported claims), basis ("seeds and images", or "seeds" if a supported claim rests on
        them alone), positives, negatives (of the test set; NaN without predictions), claimed
        (lead over the nearest method that it is better than), val_std (deviation of the best's
        validation AUROC over its confirm seeds: how far luck moves a search), reading
        ("none": no result, "alone": no rival, "untested": no pair with the best could be tested,
        "no evidence", "some": better than some, "all": better than all), doubts (any of
        "budget", "failed", "partial").
    """
    noise = pairwise.seeds(results).groupby("cell")["val_auroc"].std(ddof=1).to_dict()
    known = facts(results)
    scores = _by_setting(comparison.scores(results))
    pairs = _by_setting(pairwise.pairs(results))
    rows = []
    for task, ratio in results.settings:
        setting = scores[task, ratio]
        row: _Row = {"task": task, "ratio": ratio}
        row |= _verdict(setting, pairs.get((task, ratio), []))
        row["val_std"] = noise.get(row["cell"], math.nan)
        cells = {each["method"]: each["cell"] for each in setting}
        behind = [cells[method] for method in row["better_than"]]
        found = doubts(known, row["cell"], behind, cells.values()) if behind else set()
        row["doubts"] = tuple(sorted(found))
        rows.append(row)
    names = [*_KEYS, "best", "cell", "mean", "std", "n", "lead", *_TUPLES[:-1]]
    names += ["p", "basis", "positives", "negatives", "claimed", "val_std", "reading", "doubts"]
    return pd.DataFrame(rows, columns=names)


def _by_setting(table: pd.DataFrame) -> dict[tuple[str, str], list[_Row]]:
    found: dict[tuple[str, str], list[_Row]] = {}
    for row in table.to_dict("records"):
        found.setdefault((row["task"], row["ratio"]), []).append(row)
    return found


def _verdict(setting: list[_Row], pairs: list[_Row]) -> _Row:
    known = sorted((row for row in setting if row["n"]), key=lambda row: -row["mean"])
    row: _Row = {
        **dict.fromkeys(
            ("mean", "std", "lead", "p", "positives", "negatives", "claimed"), math.nan
        ),
        **dict.fromkeys(_TUPLES, ()),
        "best": None,
        "cell": None,
        "n": 0,
        "basis": "",
        "absent": tuple(row["method"] for row in setting if not row["n"]),
        "reading": "none",
    }
    if not known:
        return row
    best, rivals = known[0], tuple(row["method"] for row in known[1:])
    row |= {name: best[name] for name in ("mean", "std", "n", "cell", "positives", "negatives")}
    row |= {"best": best["method"], "rivals": rivals}
    if not rivals:
        return row | {"reading": "alone"}
    ahead = {pair["b"]: pair for pair in pairs if pair["a"] == best["method"]}
    beaten = {method: pair for method, pair in ahead.items() if pair["better"]}
    refused = {
        m
        for p in pairs
        if p["why"] and best["method"] in (p["a"], p["b"])
        for m in (p["a"], p["b"])
    }
    row["lead"] = best["mean"] - known[1]["mean"]
    row["better_than"] = tuple(method for method in rivals if method in beaten)
    row["near"] = near = tuple(method for method in rivals if method not in beaten)
    row["untested"] = tuple(method for method in near if method in refused)
    row["near_images"] = tuple(
        method
        for method in near
        if method in ahead
        and ahead[method]["basis"] == "seeds and images"
        and ahead[method]["p_seeds_holm"] <= ALPHA
    )
    if beaten:
        bases = {pair["basis"] for pair in beaten.values()}
        row["basis"] = "seeds" if "seeds" in bases else "seeds and images"
        row["p"] = max(pair["p_holm"] for pair in beaten.values())
        row["claimed"] = min(pair["difference"] for pair in beaten.values())
    return row | {"reading": _reading(row)}


def _reading(row: _Row) -> str:
    if not row["near"]:
        return "all"
    if row["better_than"]:
        return "some"
    return "untested" if row["untested"] == row["near"] else "no evidence"


class Overall(NamedTuple):
    """What may be said over all complete settings of the method with the best average rank.

    Attributes:
        units: the settings.
        best: the method; rank: its average rank.
        better_than: methods that it is better than, on other data sets too; p: the largest of
            the Holm-adjusted p values (NaN without a claim).
        better_here: further methods that it is better than on these data sets; p_here likewise.
        near: the rest.
        why: why no claim beyond these data sets is in reach, else "".
        doubts: as in ``verdicts``, of any setting.
    """

    units: Units
    best: str
    rank: float
    better_than: tuple[str, ...]
    p: float
    better_here: tuple[str, ...]
    p_here: float
    near: tuple[str, ...]
    why: str
    doubts: tuple[str, ...]


def overall(results: Results) -> Overall | None:
    """None below two methods or two complete settings."""
    units = significance.units(results)
    settings, methods = units.values.shape
    if settings < 2 or methods < 2:
        return None
    pairs = significance.wilcoxon(units)
    best = significance.ranks(units).iloc[0]
    ahead = pairs[pairs["a"] == best["method"]]
    beyond, here = ahead[ahead["better"]], ahead[ahead["better_here"] & ~ahead["better"]]
    beaten = [*beyond["b"], *here["b"]]
    return Overall(
        units=units,
        best=best["method"],
        rank=float(best["rank"]),
        better_than=tuple(beyond["b"]),
        p=float(beyond["p_datasets_holm"].max()),
        better_here=tuple(here["b"]),
        p_here=float(here["p_holm"].max()),
        near=tuple(b for b in ahead["b"] if b not in beaten),
        why=pairs["why"].iloc[0],
        doubts=_overall_doubts(results, units, best["method"], beaten) if beaten else (),
    )


def _overall_doubts(
    results: Results, units: Units, best: str, beaten: list[str]
) -> tuple[str, ...]:
    known, found = facts(results), set()
    for (task, ratio), cells in results.cells.groupby(["task", "ratio"], sort=False):
        if (task, ratio) in units.values.index:
            by_method = cells.set_index("method")["cell"]
            behind = by_method[beaten].tolist()
            found |= doubts(known, by_method[best], behind, by_method.tolist())
    return tuple(sorted(found))
