"""Results that the papers report, to be read beside one's own.

Known misprints of the sources: section 4.1 of the ICLR 2022 paper quotes the Cat&Dog row of its
table 5 as CIFAR-10's (the rows here are the table's); the ICCV 2021 paper gives DDSM+'s test
imratio as 4 %, the ICLR 2022 paper as 13 %. In the latter's table 2 the rows of S1 != S2 differ
from table 1 at CIFAR-10, 1 %, and STL-10. The column ``note`` says so at the rows concerned.
"""

from importlib import resources
from types import MappingProxyType

import pandas as pd

from analysis.compare.significance import Units

__all__ = ["COLUMNS", "METHODS", "published", "published_units"]

COLUMNS = MappingProxyType(
    {
        "source": "the paper or list",
        "table": "its table",
        "dataset": "as the source calls it",
        "model": "as the source calls it; empty if it does not say",
        "imratio": "positives / all in the training set; NaN for a mean over tasks or if unknown",
        "method": "as the source calls it",
        "ours": "the method's name here; empty if we do not have it, or not in that form",
        "mean": "mean over the source's runs, in the metric's unit",
        "std": "standard deviation over them; NaN if the source gives none",
        "metric": "what was measured; an AUC lies in [0, 1]",
        "note": "runs, protocol, misprints",
    }
)
"""What each column of `published` holds."""

METHODS = MappingProxyType(
    {
        "CE": "ce",
        "Focal": "focal",
        "AUC-S": "auc_s",
        "AUC-M": "auc_m",
        "AUCsc": "auc_m",
        "AUC-CE": "auc_ce",
        "TS-DRW": "ts_drw",
        "TS-DEC": "ts_dec",
        "CT(AUC)": "ct_auc",
        # Variants of ct_auc, as the presets of that table name them.
        "CT S1=S2 (k tuned)": "ct_same_batch",
        "CT S1!=S2 (k tuned)": "ct_two_batches",
        "CT beta0=1 (k=1)": "ct_beta0_one",
        "CT beta0<1 (k=1)": "ct_beta0_below_one",
    }
)
"""From the sources' names to ours."""


def published() -> pd.DataFrame:
    """Every published result that we know of, one a row, with the columns of `COLUMNS`.

    >>> table = published()
    >>> rows = table[(table.dataset == "CIFAR10") & (table.ours == "ct_auc")]
    >>> sorted(set(rows.imratio))
    [0.01, 0.1, 0.3]
    """
    file = resources.files("analysis") / "data" / "published.csv"
    with file.open(encoding="utf-8") as text:
        table = pd.read_csv(
            text, dtype={"imratio": str}, keep_default_na=False, na_values={"std": [""]}
        )
    table["imratio"] = pd.to_numeric(table["imratio"], errors="coerce")
    table["ours"] = table["method"].map(METHODS).fillna("")
    return table[list(COLUMNS)]


def published_units(source: str, table: str, model: str) -> Units:
    """A published table of test AUROCs as settings that the tests of ``analysis`` take.

    >>> units = published_units("ICLR2022 (CT/PDSCA)", "Table 1", "ResNet20")
    >>> units.values.shape  # 4 data sets at 3 ratios each, 6 methods
    (12, 6)

    Args:
        source, table, model: as in the columns of these names.

    Returns:
        Settings in which every method of the table has a mean; the others are named as dropped.
    """
    rows = published()
    rows = rows[(rows["source"] == source) & (rows["table"] == table) & (rows["model"] == model)]
    rows = rows[rows["metric"] == "test AUC"]
    wide = rows.pivot(index=["dataset", "imratio"], columns="method", values="mean")
    wide = wide[list(dict.fromkeys(rows["method"]))]
    full = wide.notna().all(axis=1)
    dropped = tuple(
        (f"{dataset}, {imratio:g}", tuple(row.index[row.isna()]))
        for (dataset, imratio), (_, row) in zip(
            wide.index[~full], wide[~full].iterrows(), strict=True
        )
    )
    values = wide[full]
    datasets = pd.Series(values.index.get_level_values("dataset"), values.index, dtype=object)
    return Units(values, datasets, dropped)
