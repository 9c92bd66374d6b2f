"""Who is best where: from confirm rows only, never from search values.

A *setting* is a task at one imbalance ratio: the methods in it meet the same data and seeds.
"""

from collections.abc import Hashable, Iterable
from typing import Any

import pandas as pd

from analysis.results import Results

__all__ = ["scores", "selection_gap", "verdicts"]

_KEYS = ["cell", "method", "task", "imratio", "ratio"]


def scores(results: Results) -> pd.DataFrame:
    """Test AUROC of every cell over its confirm seeds.

    Returns:
        One row a cell: cell, method, task, imratio, ratio, mean, std (ddof 1; NaN below two
        seeds), n (seeds with a result), planned, failed (seeds with failed rows only), missing
        (seeds without a finished row), rows (numbers of the confirm rows used), best (highest
        mean of its setting), near (not best, but its mean ± std interval meets that of the
        best, or one of the two has no deviation).
    """
    table = pd.DataFrame(
        [_score(cell, results.confirm) for cell in results.cells.to_dict("records")],
        columns=[*_KEYS, "mean", "std", "n", "planned", "failed", "missing", "rows"],
    ).astype({"mean": float, "std": float, "imratio": float})
    top = table.groupby(["task", "ratio"])["mean"].transform("max")
    table["best"] = table["mean"].notna() & (table["mean"] == top)
    table["near"] = False
    for _, setting in table[table["mean"].notna()].groupby(["task", "ratio"]):
        best = setting[setting["best"]].iloc[0]
        rest = setting[~setting["best"]]
        # A missing deviation gives NaN, and no comparison with NaN is true: "not apart".
        apart = best["mean"] - best["std"] > rest["mean"] + rest["std"]
        table.loc[rest.index, "near"] = ~apart
    return table


def _score(cell: dict[Hashable, Any], confirm: pd.DataFrame) -> list[Any]:
    mine = confirm[confirm["cell"] == cell["cell"]]
    # A crashed row may have a replacement of the same seed: seeds are counted, not rows.
    done = mine[mine["state"] == "COMPLETE"].drop_duplicates("seed")
    underway = set(mine.loc[mine["state"].isin(["RUNNING", "WAITING"]), "seed"])
    failed = set(mine.loc[mine["state"] == "FAIL", "seed"]) - set(done["seed"]) - underway
    planned = max(cell["planned_seeds"], len(done))
    return [
        *(cell[key] for key in _KEYS),
        done["test_auroc"].mean(),
        done["test_auroc"].std(ddof=1),
        len(done),
        planned,
        len(failed),
        planned - len(done) - len(failed),
        tuple(done["number"]),
    ]


def selection_gap(results: Results) -> pd.DataFrame:
    """What the search promised against what fresh seeds gave.

    Returns:
        One row a cell with a selected search row and a confirm result: cell, method, task,
        imratio, ratio, selected (its number), search_val (the winner's validation AUROC),
        confirm_val and confirm_test (means over the confirm rows), n, rows,
        gap = search_val - confirm_test, of which optimism = search_val - confirm_val (a winner
        is picked partly for its luck) and shift = confirm_val - confirm_test (validation and
        test set differ).
    """
    winners = results.trials[results.trials["selected"]].set_index("cell")["value"]
    done = results.confirm[results.confirm["state"] == "COMPLETE"]
    table = scores(results)[[*_KEYS, "mean", "n", "rows"]].rename(columns={"mean": "confirm_test"})
    selected = results.cells.set_index("cell")["selected"]
    table["selected"] = table["cell"].map(selected)
    table["search_val"] = table["cell"].map(winners)
    table["confirm_val"] = table["cell"].map(done.groupby("cell")["val_auroc"].mean())
    table = table.dropna(subset=["search_val", "confirm_test"]).reset_index(drop=True)
    table["gap"] = table["search_val"] - table["confirm_test"]
    table["optimism"] = table["search_val"] - table["confirm_val"]
    table["shift"] = table["confirm_val"] - table["confirm_test"]
    return table.astype({"selected": int})


def verdicts(table: pd.DataFrame, settings: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """What ``scores`` lets one say about each setting, and no more.

    Args:
        table: what ``scores`` returns.
        settings: (task, ratio) pairs, in the order wanted.

    Returns:
        One row a setting: task, ratio, best (method; None without results), mean, std, n,
        margin (lead over the next mean; NaN without a rival), near (methods whose interval
        meets the best's), rivals (methods with a result, besides the best), absent (methods
        without a result), reading: "none" (no result), "alone" (no rival), "one seed" (the
        best has no deviation), "overlap" (near is not empty) or "apart".
    """
    rows = []
    for task, ratio in settings:
        setting = table[(table["task"] == task) & (table["ratio"] == ratio)]
        ranked = setting.dropna(subset=["mean"]).sort_values("mean", ascending=False, kind="stable")
        absent = tuple(setting.loc[setting["mean"].isna(), "method"])
        if ranked.empty:
            rows.append((task, ratio, None, *[float("nan")] * 2, 0, float("nan"), (), (), absent))
            continue
        best, rest = ranked.iloc[0], ranked.iloc[1:]
        near = tuple(rest.loc[rest["near"] | rest["best"], "method"])
        lead = best["mean"] - rest["mean"].max() if len(rest) else float("nan")
        rivals = tuple(rest["method"])
        numbers = (best["mean"], best["std"], best["n"], lead)
        rows.append((task, ratio, best["method"], *numbers, near, rivals, absent))
    names = ["task", "ratio", "best", "mean", "std", "n", "margin", "near", "rivals", "absent"]
    out = pd.DataFrame(rows, columns=names)
    out["reading"] = [_reading(row) for row in out.to_dict("records")]
    return out


def _reading(row: dict[Hashable, Any]) -> str:
    rules = (
        ("none", row["best"] is None),
        ("alone", not row["rivals"]),
        ("one seed", row["std"] != row["std"]),
        ("overlap", bool(row["near"])),
    )
    return next((name for name, holds in rules if holds), "apart")
