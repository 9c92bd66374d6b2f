"""The ledger: the Optuna storage as the study's only truth. No Ray, no torch.

Every cell has two Optuna studies, ``<study>/<cell>`` for its search and
``<study>/<cell>/confirm`` for its confirm rows. One driver writes (see ``study.lease``); it
keeps the rows in memory as well, and every change goes to the database first.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from optuna import Study, create_study
from optuna.distributions import distribution_to_json
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from study.cell import Cell, confirm_seeds, search_seeds
from study.proposals import propose
from study.rows import FINISHED, Outcome, Row, selected

__all__ = ["MAX_REPLACEMENTS", "CellLedger", "Ledger"]

MAX_REPLACEMENTS = 3
"""Rows that a phase of a cell may add for crashed ones; more crashes than that are a defect."""


class CellLedger:
    """The rows of one cell, in memory and in the database.

    Args:
        storage: the study's database.
        study_name: name of the whole study.
        cell: the plan of the cell.
    """

    def __init__(self, storage: RDBStorage, study_name: str, cell: Cell) -> None:
        self.cell = cell
        self._storage = storage
        self._studies = {
            "search": _open(storage, f"{study_name}/{cell.id}"),
            "confirm": _open(storage, f"{study_name}/{cell.id}/confirm"),
        }
        self._describe()
        self.rows: dict[str, list[Row]] = {
            phase: [self._row(phase, trial) for trial in study.get_trials(deepcopy=False)]
            for phase, study in self._studies.items()
        }

    @property
    def search_over(self) -> bool:
        """All planned search rows are there and none is under way."""
        rows = self.rows["search"]
        return not self._wants_search() and all(row.state in FINISHED for row in rows)

    @property
    def selected(self) -> Row | None:
        """The selected configuration; None while the search goes on or if every row failed."""
        return selected(self.rows["search"]) if self.search_over else None

    @property
    def confirm(self) -> list[Row]:
        """Confirm rows of the selected configuration."""
        chosen = self.selected
        if chosen is None:
            return []
        return [row for row in self.rows["confirm"] if row.selected_from == chosen.number]

    @property
    def finished(self) -> bool:
        """Nothing is left to do in this cell."""
        if not self.search_over:
            return False
        return self.selected is None or (
            not self._missing_seeds() and all(row.state in FINISHED for row in self.confirm)
        )

    def remaining(self) -> int:
        """Rows still to be finished, as far as the plan tells (crashes may add some)."""
        if self.finished:
            return 0
        done = sum(row.state in FINISHED for row in self.rows["search"])
        search = max(0, self.cell.trials + self._replacements() - done)
        confirmed = {row.seed for row in self.confirm if row.state in FINISHED and not row.crashed}
        return search + max(0, self.cell.seeds - len(confirmed & set(range(self.cell.seeds))))

    def next_search(self) -> Row | None:
        """Add the next search row, RUNNING; None if the plan has no more."""
        if not self._wants_search():
            return None
        rows = self.rows["search"]
        params, origin = propose(self.cell, rows)
        attrs = {"origin": origin, "seeds": search_seeds(self.cell, len(rows))}
        return self._add("search", TrialState.RUNNING, params, attrs)

    def next_confirm(self) -> Row | None:
        """Start the next confirm row, once the search is over; None if there is none.

        All missing rows are enqueued first, one a seed, so that the database shows the plan.
        """
        chosen = self.selected
        if chosen is None:
            return None
        for seed in self._missing_seeds():
            attrs = {
                "origin": "selected",
                "seed": seed,
                "selected_from": chosen.number,
                "seeds": confirm_seeds(self.cell, seed),
            }
            self._add("confirm", TrialState.WAITING, chosen.params, attrs)
        for row in self.confirm:
            if row.state == "WAITING":
                self._storage.set_trial_state_values(row.key, TrialState.RUNNING)
                row.state = "RUNNING"
                return row
        return None

    def running(self) -> list[Row]:
        """Rows that a dead driver left under way; they are to be run again as the same rows."""
        return [row for phase in self.rows.values() for row in phase if row.state == "RUNNING"]

    def report(self, row: Row, interval: int, val_auroc: float) -> None:
        """Store the validation AUROC after ``interval``; repeating it overwrites."""
        self._storage.set_trial_intermediate_value(row.key, interval, val_auroc)
        row.validations[interval] = val_auroc

    def tell(self, row: Row, state: str, outcome: Outcome) -> None:
        """Finish ``row`` as COMPLETE, PRUNED or FAIL. A row that is finished stays as it is."""
        if row.state in FINISHED:
            return
        value = row.validations[max(row.validations)] if state == "COMPLETE" else None
        self._storage.set_trial_user_attr(row.key, "outcome", asdict(outcome))
        self._storage.set_trial_state_values(
            row.key, TrialState[state], None if value is None else [value]
        )
        row.state, row.value, row.crashed = state, value, outcome.crashed

    def _wants_search(self) -> bool:
        return len(self.rows["search"]) < self.cell.trials + self._replacements()

    def _replacements(self) -> int:
        return min(MAX_REPLACEMENTS, sum(row.crashed for row in self.rows["search"]))

    def _missing_seeds(self) -> list[int]:
        rows = self.confirm
        room = MAX_REPLACEMENTS - sum(row.crashed for row in rows)
        missing = []
        for seed in range(self.cell.seeds):
            mine = [row for row in rows if row.seed == seed]
            if not mine or (all(row.crashed for row in mine) and room >= 0):
                missing.append(seed)
        return missing

    def _add(
        self, phase: str, state: TrialState, params: dict[str, Any], attrs: dict[str, Any]
    ) -> Row:
        """One transaction, parameters and attributes included."""
        trial = create_trial(
            state=state, params=params, distributions=self.cell.space, user_attrs=attrs
        )
        study_id = self._studies[phase]._study_id
        trial._trial_id = self._storage.create_new_trial(study_id, template_trial=trial)
        trial.number = len(self.rows[phase])
        row = self._row(phase, trial)
        self.rows[phase].append(row)
        return row

    def _row(self, phase: str, trial: FrozenTrial) -> Row:
        attrs = trial.user_attrs
        return Row(
            cell=self.cell.id,
            phase=phase,
            number=trial.number,
            key=trial._trial_id,
            params=dict(trial.params),
            seeds=attrs["seeds"],
            state=trial.state.name,
            value=trial.values[0] if trial.state == TrialState.COMPLETE else None,
            validations=dict(trial.intermediate_values),
            seed=attrs.get("seed"),
            selected_from=attrs.get("selected_from"),
            crashed=attrs.get("outcome", {}).get("crashed", False),
        )

    def _describe(self) -> None:
        """Keep the plan of the cell beside its rows, for readers and for optuna-dashboard."""
        cell = self.cell
        plan = {
            "order": cell.order,
            "method": cell.method,
            "task": cell.task,
            "imratio": cell.imratio,
            "run": cell.run,
            "space": {n: json.loads(distribution_to_json(d)) for n, d in cell.space.items()},
            "fixed": cell.fixed,
            "trials": cell.trials,
            "seeds": cell.seeds,
        }
        study = self._studies["search"]
        if study.user_attrs.get("cell") != plan:
            study.set_user_attr("cell", plan)


class Ledger:
    """All cells of a study.

    Args:
        storage: the study's database.
        name: the study's name.
        cells: the plan, in order.
    """

    def __init__(self, storage: RDBStorage, name: str, cells: Sequence[Cell]) -> None:
        self.cells = {cell.id: CellLedger(storage, name, cell) for cell in cells}

    @property
    def finished(self) -> bool:
        """Nothing is left to do in any cell."""
        return all(cell.finished for cell in self.cells.values())

    def remaining(self) -> int:
        """Rows still to be finished in all cells."""
        return sum(cell.remaining() for cell in self.cells.values())


def _open(storage: RDBStorage, name: str) -> Study:
    return create_study(storage=storage, study_name=name, direction="maximize", load_if_exists=True)
