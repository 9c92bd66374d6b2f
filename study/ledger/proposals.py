"""Where the next draw of a search lies: at random, or where an Optuna sampler looks next.

The sampler is made anew for every row, from a seed that depends on the study's seed, the cell
and the number of the draw alone. So a random row is the same whenever and wherever it is asked
for, after any crash; a guided row depends besides on what the rows before it had reported by then.
"""

from collections.abc import Sequence
from typing import Any

from optuna import create_study
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from study.cell import Cell, again, derive_seed
from study.ledger.rows import Row
from study.ledger.warm_start import draws

__all__ = ["propose"]


def propose(cell: Cell, rows: Sequence[Row], repeat: int = 0) -> tuple[dict[str, Any], str]:
    """Parameters of the row after ``rows`` of a search, and their origin: "random", or the name of
    the sampler.

    The sampler sees the rows in memory, so that it costs the database nothing.
    """
    number = draws(rows)
    seed = derive_seed(cell.seed, cell.id, *again(repeat), "sampler", number)
    if cell.sampler == "random" or number < cell.random_trials:
        return _ask(cell, RandomSampler(seed=seed), []), "random"
    if cell.sampler == "gp":
        return _ask(cell, _gp(seed), _measured(cell, rows)), "gp"
    return _ask(cell, _tpe(seed), [_trial(cell, row) for row in rows]), "tpe"


def _ask(cell: Cell, sampler: BaseSampler, trials: list[FrozenTrial]) -> dict[str, Any]:
    study = create_study(storage=InMemoryStorage(), sampler=sampler, direction="maximize")
    study.add_trials(trials)
    return dict(study.ask(dict(sorted(cell.space.items()))).params)


def _trial(cell: Cell, row: Row) -> FrozenTrial:
    return create_trial(
        state=TrialState[row.state],
        params=row.params,
        distributions=cell.space,
        value=row.value,
        intermediate_values=row.validations,
    )


def _measured(cell: Cell, rows: Sequence[Row]) -> list[FrozenTrial]:
    """The rows as Optuna's Gaussian process can use them, which looks at values alone.

    A pruned row has that of its last validation, as Optuna advises for samplers that leave pruned
    trials out. One that diverged has the lowest of all: left out, its surroundings would be tried
    again and again. One that crashed for no fault of its own has none.
    """
    values = {
        row.number: row.value if row.state == "COMPLETE" else row.validations[max(row.validations)]
        for row in rows
        if row.state == "COMPLETE" or (row.state == "PRUNED" and row.validations)
    }
    lowest = min((value for value in values.values() if value is not None), default=None)
    trials = []
    for row in rows:
        diverged = row.state == "FAIL" and not row.crashed
        value = values.get(row.number, lowest if diverged else None)
        if row.state == "RUNNING" or value is not None:
            trials.append(
                create_trial(
                    state=TrialState.RUNNING if value is None else TrialState.COMPLETE,
                    params=row.params,
                    distributions=cell.space,
                    value=value,
                )
            )
    return trials


def _tpe(seed: int) -> TPESampler:
    # All is explicit, since Optuna's defaults change between versions.
    return TPESampler(
        seed=seed,
        multivariate=True,
        group=False,
        constant_liar=True,
        n_startup_trials=1,
        n_ei_candidates=24,
    )


def _gp(seed: int) -> GPSampler:
    return GPSampler(
        seed=seed,
        n_startup_trials=1,
        deterministic_objective=False,
        warn_independent_sampling=False,
    )
