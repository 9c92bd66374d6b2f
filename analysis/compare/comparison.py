"""Who is best where: from confirm rows only, never from search values.

A *setting* is a task at one imbalance ratio: the methods in it meet the same data and seeds.
"""

import math

import pandas as pd

from analysis.columns import PLACE, SETTING, Row
from analysis.compare.intervals import auroc_interval, bootstrap_interval
from analysis.compare.pairwise import Within, seeds
from analysis.compare.searches import grouped, sampled
from analysis.compare.testset import NO_IMAGES
from analysis.results import Results

__all__ = ["scores", "selection_gap"]


def scores(results: Results, within: Within) -> pd.DataFrame:
    """Test AUROC of every cell over its confirm seeds.

    Args:
        results: the study.
        within: what ``analysis.compare.pairwise.within`` gives for it.

    Returns:
        One row a cell: cell, method, task, imratio, ratio, mean (over the sample: searches where
        there are several, else seeds, as are all intervals), std (over the seeds, ddof 1; NaN
        below two), n (seeds with a result), planned, failed (seeds with failed rows only), missing
        (seeds without a finished row), rows (numbers of the confirm rows used), low, high (interval
        of the mean over seeds), boot_low, boot_high (bootstrap interval of it), error_images
        (DeLong's standard error over draws of the test images), images_low, images_high (interval
        over such draws), both_low, both_high (over seeds and images), positives, negatives (of
        the test set; all NaN without predictions), best (highest mean of its setting), near (not
        best, and its paired comparison does not tell it from the best).
    """
    names = ["mean", "std", "n", "planned", "failed", "missing", "rows"]
    names += ["low", "high", "boot_low", "boot_high"]
    done = dict(list(seeds(results).groupby("cell")))
    failed = {cell.id: cell.standing.confirm_failed for cell in results.study.cells}
    nothing = results.confirm[:0]
    table = pd.DataFrame(
        [
            _score(cell, done.get(cell["cell"], nothing), failed[cell["cell"]])
            for cell in results.cells.to_dict("records")
        ],
        columns=[*PLACE, *names],
    ).astype(dict.fromkeys(("mean", "std", "imratio", *names[-4:]), float))
    images = [within.images.get(cell, NO_IMAGES) for cell in table["cell"]]
    table["error_images"] = [each.error for each in images]
    for name, ends in (("images", "interval"), ("both", "both")):
        for side in ("low", "high"):
            table[f"{name}_{side}"] = [getattr(getattr(each, ends), side) for each in images]
    table["positives"] = [each.positives for each in images]
    table["negatives"] = [each.negatives for each in images]
    top = table.groupby([*SETTING])["mean"].transform("max")
    table["best"] = table["mean"].notna() & (table["mean"] == top)
    behind = {(pair.cell_a, pair.cell_b) for pair in within.pairs if pair.better}
    leader = table[table["best"]].drop_duplicates([*SETTING])
    leaders = leader.set_index([*SETTING])["cell"].to_dict()
    table["near"] = [
        row["n"] > 0
        and not row["best"]
        and (leaders[row["task"], row["ratio"]], row["cell"]) not in behind
        for row in table.to_dict("records")
    ]
    return table


def _score(cell: Row, done: pd.DataFrame, failed: int) -> list[object]:
    n = len(done)
    planned = max(cell["planned_seeds"], n)
    values = done["test_auroc"].to_numpy()
    sample = sampled(values, grouped(done["repeat"]))
    return [
        *(cell[key] for key in PLACE),
        sample.mean() if n else math.nan,
        values.std(ddof=1) if n > 1 else math.nan,
        n,
        planned,
        failed,
        planned - n - failed,
        tuple(done["number"]),
        *auroc_interval(sample),
        *bootstrap_interval(sample),
    ]


def selection_gap(results: Results, scores: pd.DataFrame) -> pd.DataFrame:
    """What the search promised against what fresh seeds gave.

    Args:
        results: the study.
        scores: what the function of that name gives for it.

    Returns:
        One row a search with a selected row and a confirm result: cell, method, task, imratio,
        ratio, repeat (which of the cell's searches), selected (its number), search_val (the
        winner's validation AUROC, or what else is selected by), confirm_val and confirm_test (means
        of the same over the confirm rows of the search), n, rows,
        gap = search_val - confirm_test, of which optimism = search_val - confirm_val (a winner
        is picked partly for its luck) and shift = confirm_val - confirm_test (validation and
        test set differ).
    """
    winners = results.trials[results.trials["selected"]]
    winners = winners[["cell", "repeat", "number", "value"]].rename(
        columns={"number": "selected", "value": "search_val"}
    )
    done = seeds(results).groupby(["cell", "repeat"], as_index=False)
    confirmed = done.agg(
        confirm_val=("value", "mean"),
        confirm_test=(f"test_{results.selects_by}", "mean"),
        n=("number", "size"),
        rows=("number", tuple),
    )
    table = scores[[*PLACE]].merge(winners, on="cell").merge(confirmed, on=["cell", "repeat"])
    table = table.dropna(subset=["search_val", "confirm_test"]).reset_index(drop=True)
    table["gap"] = table["search_val"] - table["confirm_test"]
    table["optimism"] = table["search_val"] - table["confirm_val"]
    table["shift"] = table["confirm_val"] - table["confirm_test"]
    return table
