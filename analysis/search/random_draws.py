"""The random search rows: the only ones that are a fair sample of the searched space.

Rows that a guided sampler proposed are not independent of one another, nor are warm-started ones,
which another search selected; so what rests on the theory of random samples (importance, best of n,
the share of good draws, transfer) starts here.
"""

import numpy as np
import pandas as pd

from analysis.columns import PLACE
from analysis.results import Results

__all__ = ["ENDS", "draws"]

ENDS = ("FAIL", "PRUNED", "COMPLETE")
"""States of a row that has ended, the least successful first."""


def draws(results: Results) -> pd.DataFrame:
    """Random rows up to the first one of their cell that has not ended.

    What lies behind a row under way is left out: rows that end early are no fair sample.

    Returns:
        One row a draw: cell, method, task, imratio, ratio, trial, number, state (one of
        ``ENDS``), value (validation AUROC; NaN unless COMPLETE), standing (place among the
        cell's draws, from 1 / (2n) for the worst to 1 - 1 / (2n)). Finished rows stand by value;
        below them pruned ones, by the interval they reached and their value there, as Optuna's
        TPE orders them; failed ones are last. Equal rows share a place.
    """
    rows = results.trials[results.trials["origin"] == "random"]
    rows = rows.sort_values(["cell", "number"], kind="stable")
    ended = rows["state"].isin(ENDS)
    rows = rows[ended.groupby(rows["cell"], sort=False).cummin().astype(bool)]
    state = rows["state"].map({name: place for place, name in enumerate(ENDS)})
    pruned = rows["state"] == "PRUNED"
    level = pd.DataFrame(
        {
            "cell": rows["cell"],
            "state": state,
            "interval": rows["last_interval"].where(pruned, 0),
            "value": rows["value"].where(~pruned, rows["last_auroc"]).fillna(0.0),
        }
    )
    # One number that rises with (state, interval, value), so that one ranking does.
    order = level.groupby(["state", "interval", "value"]).ngroup()
    groups = order.groupby(rows["cell"])
    out = rows[[*PLACE, "trial", "number", "state", "value"]].copy()
    out["standing"] = (groups.rank() - 0.5) / groups.transform("size").replace(0, np.nan)
    return out.sort_index().reset_index(drop=True)
