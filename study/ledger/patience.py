"""A database that is away for a minute is waited for; other troubles become one sentence."""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from optuna.exceptions import StorageInternalError
from sqlalchemy import URL
from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)

from study.database_url import shown
from study.errors import LedgerError

__all__ = ["PATIENCE_SECONDS", "ledger_error", "patiently"]

PATIENCE_SECONDS = 300.0
"""How long a study waits for its database before it gives up."""

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0

# What may be over in a while, by the first two characters of PostgreSQL's SQLSTATE: connection,
# rollback (deadlock), resources, object in use (lock), operator's intervention (restart).
PASSING_STATES = ("08", "40", "53", "55", "57")
DISK_FULL_STATE = "53100"
READ_ONLY_STATE = "25006"

GO_ON = "Nothing that was told is lost: run the same command again to go on."

Result = TypeVar("Result")
logger = logging.getLogger(__name__)


def patiently(
    operation: Callable[[], Result], url: URL, patience: float = PATIENCE_SECONDS
) -> Result:
    """The result of ``operation``, tried again while the database is away.

    One line is logged when the wait begins and one when it is over.

    Args:
        operation: a whole transaction. The answer to a commit may be lost, so that it is tried
            again though it was done: it must then find that and change nothing.
        url: the database's, for the sentences.
        patience: seconds after which the database is given up.

    Raises:
        LedgerError: the database is away for longer, its disk is full, it cannot be written, or
            it is damaged.
    """
    began = time.monotonic()
    pause = FIRST_PAUSE_SECONDS
    waiting = False
    while True:
        try:
            result = operation()
        except (SQLAlchemyError, StorageInternalError) as error:
            left = began + patience - time.monotonic()
            if not _passes(error) or left <= 0:
                if (told := ledger_error(error, url)) is not None:
                    raise told from error
                raise
            if not waiting:
                waiting = True
                logger.warning(
                    "The study's database %s is away (%s): waiting up to %.0f s for it.",
                    shown(url),
                    _reason(error),
                    patience,
                )
            time.sleep(min(pause, left))
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        else:
            if waiting:
                logger.warning(
                    "The study's database is back after %.0f s.", time.monotonic() - began
                )
            return result


def ledger_error(error: Exception, url: URL) -> LedgerError | None:
    """``error`` as one sentence for the user; None for what is no trouble of the database."""
    cause = _cause(error)
    if cause is None or isinstance(cause, IntegrityError | ProgrammingError):
        return None
    what = f"The study's database {shown(url)}"
    reason = _reason(error)
    if _code(cause) in ("SQLITE_FULL", DISK_FULL_STATE):
        return LedgerError(f"{what} has no room left ({reason}). Make room on its disk. {GO_ON}")
    if _code(cause).startswith("SQLITE_READONLY") or _code(cause) == READ_ONLY_STATE:
        return LedgerError(
            f"{what} must be writable, and is not ({reason}). Make it writable, or remount its "
            f"disk. {GO_ON}"
        )
    if _code(cause).startswith("SQLITE_CANTOPEN"):
        return LedgerError(
            f"{what} cannot be opened ({reason}): its folder must be there and be writable. Choose "
            f"another one, or give access. {GO_ON}"
        )
    if _code(cause).startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return LedgerError(f"{what} is locked by another program ({reason}): end it. {GO_ON}")
    if _passes(error):
        return LedgerError(
            f"{what} does not answer ({reason}). Check its address, user and password, or bring it "
            f"back. {GO_ON}"
        )
    return LedgerError(
        f"{what} must be a database in good order, and it failed ({reason}). Look at its disk, or "
        "put a copy of it in its place."
    )


def _passes(error: Exception) -> bool:
    """May be over in a while?"""
    cause = _cause(error)
    if cause is None:
        return False
    if isinstance(cause.orig, sqlite3.Error):
        return _code(cause).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
    if cause.connection_invalidated:
        return True
    code = _code(cause)
    away = isinstance(cause, OperationalError | InterfaceError)
    return away and code != DISK_FULL_STATE and (not code or code.startswith(PASSING_STATES))


def _code(error: DBAPIError) -> str:
    """SQLite's name of the error, PostgreSQL's SQLSTATE, or ""."""
    orig = error.orig
    return getattr(orig, "sqlite_errorname", None) or getattr(orig, "sqlstate", None) or ""


def _reason(error: Exception) -> str:
    """The driver's own words; never SQLAlchemy's, which hold the statement and its values."""
    cause = _cause(error)
    words = str(cause.orig if cause is not None else error).strip()
    return words.splitlines()[0] if words else type(error).__name__


def _cause(error: BaseException) -> DBAPIError | None:
    """The database driver's error in a chain of wrapped ones."""
    return next((link for link in _chain(error) if isinstance(link, DBAPIError)), None)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
