"""One driver a study, exactly one; no wait after one that died on this machine."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from optuna import create_study
from optuna.storages import RDBStorage
from sqlalchemy import select, update

from study.errors import LeaseError
from study.ledger import lease as lease_module
from study.ledger.lease import LEASES, NOW, STALE_SECONDS, Lease, driver
from study.ledger.ledger import Ledger
from study.ledger.storage import open_storage
from tests.study.conftest import CELL
from tests.study.drivers import SPEC, run, start, wait_for_log
from trainables.config import Outcome

ROOT = Path(__file__).parents[3]

RACER = """
import sys
from study.errors import LeaseError
from study.ledger.lease import Lease
from study.ledger.storage import open_storage

storage = open_storage(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
try:
    with Lease(storage, "s"):
        print("held", flush=True)
        sys.stdin.readline()
except LeaseError as error:
    print("refused", flush=True)
"""


@pytest.fixture
def storage(database: str) -> Iterator[RDBStorage]:
    storage = open_storage(database)
    yield storage
    storage.remove_session()
    storage.engine.dispose()


def test_a_second_driver_is_told_who_holds_the_study(storage: RDBStorage) -> None:
    who = r"'s' is held by process \d+ on .+ since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"
    with Lease(storage, "s"), pytest.raises(LeaseError, match=who):
        Lease(storage, "s").__enter__()


def test_a_released_lease_is_free(storage: RDBStorage) -> None:
    with Lease(storage, "s"):
        pass
    with Lease(storage, "s"):
        pass


def test_everybody_can_see_who_works_on_a_study(storage: RDBStorage) -> None:
    assert driver(storage, "s") is None
    with Lease(storage, "s"):
        assert (driver(storage, "s") or "").startswith(f"process {os.getpid()} on ")
        assert driver(storage, "other") is None
        with storage.engine.begin() as connection:
            connection.execute(update(LEASES).values(renewed=datetime(2020, 1, 1)))
        assert driver(storage, "s") is None, "it may have died: its lease is stale"
    assert driver(storage, "s") is None


def test_studies_in_one_storage_do_not_collide(storage: RDBStorage) -> None:
    with Lease(storage, "s"), Lease(storage, "other"):
        pass


def test_it_adds_no_study_to_the_dashboard(storage: RDBStorage) -> None:
    with Lease(storage, "s"):
        assert storage.get_all_studies() == []


def test_a_study_of_an_older_version_opens(storage: RDBStorage) -> None:
    old = create_study(storage=storage, study_name="s")  # it kept its lease as an attribute
    old.set_user_attr("lease", {"id": "x", "host": "h", "pid": 1, "since": "", "renewed": 0})
    with Lease(storage, "s"):
        pass


def test_of_drivers_that_start_at_once_one_wins(database: str) -> None:
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, database],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(4)
    ]

    def said() -> list[str]:
        return [racer.stdout.readline().strip() for racer in racers if racer.stdout]

    def go() -> None:
        for racer in racers:
            assert racer.stdin
            racer.stdin.write("\n")
            racer.stdin.flush()

    try:
        assert said() == ["ready"] * 4
        go()
        assert sorted(said()) == ["held", "refused", "refused", "refused"]
    finally:
        for racer in racers:
            racer.communicate("\n")
            racer.wait(timeout=30)


def _set(storage: RDBStorage, **values: object) -> None:
    """Change the lease behind its holder's back."""
    with storage.engine.begin() as connection:
        connection.execute(update(LEASES).values(**values))


def _now(storage: RDBStorage) -> datetime:
    """By the database's clock."""
    with storage.engine.connect() as connection:
        now: datetime = connection.execute(select(NOW)).scalar_one()
        return now


def _ago(storage: RDBStorage, seconds: float) -> datetime:
    return _now(storage) - timedelta(seconds=seconds)


def _lease(storage: RDBStorage) -> Any:
    with storage.engine.connect() as connection:
        return connection.execute(select(LEASES)).one()


def _left(storage: RDBStorage, **values: object) -> None:
    """A lease as a driver left it that did not release it."""
    dead = Lease(storage, "s")
    dead._create_table()
    dead._take()
    _set(storage, **values)


def _dead_pid() -> int:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    return dead.pid


def test_a_dead_process_of_this_machine_holds_nothing(storage: RDBStorage) -> None:
    _left(storage, pid=_dead_pid())
    with Lease(storage, "s"):
        pass


def test_a_killed_driver_whose_parent_has_not_noticed_holds_nothing(storage: RDBStorage) -> None:
    zombie = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
    _left(storage, pid=zombie.pid)
    with Lease(storage, "s"):
        pass
    zombie.wait()


def test_a_pid_of_another_container_says_nothing(storage: RDBStorage) -> None:
    # Containers of one host may share its name; the pid of one is another process in the next.
    _left(storage, pid=_dead_pid(), place="this boot pid:[4026532999]")
    with pytest.raises(LeaseError):
        Lease(storage, "s").__enter__()


@pytest.mark.parametrize(("seconds", "free"), [(STALE_SECONDS - 20, False), (61, True)])
def test_another_machines_lease_ends_when_it_is_not_renewed(
    storage: RDBStorage, seconds: float, free: bool
) -> None:
    _left(storage, host="elsewhere", place="elsewhere", renewed=_ago(storage, seconds))
    if free:
        with Lease(storage, "s"):
            pass
    else:
        with pytest.raises(LeaseError, match="elsewhere"):
            Lease(storage, "s").__enter__()


def test_a_holder_renews(storage: RDBStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.05)
    with Lease(storage, "s"):
        _set(storage, renewed=_ago(storage, 3600))
        while _now(storage) - _lease(storage).renewed > timedelta(seconds=5):
            time.sleep(0.05)


def test_a_driver_that_slept_too_long_notices_that_another_took_over(
    storage: RDBStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.05)
    with Lease(storage, "s") as slept:
        _set(storage, place="elsewhere")
        with storage.engine.begin() as connection:
            slept.hold(connection)
        # As another machine does when the lease was not renewed.
        _set(storage, holder="another")
        while not slept.lost:
            time.sleep(0.05)
        with storage.engine.begin() as connection, pytest.raises(LeaseError, match="took"):
            slept.hold(connection)
    assert _lease(storage).holder == "another"


def test_a_ledger_knows_that_its_lease_is_lost_before_it_writes(
    storage: RDBStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.05)
    with Lease(storage, "s") as slept:
        mine = Ledger(storage, "s", [CELL], slept)
        _set(storage, holder="another")
        while not isinstance(mine.trouble, LeaseError):
            time.sleep(0.05)


def test_a_driver_that_lost_its_lease_writes_nothing(storage: RDBStorage) -> None:
    with Lease(storage, "s") as slept:
        mine = Ledger(storage, "s", [CELL], slept)
        (cell,) = mine.cells.values()
        row = cell.next_search()
        assert row is not None
        _set(storage, place="elsewhere", renewed=_ago(storage, STALE_SECONDS + 1))
        with Lease(storage, "s") as other:
            before = Ledger(storage, "s", [CELL], other)
            with pytest.raises(LeaseError, match="another one took the study over"):
                cell.tell(row, "FAIL", Outcome(reason="late"))
            with pytest.raises(LeaseError):
                cell.next_search()
            assert isinstance(mine.trouble, LeaseError)
            after = Ledger(storage, "s", [CELL], other)
            assert after.cells[CELL.id].rows == before.cells[CELL.id].rows
            assert after.cells[CELL.id].running() == [row]


@pytest.mark.ray
@pytest.mark.whole
def test_a_run_stops_when_another_driver_has_taken_over(tmp_path: Path) -> None:
    long = {**SPEC["tasks"][0], "epochs": 200, "intervals": 200}
    driver = start({**SPEC, "tasks": [long]}, tmp_path)
    wait_for_log(tmp_path, "generation started", driver)
    storage = open_storage(f"sqlite:///{tmp_path / 'out' / 'study.db'}")
    # As a driver elsewhere does if this one could not renew its lease for a minute.
    _set(storage, holder="another", place="elsewhere", host="elsewhere")
    storage.engine.dispose()
    assert driver.wait(timeout=200) == 2
    said = (tmp_path / "driver.log").read_text()
    assert "another one took the study over: this one stops" in said
    assert "Traceback" not in said
    again = run({**SPEC, "tasks": [long]}, tmp_path)
    assert again.returncode == 2
    assert "held by process" in again.stderr
    assert "on elsewhere since" in again.stderr
