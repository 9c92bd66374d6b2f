"""What may be said of each setting, and of all of them: the numbers behind the verdict's words.

A method is called better only where a test with Holm's correction supports it. Whatever else
could have made the difference (a larger budget, lost runs, a study that still runs) is a reason
to doubt the claim, and the words say so.
"""

from typing import Any

import pandas as pd

from analysis import budget, comparison, failures, pairwise
from analysis.results import Results
from study.feasibility import ALPHA

__all__ = ["verdicts"]

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
    scores, pairs = comparison.scores(results), pairwise.pairs(results)
    spent = budget.by_cell(results).set_index("cell")
    noise = pairwise.seeds(results).groupby("cell")["val_auroc"].std(ddof=1)
    missing = failures.missing_rows(results).set_index("cell")[["search", "confirm"]]
    open_cells = set(missing.index[missing.sum(axis=1) > 0])
    rows = []
    for task, ratio in results.settings:
        setting = scores[(scores["task"] == task) & (scores["ratio"] == ratio)]
        mine = pairs[(pairs["task"] == task) & (pairs["ratio"] == ratio)]
        row = {"task": task, "ratio": ratio} | _verdict(setting, mine)
        row["val_std"] = noise.get(row["cell"], float("nan"))
        row["doubts"] = _doubts(row, setting.set_index("method"), spent, open_cells)
        rows.append(row)
    names = [*_KEYS, "best", "cell", "mean", "std", "n", "lead", *_TUPLES[:-1]]
    names += ["p", "basis", "positives", "negatives", "claimed", "val_std", "reading", "doubts"]
    return pd.DataFrame(rows, columns=names)


def _verdict(setting: pd.DataFrame, pairs: pd.DataFrame) -> dict[str, Any]:
    nan = float("nan")
    ranked = setting.dropna(subset=["mean"]).sort_values("mean", ascending=False, kind="stable")
    row: dict[str, Any] = {
        **dict.fromkeys(("mean", "std", "lead", "p", "positives", "negatives", "claimed"), nan),
        **dict.fromkeys(_TUPLES, ()),
        "best": None,
        "cell": None,
        "n": 0,
        "basis": "",
        "absent": tuple(setting.loc[setting["mean"].isna(), "method"]),
        "reading": "none",
    }
    if ranked.empty:
        return row
    best, rest = ranked.iloc[0], ranked.iloc[1:]
    row |= {name: best[name] for name in ("mean", "std", "n", "cell", "positives", "negatives")}
    row |= {"best": best["method"], "rivals": tuple(rest["method"])}
    if rest.empty:
        return row | {"reading": "alone"}
    ahead = pairs[pairs["better"] & (pairs["a"] == best["method"])]
    near = tuple(method for method in rest["method"] if method not in set(ahead["b"]))
    with_best = pairs[(pairs["a"] == best["method"]) | (pairs["b"] == best["method"])]
    untested = with_best.loc[with_best["why"] != "", ["a", "b"]].to_numpy().ravel()
    by_seeds = with_best[(with_best["p_seeds_holm"] <= ALPHA) & (with_best["a"] == best["method"])]
    images = by_seeds.loc[by_seeds["basis"] == "seeds and images", "b"]
    row |= {
        "lead": best["mean"] - rest["mean"].iloc[0],
        "better_than": tuple(m for m in rest["method"] if m not in near),
        "near": near,
        "untested": tuple(method for method in near if method in set(untested)),
        "near_images": tuple(method for method in near if method in set(images)),
    }
    if len(ahead):
        basis = "seeds" if (ahead["basis"] == "seeds").any() else "seeds and images"
        claimed = ahead["difference"].min()
        row |= {"p": ahead["p_holm"].max(), "basis": basis, "claimed": claimed}
    return row | {"reading": _reading(row)}


def _reading(row: dict[str, Any]) -> str:
    if not row["near"]:
        return "all"
    if row["better_than"]:
        return "some"
    return "untested" if row["untested"] == row["near"] else "no evidence"


def _doubts(
    row: dict[str, Any], setting: pd.DataFrame, spent: pd.DataFrame, open_cells: set[str]
) -> tuple[str, ...]:
    """Why a claim of the setting may not be the method's merit."""
    if not row["better_than"]:
        return ()
    mine = spent.loc[row["cell"]]
    others = spent.loc[[setting.loc[method, "cell"] for method in row["better_than"]]]
    costs = "search_gradient_evaluations"
    favoured = (mine["trials"] > others["trials"]) | (
        mine[costs] > (1 + budget.TOLERANCE) * others[costs]
    )
    rules = (
        ("budget", bool(favoured.any())),
        ("failed", bool(setting.loc[[row["best"], *row["better_than"]], "failed"].any())),
        ("partial", bool(set(setting["cell"]) & open_cells)),
    )
    return tuple(name for name, holds in rules if holds)
