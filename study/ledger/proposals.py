"""Where the next search row of a cell lies: a random draw or Optuna's TPE.

The sampler is made anew for every row, from a seed that depends on the study's seed, the cell
and the row's number alone. So a random row is the same whenever and wherever it is asked for,
after any crash; a TPE row depends besides on what the rows before it had reported by then.
"""

from collections.abc import Sequence
from typing import Any

from optuna import create_study
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from study.cell import Cell, again, derive_seed
from study.ledger.rows import Row

__all__ = ["propose"]


def propose(cell: Cell, rows: Sequence[Row], repeat: int = 0) -> tuple[dict[str, Any], str]:
    """Parameters of the row after ``rows`` of a search, and their origin: "random" or "tpe".

    The sampler sees the rows in memory, so that it costs the database nothing.
    """
    number = len(rows)
    seed = derive_seed(cell.seed, cell.id, *again(repeat), "sampler", number)
    if cell.sampler == "random" or number < cell.random_trials:
        return _ask(cell, RandomSampler(seed=seed), []), "random"
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
