"""One ASHA a search, inside one Tune run: trials of different searches are not comparable."""

from types import SimpleNamespace
from typing import Any, cast

from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler, TrialScheduler

from study.cell import Cell
from study.ledger.ledger import Ledger
from study.ledger.rows import Row
from study.tune.deaths import words_of_death
from study.tune.stop import Stop

__all__ = ["CellScheduler", "search_asha", "stands_for"]


class CellScheduler(FIFOScheduler):
    """Early stopping of search trials, search by search; all others run to their end.

    Ray never stores a scheduler's state, so the rungs are rebuilt from the ledger here: ASHA
    sees every stored validation of every search row again, under the row's own name. A row that
    a dead driver left under way keeps its place in the rungs it had reached.

    When the study is to stop, every trial ends with its next interval; those that ASHA would
    have let go on are in ``interrupted``.

    Args:
        ledger: the study's ledger, opened.
        stop: whether the study is to stop.
    """

    def __init__(self, ledger: Ledger, stop: Stop) -> None:
        super().__init__()
        self._stop = stop
        self.interrupted: set[str] = set()
        self._deaths: dict[str, str] = {}
        self._arrival: dict[str, int] = {}
        self._asha: dict[tuple[str, int], ASHAScheduler] = {}
        for name, found in ledger.cells.items():
            if found.cell.pruner == "none":
                continue
            for repeat, searched in enumerate(found.standing.searches):
                asha = search_asha(found.cell)
                for row in searched.search:
                    _replay(asha, row)
                self._asha[name, repeat] = asha

    def __getstate__(self) -> dict[str, Any]:
        """Nothing: Tune's snapshots are not used, the ledger is."""
        return {}

    def on_trial_add(self, tune_controller: TuneController, trial: Trial) -> None:
        """A trial enters its search's ASHA; adding it again after a fault changes nothing."""
        self._arrival.setdefault(trial.trial_id, len(self._arrival))
        if asha := self._of(trial):
            asha.on_trial_add(tune_controller, stands_for(trial.config["row"]["name"]))

    def on_trial_result(
        self, tune_controller: TuneController, trial: Trial, result: dict[str, Any]
    ) -> str:
        """CONTINUE, or STOP if the trial is below its rung's cut-off or the study is to stop."""
        if result.get("done"):
            return str(TrialScheduler.CONTINUE)
        verdict = str(TrialScheduler.CONTINUE)
        if asha := self._of(trial):
            proxy = stands_for(trial.config["row"]["name"])
            verdict = str(asha.on_trial_result(tune_controller, proxy, result))
        if self._stop.reason and verdict == TrialScheduler.CONTINUE:
            self.interrupted.add(trial.trial_id)
            return str(TrialScheduler.STOP)
        return verdict

    def on_trial_complete(
        self, tune_controller: TuneController, trial: Trial, result: dict[str, Any]
    ) -> None:
        """The last result counts in the rungs too; a failed trial reports none."""
        if (asha := self._of(trial)) and "value" in result:
            asha.on_trial_complete(tune_controller, stands_for(trial.config["row"]["name"]), result)

    def on_trial_error(self, tune_controller: TuneController, trial: Trial) -> None:  # noqa: ARG002
        """Tune tells the scheduler before the searcher, and the searcher no reason."""
        self._deaths[trial.trial_id] = words_of_death(trial)

    def why_died(self, trial_id: str) -> str:
        """Why the worker of Tune's trial died, in words."""
        return self._deaths.pop(trial_id, "its worker died")

    def choose_trial_to_run(self, tune_controller: TuneController) -> Trial | None:
        """The trial that has waited longest, so that none is passed over again and again.

        FIFO's own scans all trials at every event; the live ones are few, but Tune keeps them in
        a set, without an order.
        """
        waiting = [
            trial
            for trial in tune_controller.get_live_trials()
            if trial.status in (Trial.PENDING, Trial.PAUSED)
        ]
        return min(waiting, key=lambda trial: self._arrival[trial.trial_id], default=None)

    def _of(self, trial: Trial) -> ASHAScheduler | None:
        row = trial.config["row"]
        if row["phase"] != "search":
            return None
        return self._asha.get((row["cell"], row["repeat"]))


def search_asha(cell: Cell) -> ASHAScheduler:
    """The ASHA of one search of ``cell``."""
    return ASHAScheduler(
        time_attr="interval",
        metric="value",
        mode="max",
        grace_period=min(cell.grace, cell.run["intervals"]),
        max_t=cell.run["intervals"],
        reduction_factor=cell.reduction,
        # A trial in its last interval is finished, not pruned.
        stop_last_trials=False,
    )


def stands_for(name: str) -> Trial:
    """What ASHA gets for the trial of a row: it knows trials by id alone, and ours is the row's
    name, the same in every generation."""
    return cast(Trial, SimpleNamespace(trial_id=name))


def _replay(asha: ASHAScheduler, row: Row) -> None:
    proxy = stands_for(row.name)
    asha.on_trial_add(cast(TuneController, None), proxy)
    for interval, value in sorted(row.validations.items()):
        result = {"interval": interval, "value": value}
        asha.on_trial_result(cast(TuneController, None), proxy, result)
