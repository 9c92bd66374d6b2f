"""What the best of n random trials is worth, and how much of the space is good enough.

Both come from one confidence band of the distribution of a random trial's validation AUROC
(Learned-Miller and DeStefano 2008), through opda (Lourie, Cho, He, NAACL 2024): it holds for
all thresholds at once, so also for a threshold that the data chose, such as the best value found.
"""

import warnings
from functools import cache

import numpy as np
import pandas as pd
from opda.nonparametric import EmpiricalDistribution

from analysis.columns import PLACE
from analysis.results import Results
from analysis.search.random_draws import draws

__all__ = ["CHANCE", "CONFIDENCE", "EPSILON", "LEAST", "curves", "refusals", "within"]

CONFIDENCE = 0.95
LEAST = 8
"""Random rows, at least: with fewer the band says next to nothing."""
MOST_EXACT = 100
"""Up to so many rows the tighter band; its exact level takes a simulation that grows with n."""
EPSILON = 0.01
CHANCE = {"auroc": 0.5, "auprc": 0.0, "accuracy": 0.0}
"""What a failed draw counts, by what is selected by: a coin's AUROC, which costs no training, and
the least that an AUPRC or an accuracy can be."""
POINTS = 24


def refusals(results: Results) -> pd.DataFrame:
    """Cells whose random rows are no sample of full trainings, with the reason.

    Returns:
        cell, method, task, imratio, ratio, why.
    """
    sample = draws(results)
    rows = [
        {**{key: cell[key] for key in PLACE}, "why": _why(sample[sample["cell"] == cell["cell"]])}
        for cell in results.cells.to_dict("records")
    ]
    table = pd.DataFrame(rows, columns=[*PLACE, "why"])
    return table[table["why"] != ""].reset_index(drop=True)


def curves(results: Results) -> pd.DataFrame:
    """Validation AUROC of the best of n random trials.

    Returns:
        One row a cell that is not refused and n (up to the number of its draws, at most
        ``POINTS`` of them): cell, method, task, imratio, ratio, n, median (half of all searches
        of n random trials do better), low, high (simultaneous band at ``CONFIDENCE``; high is 1
        where so few draws leave it open), expected (mean, by the unbiased U-statistic), draws,
        failed (draws that count as ``CHANCE``), rows (their numbers).
    """
    parts = []
    for keys, sample in _samples(results):
        count = len(sample)
        values = sample["value"].fillna(CHANCE[results.selects_by]).to_numpy()
        n = np.unique(np.geomspace(1, count, POINTS).round().astype(int))
        upper, point, lower = _bands(values)
        parts.append(
            pd.DataFrame(
                {
                    "n": n,
                    "median": point.quantile_tuning_curve(n),
                    "low": lower.quantile_tuning_curve(n),
                    "high": upper.quantile_tuning_curve(n),
                    "expected": point.u_tuning_curve(n),
                }
            ).assign(
                **keys,
                draws=count,
                failed=int(sample["value"].isna().sum()),
                rows=pd.Series([tuple(sample["number"])] * len(n)),
            )
        )
    names = [*PLACE, "n", "median", "low", "high", "expected", "draws", "failed", "rows"]
    return pd.concat(parts)[names].reset_index(drop=True) if parts else pd.DataFrame(columns=names)


def within(results: Results) -> pd.DataFrame:
    """Share of random draws that come within ``EPSILON`` of the best value of the search.

    The best is the highest validation AUROC of all the cell's finished search rows, guided ones
    included, as it was measured.

    Returns:
        One row a cell that is not refused: cell, method, task, imratio, ratio, best, share, low,
        high (interval at ``CONFIDENCE``, whatever the threshold), draws, failed, rows.
    """
    best = results.trials.groupby("cell")["value"].max()
    table = []
    for keys, sample in _samples(results):
        values = sample["value"].fillna(CHANCE[results.selects_by]).to_numpy()
        top = float(best[keys["cell"]])
        upper, _, lower = _bands(values)
        # P(Y >= t) is 1 - F just below t; between two values F is flat.
        threshold = np.nextafter(top - EPSILON, -1)
        table.append(
            {
                **keys,
                "best": top,
                "share": float((values > threshold).mean()),
                "low": float(1 - lower.cdf(threshold)),
                "high": float(1 - upper.cdf(threshold)),
                "draws": len(values),
                "failed": int(sample["value"].isna().sum()),
                "rows": tuple(sample["number"]),
            }
        )
    names = [*PLACE, "best", "share", "low", "high", "draws", "failed", "rows"]
    return pd.DataFrame(table, columns=names)


def _samples(results: Results) -> list[tuple[dict[str, str | float], pd.DataFrame]]:
    """The keys and the draws of every cell that is not refused, in the study's order."""
    refused = set(refusals(results)["cell"])
    groups = dict(list(draws(results).groupby("cell")))
    return [
        ({key: cell[key] for key in PLACE}, groups[cell["cell"]])
        for cell in results.cells.to_dict("records")
        if cell["cell"] not in refused
    ]


def _why(sample: pd.DataFrame) -> str:
    pruned = int((sample["state"] == "PRUNED").sum())
    if pruned:
        return f"{pruned} of {len(sample)} random trials were pruned"
    if len(sample) < LEAST:
        return f"it has {len(sample)} random trials; it takes {LEAST}"
    if sample["value"].isna().all():
        return "all its random trials failed"
    return ""


def _bands(
    values: np.ndarray,
) -> tuple[EmpiricalDistribution, EmpiricalDistribution, EmpiricalDistribution]:
    """The lowest, the estimated and the highest distribution function (so highest values first)."""
    count = len(values)
    with warnings.catch_warnings():
        # Equal values only make the band wider than it need be: with ties broken at random, the
        # bounds of a continuous distribution hold, and they bound the one with ties.
        warnings.filterwarnings("ignore", message="Duplicates detected", category=RuntimeWarning)
        bands = EmpiricalDistribution.confidence_bands(
            values,
            CONFIDENCE,
            a=0.0,
            b=1.0,
            method="ld_equal_tailed" if count <= MOST_EXACT else "dkw",
            generator=_generator(count),
            n_jobs=1,
        )
    return bands[0], bands[1], bands[2]


@cache
def _generator(count: int) -> np.random.Generator:
    """One for each number of rows: opda keeps its simulation by the generator's identity."""
    return np.random.default_rng(count)
