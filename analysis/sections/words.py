"""Phrases that several sections share."""

from collections.abc import Iterable

from analysis.traces import ranges, trace

__all__ = ["listing", "plural", "ranges", "setting", "short_setting", "trace"]


def listing(names: Iterable[object]) -> str:
    """ "a", "a and b", "a, b and c"."""
    words = [str(name) for name in names]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def plural(count: int, noun: str, many: str | None = None) -> str:
    """ "1 row", "3 rows"; ``many`` for an irregular plural."""
    return f"{count} {noun if count == 1 else many or noun + 's'}"


def setting(task: str, ratio: str) -> str:
    """A task at an imbalance ratio, in words."""
    return f"{task} at {ratio if 'own' in ratio else 'imratio ' + ratio}"


def short_setting(task: str, ratio: str) -> str:
    """A task at an imbalance ratio, in a table or above a panel."""
    return f"{task}, {ratio}"
