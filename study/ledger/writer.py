"""The ledger's transactions: held by the lease, patient, and none after a trouble."""

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection, Engine

from study.errors import StudyError
from study.ledger.lease import Lease
from study.ledger.patience import PATIENCE_SECONDS, patiently

__all__ = ["Writer"]

Result = TypeVar("Result")


class Writer:
    """Calls work within a transaction; waits for a database that is away.

    Args:
        engine: of the study's database.
        lease: the driver's, which every transaction needs to commit; None: no other driver can
            be there.
    """

    def __init__(self, engine: Engine, lease: Lease | None) -> None:
        self._engine = engine
        self._lease = lease
        self._trouble: StudyError | None = None

    @property
    def trouble(self) -> StudyError | None:
        """Why nothing is written any more, if so: whatever came next could be out of order."""
        if self._trouble is None and self._lease is not None and self._lease.lost:
            self._trouble = self._lease.loss()
        return self._trouble

    def __call__(self, work: Callable[[Connection], Result]) -> Result:
        """What ``work`` gives, once it is committed.

        It is called again if the database went away, even if it was committed then: it must
        find that and change nothing.

        Raises:
            LeaseError: another driver took the study over.
            LedgerError: the database cannot be written. Both are final: every later call raises
                the same.
        """
        if self.trouble is not None:
            raise self.trouble
        try:
            return patiently(lambda: self._transaction(work), self._engine.url, PATIENCE_SECONDS)
        except StudyError as error:
            self._trouble = error
            raise

    def _transaction(self, work: Callable[[Connection], Result]) -> Result:
        with self._engine.begin() as connection:
            if self._lease is not None:
                self._lease.hold(connection)
            return work(connection)
