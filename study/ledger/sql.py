"""Optuna's tables, read and written by plain SQL within the caller's transaction.

Optuna's own calls do not serve a ledger that must be exact: ``create_new_trial`` tries a failed
commit again by itself, so that a row whose commit went through unanswered is doubled, and a row
takes several transactions. What is written here is what Optuna writes (a test compares the
tables), and Optuna refuses at the start a database whose tables are of another version.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from optuna.distributions import BaseDistribution, distribution_to_json, json_to_distribution
from optuna.storages._rdb import models
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, delete, insert, select, update

from study.database_url import shown
from study.errors import LedgerError

__all__ = [
    "add_studies",
    "add_trial",
    "begin_trial",
    "finish_trial",
    "put_attribute",
    "put_study_attribute",
    "put_validations",
    "study_attributes",
    "study_ids",
    "trials",
]

STUDIES = models.StudyModel.__table__
DIRECTIONS = models.StudyDirectionModel.__table__
STUDY_ATTRIBUTES = models.StudyUserAttributeModel.__table__
TRIALS = models.TrialModel.__table__
PARAMS = models.TrialParamModel.__table__
VALUES = models.TrialValueModel.__table__
ATTRIBUTES = models.TrialUserAttributeModel.__table__
VALIDATIONS = models.TrialIntermediateValueModel.__table__

UNFINISHED = (TrialState.RUNNING, TrialState.WAITING)


def study_ids(connection: Connection, prefix: str) -> dict[str, int]:
    """Ids of the Optuna studies whose name begins with ``prefix``, by name, oldest first."""
    like = STUDIES.c.study_name.startswith(prefix, autoescape=True)
    query = select(STUDIES.c.study_name, STUDIES.c.study_id).where(like)
    found = connection.execute(query.order_by(STUDIES.c.study_id))
    # Again, since LIKE takes "S" for "s" in some databases.
    return {name: study_id for name, study_id in found if name.startswith(prefix)}


def add_studies(connection: Connection, names: Sequence[str]) -> dict[str, int]:
    """Create Optuna studies that maximise; their ids by name."""
    if not names:
        return {}
    connection.execute(insert(STUDIES), [{"study_name": name} for name in names])
    query = select(STUDIES.c.study_name, STUDIES.c.study_id)
    found = connection.execute(query.where(STUDIES.c.study_name.in_(names)))
    ids: dict[str, int] = {name: study_id for name, study_id in found}  # noqa: C416
    connection.execute(
        insert(DIRECTIONS),
        [
            {"study_id": study_id, "direction": StudyDirection.MAXIMIZE, "objective": 0}
            for study_id in ids.values()
        ],
    )
    return ids


def study_attributes(connection: Connection, key: str) -> dict[int, Any]:
    """The user attribute ``key`` of every Optuna study that has it, by id.

    Raises:
        LedgerError: the database is damaged.
    """
    query = select(STUDY_ATTRIBUTES.c.study_id, STUDY_ATTRIBUTES.c.value_json)
    with _legible(connection):
        found = connection.execute(query.where(STUDY_ATTRIBUTES.c.key == key))
        return {study_id: json.loads(value) for study_id, value in found}


def put_study_attribute(connection: Connection, study_id: int, key: str, value: Any) -> None:
    """Set a user attribute of an Optuna study."""
    table = STUDY_ATTRIBUTES
    connection.execute(delete(table).where(table.c.study_id == study_id, table.c.key == key))
    entry = {"study_id": study_id, "key": key, "value_json": json.dumps(value)}
    connection.execute(insert(table), entry)


def trials(connection: Connection, studies: Iterable[int]) -> dict[int, list[FrozenTrial]]:
    """All trials of the Optuna studies with these ids, by study, oldest first.

    Raises:
        LedgerError: the database is damaged.
    """
    with _legible(connection):
        return _trials(connection, list(studies))


def add_trial(connection: Connection, study_id: int, trial: FrozenTrial) -> int:
    """Add ``trial`` (RUNNING or WAITING) with its own number to an Optuna study; its id.

    A trial of that number that is there already is this one, from a commit without an answer.
    """
    mine = (TRIALS.c.study_id == study_id, TRIALS.c.number == trial.number)
    if (there := connection.execute(select(TRIALS.c.trial_id).where(*mine)).scalar()) is not None:
        return int(there)
    running = trial.state == TrialState.RUNNING
    row = {
        "study_id": study_id,
        "number": trial.number,
        "state": trial.state,
        "datetime_start": _now() if running else None,
    }
    inserted: Any = connection.execute(insert(TRIALS).values(row)).inserted_primary_key
    key = int(inserted[0])
    if trial.params:
        connection.execute(
            insert(PARAMS),
            [
                {
                    "trial_id": key,
                    "param_name": name,
                    "param_value": trial.distributions[name].to_internal_repr(value),
                    "distribution_json": distribution_to_json(trial.distributions[name]),
                }
                for name, value in trial.params.items()
            ],
        )
    _add_attributes(connection, key, trial.user_attrs)
    return key


def begin_trial(connection: Connection, key: int) -> None:
    """A WAITING trial is RUNNING from now on."""
    waiting = (TRIALS.c.trial_id == key, TRIALS.c.state == TrialState.WAITING)
    change = update(TRIALS).where(*waiting)
    connection.execute(change.values(state=TrialState.RUNNING, datetime_start=_now()))


def put_attribute(connection: Connection, key: int, name: str, value: Any) -> None:
    """Set a user attribute of a trial."""
    there = (ATTRIBUTES.c.trial_id == key, ATTRIBUTES.c.key == name)
    connection.execute(delete(ATTRIBUTES).where(*there))
    _add_attributes(connection, key, {name: value})


def put_validations(connection: Connection, key: int, values: Mapping[int, float]) -> None:
    """Set intermediate values of a trial by step; those that are there are replaced."""
    if not values:
        return
    table = VALIDATIONS
    there = (table.c.trial_id == key, table.c.step.in_(list(values)))
    connection.execute(delete(table).where(*there))
    stored = models.TrialIntermediateValueModel.intermediate_value_to_stored_repr
    entries = []
    for step, value in values.items():
        number, kind = stored(value)
        entries.append(
            {
                "trial_id": key,
                "step": step,
                "intermediate_value": number,
                "intermediate_value_type": kind,
            }
        )
    connection.execute(insert(table), entries)


def finish_trial(
    connection: Connection,
    key: int,
    state: TrialState,
    value: float | None,
    attributes: Mapping[str, Any],
) -> bool:
    """End a trial; False, and nothing changed, if it has ended before."""
    unfinished = (TRIALS.c.trial_id == key, TRIALS.c.state.in_(UNFINISHED))
    change = update(TRIALS).where(*unfinished).values(state=state, datetime_complete=_now())
    if connection.execute(change).rowcount == 0:
        return False
    if value is not None:
        number, kind = models.TrialValueModel.value_to_stored_repr(value)
        entry = {"trial_id": key, "objective": 0, "value": number, "value_type": kind}
        connection.execute(insert(VALUES), entry)
    _add_attributes(connection, key, attributes)
    return True


def _add_attributes(connection: Connection, key: int, attributes: Mapping[str, Any]) -> None:
    if attributes:
        connection.execute(
            insert(ATTRIBUTES),
            [
                {"trial_id": key, "key": name, "value_json": json.dumps(value)}
                for name, value in attributes.items()
            ],
        )


@contextmanager
def _legible(connection: Connection) -> Iterator[None]:
    """A file that opens may still hold what nobody wrote: SQLite keeps no checksums."""
    try:
        yield
    except (ValueError, LookupError) as error:
        raise LedgerError(
            f"The study's database {shown(connection.engine.url)} must hold what was written, and "
            f"it cannot be read ({error}). Look at its disk, or put a copy of it in its place."
        ) from error


def _trials(connection: Connection, ids: list[int]) -> dict[int, list[FrozenTrial]]:
    found: dict[int, list[FrozenTrial]] = {study_id: [] for study_id in ids}
    # First, so that a trial that a driver adds or ends meanwhile is never seen in half.
    rows = connection.execute(
        select(TRIALS).where(TRIALS.c.study_id.in_(ids)).order_by(TRIALS.c.trial_id)
    ).all()
    params = _by_trial(connection, ids, PARAMS, PARAMS.c.param_id)
    values = _by_trial(connection, ids, VALUES)
    attributes = _by_trial(connection, ids, ATTRIBUTES)
    validations = _by_trial(connection, ids, VALIDATIONS)
    value_of = models.TrialValueModel.stored_repr_to_value
    step_of = models.TrialIntermediateValueModel.stored_repr_to_intermediate_value
    for row in rows:
        key = row.trial_id
        distributions = {p.param_name: _distribution(p.distribution_json) for p in params[key]}
        trial = FrozenTrial(
            number=row.number,
            state=row.state,
            value=None,
            values=[value_of(v.value, v.value_type) for v in values[key]] or None,
            datetime_start=_local(row.datetime_start),
            datetime_complete=_local(row.datetime_complete),
            params={
                p.param_name: distributions[p.param_name].to_external_repr(p.param_value)
                for p in params[key]
            },
            distributions=distributions,
            user_attrs={a.key: json.loads(a.value_json) for a in attributes[key]},
            system_attrs={},
            intermediate_values={
                v.step: step_of(v.intermediate_value, v.intermediate_value_type)
                for v in validations[key]
            },
            trial_id=key,
        )
        found[row.study_id].append(trial)
    return found


def _by_trial(
    connection: Connection, studies: list[int], table: Any, *order: Any
) -> dict[int, list[Any]]:
    """The rows of ``table`` that belong to trials of the studies, by trial."""
    query = select(table).join(TRIALS, TRIALS.c.trial_id == table.c.trial_id)
    query = query.where(TRIALS.c.study_id.in_(studies)).order_by(*order)
    found = defaultdict(list)
    for row in connection.execute(query):
        found[row.trial_id].append(row)
    return found


@lru_cache(maxsize=1024)
def _distribution(text: str) -> BaseDistribution:
    return json_to_distribution(text)


def _now() -> datetime:
    """As Optuna stores times: UTC without saying so."""
    return datetime.now(UTC).replace(tzinfo=None)


def _local(time: datetime | None) -> datetime | None:
    """As Optuna gives times: local time without saying so."""
    return None if time is None else time.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)
