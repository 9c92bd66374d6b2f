"""Where the next search row of a cell lies: a random draw or Optuna's TPE.

The sampler is made anew for every row, from a seed that depends on the study's seed, the cell
and the row's number alone. So a random row is the same whenever and wherever it is asked for,
after any crash; a TPE row depends besides on the rows that were finished by then.
"""

from typing import Any

from optuna import Study
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState, create_trial

from study.cell import Cell, derive_seed

__all__ = ["propose"]


def propose(study: Study, cell: Cell, number: int) -> FrozenTrial:
    """Row ``number`` of the cell's search, RUNNING, with its parameters; not yet stored.

    Its attribute ``origin`` says what proposed it. All arguments of the sampler are explicit,
    since Optuna's defaults change between versions.
    """
    random = cell.sampler == "random" or number < cell.random_trials
    seed = derive_seed(cell.seed, cell.id, "sampler", number)
    sampler: BaseSampler = RandomSampler(seed=seed) if random else _tpe(seed)
    draft = create_trial(state=TrialState.RUNNING)
    draft.number = number
    relative = sampler.sample_relative(
        study, draft, sampler.infer_relative_search_space(study, draft)
    )
    params: dict[str, Any] = {
        name: relative[name]
        if name in relative
        else sampler.sample_independent(study, draft, name, distribution)
        for name, distribution in sorted(cell.space.items())
    }
    return create_trial(
        state=TrialState.RUNNING,
        params=params,
        distributions=dict(cell.space),
        user_attrs={"origin": "random" if random else "tpe"},
    )


def _tpe(seed: int) -> TPESampler:
    return TPESampler(
        seed=seed,
        multivariate=True,
        group=False,
        constant_liar=True,
        n_startup_trials=1,
        n_ei_candidates=24,
        warn_independent_sampling=False,
    )
