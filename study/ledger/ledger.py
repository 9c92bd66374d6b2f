"""The ledger: the Optuna storage as the study's only truth. No Ray, no torch.

Every cell has an Optuna study a phase (``study.ledger.phases``): its searches, its confirm rows
and, where the spec asks for one, its profile. One driver writes (see ``study.ledger.lease``); it
keeps the rows in memory as well, and every change goes to the database first, each in one
transaction that may be tried again (see ``study.ledger.writer``).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from optuna.distributions import distribution_to_json
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial
from sqlalchemy import Connection

from study.cell import Cell
from study.errors import StudyError
from study.ledger import sql as tables
from study.ledger.cell_ledger import CellLedger
from study.ledger.lease import Lease
from study.ledger.phases import PHASES, optuna_study
from study.ledger.writer import Writer

__all__ = ["STUDY_ID", "Ledger", "plan_of"]

STUDY_ID = "study"
"""The attribute under which a cell keeps the id of its study."""


class Ledger:
    """All cells of a study.

    Args:
        storage: the study's database.
        name: the study's name.
        cells: the plan, in order.
        lease: this driver's; None: no other driver can be there.
        study_id: what the study's directory knows it by; None: it has none.

    Raises:
        LeaseError, LedgerError: see ``study.ledger.writer``; also by everything that writes.
    """

    def __init__(
        self,
        storage: RDBStorage,
        name: str,
        cells: Sequence[Cell],
        lease: Lease | None = None,
        study_id: str | None = None,
    ) -> None:
        self._write = Writer(storage.engine, lease)
        studies, trials = self._write(lambda connection: _open(connection, name, cells, study_id))
        self.cells = {
            cell.id: CellLedger(cell, studies[cell.id], trials[cell.id], self._write)
            for cell in cells
        }
        for each in self.cells.values():
            if each.cell.neighbour is not None:
                each.neighbour = self.cells[each.cell.neighbour]

    @property
    def trouble(self) -> StudyError | None:
        """Why nothing can be written any more (lease lost, database gone); None if it can.

        It costs nothing to ask: the lease is renewed in a thread of its own.
        """
        return self._write.trouble

    @property
    def finished(self) -> bool:
        """Nothing is left to do in any cell."""
        return all(cell.finished for cell in self.cells.values())

    def remaining(self) -> int:
        """Rows still to be finished in all cells."""
        return sum(cell.standing.left for cell in self.cells.values())


def _open(
    connection: Connection, name: str, cells: Sequence[Cell], study_id: str | None
) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, list[FrozenTrial]]]]:
    """By cell and phase: the id of its Optuna study, made where it is missing; its trials."""
    names = {
        cell.id: {phase: optuna_study(name, cell.id, phase) for phase in _phases(cell)}
        for cell in cells
    }
    wanted = [study for phases in names.values() for study in phases.values()]
    ids = tables.study_ids(connection, f"{name}/")
    ids |= tables.add_studies(connection, [study for study in wanted if study not in ids])
    described = {ids[names[cell.id]["search"]]: cell for cell in cells}
    _put(connection, "cell", {key: plan_of(cell) for key, cell in described.items()})
    if study_id is not None:
        _put(connection, STUDY_ID, dict.fromkeys(described, study_id))
    found = tables.trials(connection, [ids[study] for study in wanted])
    studies = {
        cell: {phase: ids[study] for phase, study in phases.items()}
        for cell, phases in names.items()
    }
    trials = {
        cell: {phase: found[study_id] for phase, study_id in phases.items()}
        for cell, phases in studies.items()
    }
    return studies, trials


def _phases(cell: Cell) -> tuple[str, ...]:
    return PHASES if cell.moves is not None else PHASES[:-1]


def plan_of(cell: Cell) -> dict[str, Any]:
    """The plan of a cell as plain JSON, as it is kept beside its rows."""
    return {
        "order": cell.order,
        "method": cell.method,
        "task": cell.task,
        "imratio": cell.imratio,
        "run": cell.run,
        "space": {n: json.loads(distribution_to_json(d)) for n, d in cell.space.items()},
        "fixed": cell.fixed,
        "trials": cell.trials,
        "seeds": cell.seeds,
        "pairs": None if cell.pairs is None else [list(pair) for pair in cell.pairs],
        "variant_of": cell.variant_of,
        "repeats": cell.repeats,
        "moves": None if cell.moves is None else asdict(cell.moves),
    }


def _put(connection: Connection, name: str, values: Mapping[int, Any]) -> None:
    """Keep a value beside the rows of every cell, for readers and for optuna-dashboard."""
    known = tables.study_attributes(connection, name)
    for study_id, value in values.items():
        if known.get(study_id) != value:
            tables.put_study_attribute(connection, study_id, name, value)
