"""The database behind the ledger: any Optuna URL; SQLite with a write-ahead log."""

import os
import random
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy import URL, event
from sqlalchemy.exc import DatabaseError, IntegrityError, SQLAlchemyError

from study.database_url import resolve_url, shown
from study.errors import LedgerError
from study.ledger.patience import ledger_error
from study.places import Places

__all__ = ["engine_settings", "open_storage", "reading_url", "storage_url"]

# A server that is gone without a word must not hang the driver: libpq's settings, in seconds
# (tcp_user_timeout: milliseconds).
POSTGRESQL_TIMEOUTS = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}

TRIES = 10
"""How often a fresh database is looked at whose tables others create at the same time."""


def storage_url(directory: Path, storage: str | None) -> URL:
    """The spec's ``storage`` with its environment variables, or SQLite in the study's directory.

    Raises:
        LedgerError: a variable is not set.
    """
    if storage is None:
        return URL.create("sqlite", database=str(Places(directory).database.resolve()))
    return resolve_url(storage)


def reading_url(url: URL) -> URL:
    """``url``, or what opens the same SQLite file where nothing can be written beside it.

    A write-ahead log that a driver left, or is filling, is read through its index; without the
    index it cannot be, and ``url`` stays.
    """
    if not _is(url, "sqlite") or not url.database:
        return url
    file = Path(url.database)
    if not file.is_file() or all(os.access(place, os.W_OK) for place in (file, file.parent)):
        return url
    log, index = (file.with_name(file.name + suffix) for suffix in ("-wal", "-shm"))
    if index.exists():
        how = {"mode": "ro"}
    elif not log.exists() or log.stat().st_size == 0:
        how = {"immutable": "1"}
    else:
        return url
    return url.set(database=f"file:{quote(url.database)}").update_query_dict({"uri": "true", **how})


def open_storage(url: str | URL) -> RDBStorage:
    """Open (and create where needed) the database at ``url``.

    Raises:
        LedgerError: it cannot be reached or written, or its driver is not installed.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if isinstance(url, str):
        url = resolve_url(url)
    try:
        storage = _connect(url)
    except ImportError as error:
        how = ": pip install 'aucstudy[postgresql]'" if _is(url, "postgresql") else ""
        raise LedgerError(
            f"The study's storage needs the Python driver of its database, and {shown(url)} gave: "
            f"{_innermost(error)}. Install it{how}."
        ) from error
    # SQLite may quote in its complaint what is no text.
    except (SQLAlchemyError, StorageInternalError, RuntimeError, OSError, UnicodeError) as error:
        if (told := ledger_error(error, url)) is not None:
            raise told from error
        raise LedgerError(
            f"The study's storage must be a database that can be opened; {shown(url)} gave: "
            f"{str(error).splitlines()[0]}. Check the URL."
        ) from error
    if _is(url, "sqlite"):
        event.listen(storage.engine, "connect", _fast_and_safe)
        # Connections made before the listener are thrown away, so that all have the pragmas.
        storage.engine.dispose()
    return storage


def engine_settings(url: URL) -> dict[str, Any]:
    """Arguments for SQLAlchemy's ``create_engine``: waits that end, and no stale connection."""
    if _is(url, "sqlite"):
        return {} if "timeout" in url.query else {"connect_args": {"timeout": 60}}
    settings: dict[str, Any] = {"pool_pre_ping": True}
    if url.get_dialect().driver == "psycopg":
        timeouts = {k: value for k, value in POSTGRESQL_TIMEOUTS.items() if k not in url.query}
        settings["connect_args"] = timeouts
    return settings


def _connect(url: URL) -> RDBStorage:
    # Optuna fills in {SCHEMA_VERSION}; a password or a folder may have braces of its own.
    text = url.render_as_string(hide_password=False).replace("{", "{{").replace("}", "}}")
    settings = engine_settings(url)
    for _ in range(TRIES):
        try:
            return RDBStorage(text, engine_kwargs=settings)
        except DatabaseError as error:
            # Drivers that open a fresh database at once all create its tables: one of them
            # does, and the others find them there when they look again.
            taken = isinstance(error, IntegrityError) or "already exists" in str(error)
            if not taken:
                raise
            time.sleep(random.uniform(0.05, 0.2))
    return RDBStorage(text, engine_kwargs=settings)


def _is(url: URL, backend: str) -> bool:
    return url.get_backend_name() == backend


def _innermost(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error)


def _fast_and_safe(connection: Any, _record: Any) -> None:
    # The write-ahead log lets readers (report, dashboard) work beside the driver; with it,
    # synchronous=NORMAL cannot corrupt the file and halves the cost of a write.
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()
