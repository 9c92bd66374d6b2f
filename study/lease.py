"""One driver a study: a lease in the study's database, renewed while the driver lives."""

import os
import socket
import threading
import time
from datetime import UTC, datetime
from types import TracebackType
from typing import Any
from uuid import uuid4

from optuna import create_study
from optuna.storages import RDBStorage

from study.errors import LeaseError

__all__ = ["RENEW_SECONDS", "STALE_SECONDS", "Lease"]

RENEW_SECONDS = 10.0
STALE_SECONDS = 60.0
"""A lease that was not renewed for this long is free: its driver or machine died."""


class Lease:
    """Context manager that holds the study for this process.

    It is kept as an attribute of an empty Optuna study that has the study's own name, so it
    works with every storage. The lease of a dead process of this host is free at once.

    Args:
        storage: the study's database.
        name: the study's name.

    Raises:
        LeaseError: another driver holds the study; it says who, where and since when.
    """

    def __init__(self, storage: RDBStorage, name: str) -> None:
        self._storage = storage
        self._name = name
        self._study_id: int = create_study(
            storage=storage, study_name=name, direction="maximize", load_if_exists=True
        )._study_id
        self._mine = {
            "id": uuid4().hex,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self._stop = threading.Event()
        self._heart = threading.Thread(target=self._renew, name="lease", daemon=True)

    def __enter__(self) -> "Lease":
        self._refuse(self._read())
        self._write()
        # Two drivers may have written at once: the one that is read back has it.
        time.sleep(0.05)
        self._refuse(self._read())
        self._heart.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._heart.join()
        held = self._read()
        if held and held["id"] == self._mine["id"]:
            self._storage.set_study_user_attr(self._study_id, "lease", None)

    def _refuse(self, held: dict[str, Any] | None) -> None:
        if held is None or held["id"] == self._mine["id"]:
            return
        dead = held["host"] == self._mine["host"] and not _alive(held["pid"])
        if dead or time.time() - held["renewed"] > STALE_SECONDS:
            return
        raise LeaseError(
            f"A study has one driver at a time; {self._name!r} is held by process {held['pid']} "
            f"on {held['host']} since {held['since']}. Stop that one, or wait: the lease of a "
            f"dead driver ends after {STALE_SECONDS:.0f} s."
        )

    def _renew(self) -> None:
        while not self._stop.wait(RENEW_SECONDS):
            self._write()

    def _read(self) -> dict[str, Any] | None:
        held: dict[str, Any] | None = self._storage.get_study_user_attrs(self._study_id).get(
            "lease"
        )
        return held

    def _write(self) -> None:
        lease = {**self._mine, "renewed": time.time()}
        self._storage.set_study_user_attr(self._study_id, "lease", lease)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
