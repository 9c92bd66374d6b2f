"""The ledger of one cell: its rows in memory and in the database, and what comes next."""

from collections.abc import Mapping, Sequence
from typing import Any

from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy import Connection

from study.cell import Cell, confirm_seeds, search_seeds
from study.ledger import sql as tables
from study.ledger.phases import PHASES, moved_of, warm_from_of
from study.ledger.proposals import propose
from study.ledger.rows import Row
from study.ledger.rules import FINISHED, Searched, judged_interval, selects_by
from study.ledger.standing import Standing
from study.ledger.warm_start import draws, may_draw_meanwhile, next_taken
from study.ledger.writer import Writer
from trainables.config import Outcome

__all__ = ["CellLedger"]

_New = tuple[dict[str, Any], dict[str, Any]]
"""Tuned hyperparameters and attributes of a row that is to be added."""


class CellLedger:
    """The rows of one cell, in memory and in the database.

    Args:
        cell: the plan of the cell.
        studies: id of its Optuna study, by phase.
        trials: what is in them, by phase.
        write: makes the ledger's transactions.
    """

    def __init__(
        self,
        cell: Cell,
        studies: Mapping[str, int],
        trials: Mapping[str, Sequence[FrozenTrial]],
        write: Writer,
    ) -> None:
        self.cell = cell
        self.neighbour: CellLedger | None = None
        self._studies = studies
        self._write = write
        self.rows: dict[str, list[Row]] = {
            phase: [self._row(phase, trial) for trial in trials.get(phase, [])] for phase in PHASES
        }

    @property
    def standing(self) -> Standing[Row]:
        """Where the cell stands now; the next change of a row makes it outdated."""
        cell = self.cell
        return Standing(self.rows, cell.trials, cell.seeds, cell.repeats, cell.moves)

    @property
    def finished(self) -> bool:
        """Nothing is left to do in this cell."""
        return self.standing.finished

    def next_search(self) -> Row | None:
        """Add the next search row, RUNNING; None if the plan has no more for now.

        One search after the other, so that the first are confirmed while the last go on. A search
        that is to take over what its neighbour's finds waits for the end of that one.
        """
        for repeat, searched in enumerate(self.standing.searches):
            if searched.lacks_search and not self._waits(repeat):
                return self._add_search(repeat, searched.search)
        return None

    def next_meanwhile(self) -> Row | None:
        """Add a random draw of a search that waits, for when nothing else is to be done; None if
        none waits, or if it has drawn enough."""
        if self.neighbour is None:
            return None
        for repeat, searched in enumerate(self.standing.searches):
            rows = searched.search
            if (
                searched.lacks_search
                and self._waits(repeat)
                and may_draw_meanwhile(self.cell, rows)
            ):
                return self._add_search(repeat, rows)
        return None

    def next_confirm(self) -> Row | None:
        """Start the next confirm row of a search that is over; None if there is none.

        All missing rows are enqueued first, one a seed, so that the database shows the plan.
        """
        standing = self.standing
        missing = [
            self._following(searched, repeat, seed)
            for repeat, searched in enumerate(standing.searches)
            for seed in searched.missing_seeds
        ]
        return self._start("confirm", standing.current, missing)

    def next_profile(self) -> Row | None:
        """Start the next row of a profile, likewise."""
        standing = self.standing
        missing = [
            self._following(searched, repeat, seed, origin="profile", moved=[name, value])
            for repeat, searched in enumerate(standing.searches)
            for name, value, seed in searched.missing_moves
        ]
        return self._start("profile", standing.profiled, missing)

    def running(self) -> list[Row]:
        """Rows that a dead driver left under way; they are to be run again as the same rows."""
        return [row for phase in self.rows.values() for row in phase if row.state == "RUNNING"]

    def report(self, row: Row, validations: Mapping[int, float]) -> None:
        """Store validation values by interval; repeating one overwrites it."""
        self._write(lambda connection: tables.put_validations(connection, row.key, validations))
        row.validations |= validations

    def tell(self, row: Row, state: str, outcome: Outcome) -> None:
        """Finish ``row`` as COMPLETE, PRUNED or FAIL. A row that is finished stays as it is."""
        if row.state in FINISHED:
            return
        selecting = f"val_{selects_by(self.cell.run)}"
        # The last ones come with the outcome; others may have died with an earlier driver.
        lost = {
            int(point["interval"]): point[selecting]
            for point in outcome.curve
            if selecting in point and int(point["interval"]) not in row.validations
        }
        validations = row.validations | lost
        judged = judged_interval(self.cell.run, validations) if state == "COMPLETE" else None
        value = None if judged is None else validations[judged]

        def end(connection: Connection) -> None:
            attributes = {"outcome": outcome.to_json()}
            if tables.finish_trial(connection, row.key, TrialState[state], value, attributes):
                tables.put_validations(connection, row.key, lost)

        self._write(end)
        row.state, row.value = state, value
        row.seconds, row.crashed = outcome.seconds, outcome.crashed
        row.validations = dict(sorted(validations.items()))

    def died(self, row: Row, reason: str) -> None:
        """Note that the worker of ``row`` died, and why; the row stays RUNNING."""
        deaths = [*row.deaths, (max(row.validations, default=0), reason)]
        self._write(lambda connection: tables.put_attribute(connection, row.key, "deaths", deaths))
        row.deaths = deaths

    def _waits(self, repeat: int) -> bool:
        """The search is to take over what its neighbour's finds, which goes on."""
        above = self.neighbour
        return above is not None and not above.standing.searches[repeat].search_over

    def _add_search(self, repeat: int, rows: Sequence[Row]) -> Row:
        """Add the next row of a search: taken over, or a draw."""
        drawn, taken = draws(rows), None
        attrs: dict[str, Any]
        if self.neighbour is not None:
            taken = next_taken(self.cell, self.neighbour.standing.searches[repeat], rows)
        if taken is None:
            params, origin = propose(self.cell, rows, repeat)
            attrs = {"origin": origin, "seeds": search_seeds(self.cell, drawn, repeat)}
        else:
            params = taken.params
            attrs = {
                "origin": "warm-started",
                "warm_from": [taken.cell, taken.number],
                "seeds": search_seeds(self.cell, f"warm {len(rows) - drawn}", repeat),
            }
        new = (params, {**attrs, **_repeat(repeat)})
        return self._add("search", TrialState.RUNNING, [new])[0]

    def _following(
        self,
        searched: Searched[Row],
        repeat: int,
        seed: int,
        **more: Any,
    ) -> _New:
        """A row that follows a search: what it selected, on one confirm seed."""
        chosen = searched.selected
        attrs = {
            "origin": "fixed" if chosen is None else "selected",
            "seed": seed,
            "selected_from": None if chosen is None else chosen.number,
            "seeds": confirm_seeds(self.cell, seed, repeat),
            **_repeat(repeat),
            **more,
        }
        return ({} if chosen is None else chosen.params), attrs

    def _start(self, phase: str, there: Sequence[Row], missing: Sequence[_New]) -> Row | None:
        """Enqueue what is missing, and begin the first row that waits."""
        for row in (*there, *self._add(phase, TrialState.WAITING, missing)):
            if row.state == "WAITING":
                self._begin(row)
                return row
        return None

    def _begin(self, row: Row) -> None:
        self._write(lambda connection: tables.begin_trial(connection, row.key))
        row.state = "RUNNING"

    def _add(self, phase: str, state: TrialState, new: Sequence[_New]) -> list[Row]:
        """Add the rows, all in one transaction."""
        trials = [
            create_trial(
                state=state, params=params, distributions=self.cell.space, user_attrs=attrs
            )
            for params, attrs in new
        ]
        for number, trial in enumerate(trials, start=len(self.rows[phase])):
            trial.number = number

        def add(connection: Connection) -> list[int]:
            study_id = self._studies[phase]
            return [tables.add_trial(connection, study_id, trial) for trial in trials]

        if trials:
            for trial, key in zip(trials, self._write(add), strict=True):
                trial._trial_id = key
        rows = [self._row(phase, trial) for trial in trials]
        self.rows[phase] += rows
        return rows

    def _row(self, phase: str, trial: FrozenTrial) -> Row:
        attrs = trial.user_attrs
        moved, outcome = moved_of(attrs), Outcome.from_json(attrs.get("outcome", {}))
        return Row(
            cell=self.cell.id,
            phase=phase,
            number=trial.number,
            key=trial._trial_id,
            params={**trial.params, **moved},
            seeds=attrs["seeds"],
            state=trial.state.name,
            value=trial.values[0] if trial.state == TrialState.COMPLETE else None,
            validations=dict(trial.intermediate_values),
            repeat=attrs.get("repeat", 0),
            seed=attrs.get("seed"),
            moved=next(iter(moved.items()), None),
            selected_from=attrs.get("selected_from"),
            warm_from=warm_from_of(attrs),
            seconds=outcome.seconds,
            crashed=outcome.crashed,
            deaths=[(interval, reason) for interval, reason in attrs.get("deaths", ())],
        )


def _repeat(repeat: int) -> dict[str, int]:
    """The attribute of a row that says which search it belongs to; the first goes without."""
    return {"repeat": repeat} if repeat else {}
