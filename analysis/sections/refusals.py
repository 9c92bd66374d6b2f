"""Why some searches have no number, in words."""

import pandas as pd

from analysis.labels import setting
from study.words import plural

__all__ = ["reasons"]

MOST = 3


def reasons(refused: pd.DataFrame) -> str:
    """One sentence: the first ``MOST`` searches with their reasons, and how many more.

    Args:
        refused: method, task, ratio and why, one row a search.
    """
    said = [
        f"{r['method']} on {setting(r['task'], r['ratio'])}: {r['why']}"
        for r in refused.head(MOST).to_dict("records")
    ]
    more = len(refused) - len(said)
    return "; ".join(said) + (
        f"; and {plural(more, 'more search', 'more searches')}." if more else "."
    )
