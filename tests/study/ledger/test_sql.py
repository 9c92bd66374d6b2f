"""What is written by plain SQL is what Optuna itself writes, and is read as Optuna reads it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from optuna import create_study
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import RDBStorage
from optuna.storages._rdb import models
from optuna.trial import TrialState, create_trial
from sqlalchemy import select

from study.ledger import sql as tables
from study.ledger.storage import open_storage

SPACE = {
    "lr": FloatDistribution(1e-3, 1.0, log=True),
    "steps": IntDistribution(1, 9),
    "kind": CategoricalDistribution(("a", None, 3, True)),
}
PARAMS: dict[str, Any] = {"lr": 0.1, "steps": 3, "kind": None}
ATTRS = {"origin": "random", "seeds": {"data_seed": 1}}
VALIDATIONS = {1: 0.5, 2: float("nan"), 3: float("inf"), 4: 0.7}


@pytest.fixture
def storage(database: str) -> Iterator[RDBStorage]:
    storage = open_storage(database)
    yield storage
    storage.engine.dispose()


def trial(state: TrialState) -> Any:
    return create_trial(state=state, params=PARAMS, distributions=SPACE, user_attrs=ATTRS)


ENDS: dict[str, tuple[TrialState, float | None, dict[str, Any]]] = {
    "COMPLETE": (TrialState.COMPLETE, 0.7, {"outcome": {"reason": None}}),
    "PRUNED": (TrialState.PRUNED, None, {"outcome": {"reason": None}, "b": 2}),
    "FAIL": (TrialState.FAIL, None, {"outcome": {"reason": "why"}}),
}


def write_by_sql(storage: RDBStorage) -> None:
    with storage.engine.begin() as connection:
        ids = tables.add_studies(connection, ["s/a", "s/b"])
        tables.put_study_attribute(connection, ids["s/a"], "cell", {"order": 1})
        tables.put_study_attribute(connection, ids["s/a"], "cell", {"order": 2})
        for number, (state, value, attributes) in enumerate(ENDS.values()):
            mine = trial(TrialState.RUNNING)
            mine.number = number
            key = tables.add_trial(connection, ids["s/a"], mine)
            assert tables.add_trial(connection, ids["s/a"], mine) == key, "the same one, again"
            tables.put_validations(connection, key, {1: 0.1, 2: 0.2})
            tables.put_validations(connection, key, VALIDATIONS)
            tables.put_attribute(connection, key, "deaths", [])
            tables.put_attribute(connection, key, "deaths", [[1, "why"]])
            assert tables.finish_trial(connection, key, state, value, attributes)
            assert not tables.finish_trial(connection, key, TrialState.FAIL, None, {"late": 1})
        for number in range(2):
            mine = trial(TrialState.WAITING)
            mine.number = number
            key = tables.add_trial(connection, ids["s/b"], mine)
        tables.begin_trial(connection, key)
        tables.begin_trial(connection, key)


def write_by_optuna(storage: RDBStorage) -> None:
    a, b = (
        create_study(storage=storage, study_name=name, direction="maximize")._study_id
        for name in ("s/a", "s/b")
    )
    storage.set_study_user_attr(a, "cell", {"order": 2})
    for state, value, attributes in ENDS.values():
        key = storage.create_new_trial(a, trial(TrialState.RUNNING))
        for step, validation in VALIDATIONS.items():
            storage.set_trial_intermediate_value(key, step, validation)
        for name, attribute in {"deaths": [[1, "why"]], **attributes}.items():
            storage.set_trial_user_attr(key, name, attribute)
        storage.set_trial_state_values(key, state, None if value is None else [value])
    for _ in range(2):
        key = storage.create_new_trial(b, trial(TrialState.WAITING))
    storage.set_trial_state_values(key, TrialState.RUNNING)


def content(storage: RDBStorage) -> dict[str, list[str]]:
    """Every table but for the rows' own ids; of times, whether there is one."""
    found = {}
    with storage.engine.connect() as connection:
        for table in models.BaseModel.metadata.sorted_tables:
            own = {column.name for column in table.primary_key} - {"study_id", "trial_id"}
            found[table.name] = sorted(
                repr(
                    {
                        name: value is not None if name.startswith("datetime") else value
                        for name, value in row._mapping.items()
                        if name not in own
                    }
                )
                for row in connection.execute(select(table))
            )
    return found


def test_the_tables_are_as_optuna_writes_them(storage: RDBStorage, tmp_path: Path) -> None:
    write_by_sql(storage)
    reference = open_storage(f"sqlite:///{tmp_path / 'reference.db'}")
    write_by_optuna(reference)
    expected = content(reference)
    reference.engine.dispose()
    assert sum(map(len, expected.values())) > 50
    assert content(storage) == expected


def test_trials_are_read_as_optuna_reads_them(storage: RDBStorage) -> None:
    write_by_optuna(storage)
    with storage.engine.connect() as connection:
        ids = tables.study_ids(connection, "s/")
        found = tables.trials(connection, ids.values())
    assert list(ids) == ["s/a", "s/b"]
    for study_id in ids.values():
        # As text, since Optuna compares NaN with itself.
        assert list(map(repr, found[study_id])) == list(map(repr, storage.get_all_trials(study_id)))


def test_names_with_odd_characters_do_not_catch_others(storage: RDBStorage) -> None:
    with storage.engine.begin() as connection:
        tables.add_studies(connection, ["a_b/x", "aXb/x", "A_B/x", "a%/x"])
        assert list(tables.study_ids(connection, "a_b/")) == ["a_b/x"]
        assert list(tables.study_ids(connection, "a%/")) == ["a%/x"]
