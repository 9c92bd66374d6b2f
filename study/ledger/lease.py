"""One driver a study: a lease in the study's database, renewed while the driver lives."""

import logging
import os
import socket
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import uuid4

import psutil
from optuna.storages import RDBStorage
from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    func,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.exc import DatabaseError, IntegrityError, SQLAlchemyError

from study.errors import LeaseError
from study.ledger.patience import patiently

__all__ = ["RENEW_SECONDS", "STALE_SECONDS", "Lease", "driver"]

RENEW_SECONDS = 10.0
STALE_SECONDS = 60.0
"""A lease that was not renewed for this long is free: its driver or machine died."""

RETRY_SECONDS = 1.0
"""How soon a renewal is tried again that found no database."""

LEASES = Table(
    "aucstudy_lease",
    MetaData(),
    Column("study", String(80), primary_key=True),
    Column("holder", String(32), nullable=False),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("place", String(120), nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("renewed", DateTime(timezone=True), nullable=False),
    Column("beats", Integer, nullable=False),
)
"""``place`` tells whether a pid means a process of ours; ``beats`` counts the renewals."""

# Hosts' clocks differ: all times are the database's.
NOW = func.current_timestamp()

logger = logging.getLogger(__name__)


class Lease:
    """Context manager that holds the study for this process.

    The lease of a dead process of this machine is free at once, any other one when it was not
    renewed for ``STALE_SECONDS`` by the database's clock.

    Args:
        storage: the study's database.
        name: the study's name.

    Raises:
        LeaseError: another driver holds the study; it says who, where and since when.
        LedgerError: the database cannot be read or written.
    """

    def __init__(self, storage: RDBStorage, name: str) -> None:
        self._engine = storage.engine
        self._name = name
        self._holder = uuid4().hex
        self._lost = threading.Event()
        self._stop = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="lease", daemon=True)

    @property
    def lost(self) -> bool:
        """Another driver took over, since this one could not renew: stop, and tell nothing."""
        return self._lost.is_set()

    def hold(self, connection: Connection) -> None:
        """Make the caller's transaction one that only the holder of the lease can commit.

        Raises:
            LeaseError: the lease was lost.
        """
        if not self._renewed(connection):
            self._lost.set()
            raise self.loss()

    def loss(self) -> LeaseError:
        """What to tell the user of a lease that was lost."""
        return LeaseError(
            f"This driver of {self._name!r} could not renew its lease for {STALE_SECONDS:.0f} s, "
            "and another one took the study over: this one stops. Nothing that was told is lost."
        )

    def __enter__(self) -> "Lease":
        patiently(self._create_table, self._engine.url)
        patiently(self._take, self._engine.url)
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
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(LEASES).where(*self._mine()))
        except SQLAlchemyError:
            # The database is away or full: the lease ends by itself.
            logger.warning("The lease of %r ends by itself in a minute.", self._name)

    def _create_table(self) -> None:
        try:
            LEASES.create(self._engine, checkfirst=True)
        except DatabaseError:
            # Another driver may have created it in between; anything else is told.
            if not inspect(self._engine).has_table(LEASES.name):
                raise

    def _take(self) -> None:
        while True:
            with self._engine.begin() as connection:
                held = _held(connection, self._name)
            if held is None:
                taken = self._insert()
            elif held.holder == self._holder:  # taken before, and only the answer was lost
                return
            else:
                self._refuse_living(held)
                taken = self._replace(held)
            if taken:
                return
            # Another driver was faster: look who.

    def _insert(self) -> bool:
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(LEASES).values(study=self._name, **self._fields()))
        except IntegrityError:
            return False
        return True

    def _replace(self, held: Any) -> bool:
        """Take over exactly the lease that was read; False if it has changed since."""
        seen = (self._of_study(), LEASES.c.holder == held.holder, LEASES.c.beats == held.beats)
        with self._engine.begin() as connection:
            change = update(LEASES).where(*seen).values(**self._fields())
            return connection.execute(change).rowcount == 1

    def _fields(self) -> dict[str, Any]:
        return {
            "holder": self._holder,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "place": _place(),
            "since": NOW,
            "renewed": NOW,
            "beats": 0,
        }

    def _refuse_living(self, held: Any) -> None:
        if not _lives(held):
            return
        raise LeaseError(
            f"A study has one driver at a time; {self._name!r} is held by {_who(held)}. Stop that "
            f"one, or wait: the lease of a dead driver ends after {STALE_SECONDS:.0f} s."
        )

    def _beat(self) -> None:
        """Renew until stopped or lost; a database that is away is asked again, for ever."""
        pause = RENEW_SECONDS
        while not self._stop.wait(pause) and not self.lost:
            try:
                with self._engine.begin() as connection:
                    if not self._renewed(connection):
                        self._lost.set()
                pause = RENEW_SECONDS
            except (SQLAlchemyError, OSError):
                pause = RETRY_SECONDS

    def _renewed(self, connection: Connection) -> bool:
        renewal = update(LEASES).where(*self._mine())
        renewal = renewal.values(renewed=NOW, beats=LEASES.c.beats + 1)
        return connection.execute(renewal).rowcount == 1

    def _of_study(self) -> Any:
        return LEASES.c.study == self._name

    def _mine(self) -> tuple[Any, ...]:
        return (self._of_study(), LEASES.c.holder == self._holder)


def driver(storage: RDBStorage, name: str) -> str | None:
    """Who works on the study now: process, host and since when; None if nobody does."""
    if not inspect(storage.engine).has_table(LEASES.name):
        return None
    with storage.engine.connect() as connection:
        held = _held(connection, name)
    return _who(held) if held is not None and _lives(held) else None


def _held(connection: Connection, name: str) -> Any:
    columns = (*LEASES.c, NOW.label("now"))
    return connection.execute(select(*columns).where(LEASES.c.study == name)).first()


def _lives(held: Any) -> bool:
    dead = held.place == _place() and not _alive(held.pid)
    return not dead and held.now - held.renewed <= timedelta(seconds=STALE_SECONDS)


def _who(held: Any) -> str:
    return f"process {held.pid} on {held.host} since {_utc(held.since)}"


def _place() -> str:
    """Where a pid means the same process: one boot of one machine, and one container of it."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:  # not Linux: no containers
        return socket.gethostname()


def _alive(pid: int) -> bool:
    """A zombie is dead: killed, and its parent has not yet taken notice."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _utc(time: datetime) -> str:
    """PostgreSQL gives the time zone of its session, SQLite plain UTC."""
    return (time.astimezone(UTC) if time.tzinfo else time).strftime("%Y-%m-%d %H:%M:%S UTC")
