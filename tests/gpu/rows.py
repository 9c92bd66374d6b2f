"""The rows of a check: appended to a CSV file as they come, and one table of them at the end."""

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

__all__ = ["Row", "append", "begin", "read", "table"]


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        section: the part of the check that it comes from.
        what: a test, a method, a trial, or a part of the machine.
        way: how it ran: precision, layout, how the GPU is shared.
        processes: how many ran side by side.
        measure: what ``value`` is, with its unit: "images/s", "test AUROC", "outcome".
        value: the figure itself, as plain text.
        published: the paper's figure, where there is one.
        note: what else is known of it.
    """

    section: str
    what: str
    way: str = ""
    processes: int | str = ""
    measure: str = ""
    value: str = ""
    published: str = ""
    note: str = ""


COLUMNS = [each.name for each in fields(Row)]


def begin(folder: Path) -> None:
    """An empty file of rows in ``folder``, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    with _file(folder).open("w", newline="") as file:
        csv.DictWriter(file, COLUMNS).writeheader()


def append(folder: Path, row: Row) -> None:
    """Write a row at once: what comes after it may break."""
    with _file(folder).open("a", newline="") as file:
        csv.DictWriter(file, COLUMNS).writerow(asdict(row))


def read(folder: Path) -> list[Row]:
    """All rows so far."""
    with _file(folder).open(newline="") as file:
        return [Row(**each) for each in csv.DictReader(file)]


def table(rows: Sequence[Row]) -> list[str]:
    """As Markdown; of tests that passed or were skipped there is the number alone."""
    counts = Counter(each.value for each in rows if each.measure == "outcome")
    many = [
        Row("tests", f"{counts[outcome]} tests", measure="outcome", value=outcome)
        for outcome in ("passed", "skipped")
        if counts[outcome]
    ]
    single = [each for each in rows if each.value not in ("passed", "skipped")]
    return [_line(COLUMNS), _line("---" for _ in COLUMNS)] + [
        _line(str(each).replace("|", "/") for each in asdict(row).values())
        for row in (*many, *single)
    ]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _file(folder: Path) -> Path:
    return folder / "rows.csv"
