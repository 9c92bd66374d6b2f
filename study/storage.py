"""The database behind the ledger: any Optuna URL; SQLite with a write-ahead log."""

from pathlib import Path
from typing import Any

import optuna
import sqlalchemy.exc
from optuna.storages import RDBStorage
from sqlalchemy import event

from study.errors import LedgerError

__all__ = ["open_storage", "storage_url"]


def storage_url(directory: Path, storage: str | None) -> str:
    """The spec's ``storage``, or SQLite in the study's directory."""
    return storage or f"sqlite:///{(directory / 'study.db').resolve()}"


def open_storage(url: str) -> RDBStorage:
    """Open (and create where needed) the database at ``url``.

    Raises:
        LedgerError: it cannot be reached or written, or its driver is not installed.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sqlite = url.startswith("sqlite")
    try:
        storage = RDBStorage(
            url,
            engine_kwargs={"connect_args": {"timeout": 60}} if sqlite else {"pool_pre_ping": True},
        )
    except (sqlalchemy.exc.SQLAlchemyError, ImportError, RuntimeError, OSError) as error:
        raise LedgerError(
            f"The study's storage must be a database that can be opened; {_safe(url)} gave: "
            f"{str(error).splitlines()[0]}. Check the URL, and that its driver is installed."
        ) from error
    if sqlite:
        event.listen(storage.engine, "connect", _fast_and_safe)
        # Connections made before the listener are thrown away, so that all have the pragmas.
        storage.engine.dispose()
    return storage


def _fast_and_safe(connection: Any, _record: Any) -> None:
    # The write-ahead log lets readers (report, dashboard) work beside the driver; with it,
    # synchronous=NORMAL cannot corrupt the file and halves the cost of a write.
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _safe(url: str) -> str:
    """The URL without its password."""
    return sqlalchemy.engine.make_url(url).render_as_string(hide_password=True)
