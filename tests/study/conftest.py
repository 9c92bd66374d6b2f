"""A cell and a ledger without a spec: what the conductor's own tests need."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from optuna.distributions import FloatDistribution

from study.cell import Cell
from study.ledger.ledger import Ledger
from study.ledger.storage import open_storage
from tests.study.drivers import STARTED
from tests.study.postgresql_server import PASSWORD_VARIABLE, PostgreSQL

CELL = Cell(
    id="auc_m__digits-mlp__0.1",
    order=0,
    method="auc_m",
    task="digits-mlp",
    dataset="digits",
    model="mlp",
    imratio=0.1,
    run={
        "dataset": "digits",
        "model": "mlp",
        "epochs": 9,
        "batch_size": 64,
        "intervals": 9,
        "data_root": "data",
    },
    space={
        "lr": FloatDistribution(1e-3, 1.0, log=True),
        "margin": FloatDistribution(0.1, 1.0),
    },
    fixed={},
    trials=6,
    random_trials=3,
    sampler="tpe",
    pruner="asha",
    grace=1,
    reduction=3,
    seeds=2,
    seed=0,
)


@pytest.fixture
def open_ledger(tmp_path: Path) -> Callable[..., Ledger]:
    """Opens the ledger in ``tmp_path``, again and again as after a crash; fields may change."""

    def open_it(**changes: object) -> Ledger:
        storage = open_storage(f"sqlite:///{tmp_path / 'study.db'}")
        return Ledger(storage, "s", [replace(CELL, **changes)])  # type: ignore[arg-type]

    return open_it


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQL]:
    """A real server, started when a test first asks for it."""
    server = PostgreSQL()
    yield server
    server.remove()


@pytest.fixture
def postgresql(postgresql_server: PostgreSQL, monkeypatch: pytest.MonkeyPatch) -> PostgreSQL:
    """The server; what this test opens finds its password in the environment."""
    monkeypatch.setenv(PASSWORD_VARIABLE, postgresql_server.password)
    return postgresql_server


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a fresh database, as a spec has it; once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'study.db'}"
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.url(server.new_database())


@pytest.fixture(autouse=True)
def _no_driver_is_left_behind() -> Iterator[None]:
    yield
    while STARTED:
        driver = STARTED.pop()
        driver.kill()
        driver.wait()
