"""Phrases that several sections share."""

from collections.abc import Iterable, Sequence

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


def trace(cell: str, phase: str, rows: Sequence[int]) -> str:
    """Which rows of the ledger a number comes from."""
    return f"{cell}: {phase} {'row' if len(rows) == 1 else 'rows'} {ranges(rows)}"


def ranges(numbers: Sequence[int]) -> str:
    """Rising numbers with runs drawn together: (0, 1, 2, 5) -> "0 to 2, 5"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    # Two in a row read better apart.
    return ", ".join(
        f"{run[0]} to {run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs
    )
