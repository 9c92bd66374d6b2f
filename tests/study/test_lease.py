"""One driver a study, and no wait after one that died on this host."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from optuna.storages import RDBStorage

from study.errors import LeaseError
from study.lease import STALE_SECONDS, Lease
from study.storage import open_storage


@pytest.fixture
def storage(tmp_path: Path) -> RDBStorage:
    return open_storage(f"sqlite:///{tmp_path / 'study.db'}")


def test_a_second_driver_is_told_who_holds_the_study(storage: RDBStorage) -> None:
    with Lease(storage, "s"), pytest.raises(LeaseError, match=r"'s' is held by process \d+ on "):
        Lease(storage, "s").__enter__()


def test_a_released_lease_is_free(storage: RDBStorage) -> None:
    with Lease(storage, "s"):
        pass
    with Lease(storage, "s"):
        pass


def test_studies_in_one_storage_do_not_collide(storage: RDBStorage) -> None:
    with Lease(storage, "s"), Lease(storage, "other"):
        pass


def _leave(storage: RDBStorage, **changes: object) -> None:
    """A lease as a driver left it that did not release it."""
    lease = Lease(storage, "s")
    lease._mine |= changes
    lease._write()
    if "renewed" in changes:
        stored = {**lease._mine, "renewed": changes["renewed"]}
        storage.set_study_user_attr(lease._study_id, "lease", stored)


def test_a_dead_process_of_this_host_holds_nothing(storage: RDBStorage) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    _leave(storage, pid=dead.pid)
    with Lease(storage, "s"):
        pass


def test_another_hosts_lease_ends_when_it_is_not_renewed(storage: RDBStorage) -> None:
    _leave(storage, host="elsewhere")
    with pytest.raises(LeaseError, match="elsewhere"):
        Lease(storage, "s").__enter__()
    _leave(storage, host="elsewhere", renewed=time.time() - STALE_SECONDS - 1)
    with Lease(storage, "s"):
        pass
