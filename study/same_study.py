"""Is what a database holds under a study's name the study that the spec plans?

The directory's study.yaml cannot tell: another directory may name the same database, and a
directory can be removed, or its file edited, while the rows stay.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from optuna.storages import RDBStorage

from study.before import BEFORE
from study.cell import Cell
from study.errors import LedgerError
from study.ledger import sql as tables
from study.ledger.ledger import STUDY_ID, plan_of
from study.spec import before_values
from study.words import setting

__all__ = ["refuse_another_directory", "refuse_another_study"]

FREE = frozenset({"data_root", "device", "execution"})
"""What of a trial's settings may change in a study that has begun."""


def refuse_another_study(storage: RDBStorage, name: str, cells: Sequence[Cell]) -> None:
    """Do nothing if the rows in ``storage`` under ``name`` are of trials as ``cells`` plan them.

    Raises:
        LedgerError: they are of others; it says what differs.
    """
    with storage.engine.connect() as connection:
        ids = tables.study_ids(connection, f"{name}/")
        plans = tables.study_attributes(connection, "cell")
    stored = {cell.id: plans.get(ids.get(f"{name}/{cell.id}", -1)) for cell in cells}
    differences = [
        f"{cell.id}: {difference}"
        for cell in cells
        if (begun := stored[cell.id]) is not None
        for difference in _differences(begun, plan_of(cell))
    ]
    if differences:
        more = f" (and {len(differences) - 3} more)" if len(differences) > 3 else ""
        raise LedgerError(
            f"One database holds one study of a name; the one called {name!r} in it was begun with "
            f"other settings: {' '.join(differences[:3])}{more} Give this study another name or "
            "another database, or put back the spec that it was begun with."
        )


def refuse_another_directory(
    storage: RDBStorage, name: str, began: Mapping[str, Any] | None
) -> None:
    """Do nothing if the study called ``name`` in ``storage`` is that of the directory at hand.

    For a database outside of the directory: what lies within belongs to it.

    Args:
        storage: the study's database.
        name: the study's name.
        began: the provenance in the directory, with the study's id (but for a study of an older
            version); None: the directory is new.

    Raises:
        LedgerError: it is another directory's.
    """
    with storage.engine.connect() as connection:
        ids = set(tables.study_ids(connection, f"{name}/").values())
        plans = tables.study_attributes(connection, "cell")
        marks = tables.study_attributes(connection, STUDY_ID)
    if began is None:
        another = bool(ids & plans.keys())
    else:
        another = bool({marks[key] for key in ids & marks.keys()} - {began.get("study")})
    if another:
        raise LedgerError(
            f"One database holds one study of a name; the one called {name!r} in it was begun in "
            "another directory, which holds its provenance and predictions. Run it there (name "
            "that directory, wherever it lies now), or give this study another name or another "
            "database."
        )


def _differences(begun: Mapping[str, Any], plan: Mapping[str, Any]) -> Iterator[str]:
    method = plan["variant_of"] or plan["method"]
    for key in ("method", "variant_of", "task", "imratio"):
        yield from _differs(key, begun.get(key), plan[key])
    # Another setting that the stored plan lacks came later, and means what trials did before it.
    old, new = {**BEFORE, **begun["run"]}, {**BEFORE, **plan["run"]}
    for key in sorted(old.keys() & (new.keys() - FREE)):
        yield from _differs(key, old[key], new[key])
    before = {**before_values(method), **begun["fixed"], **begun["space"]}
    now = {**plan["fixed"], **plan["space"]}
    for key in sorted(before.keys() | now.keys()):
        yield from _differs(key, before.get(key, "not set"), now.get(key, "not set"))


def _differs(what: str, before: Any, now: Any) -> Iterator[str]:
    if before != now:
        was, is_now = (setting(_entry(value)) for value in (before, now))
        yield f"{what} was {was} and is {is_now}."


def _entry(value: Any) -> Any:
    """Of a distribution as Optuna stores it, what it spans."""
    return value.get("attributes", value) if isinstance(value, Mapping) else value
