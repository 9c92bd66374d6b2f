"""A database that goes away, forgets to answer, is locked or fills its disk."""

import logging
import re
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from study.errors import LedgerError
from study.ledger import lease as lease_module
from study.ledger import writer
from study.ledger.lease import Lease
from study.ledger.ledger import Ledger
from tests.study.conftest import CELL
from tests.study.ledger.conftest import Open, cell_of, ledger, rows, run_all
from tests.study.postgresql_server import PostgreSQL
from trainables.config import Outcome

pytestmark = pytest.mark.whole


@pytest.fixture
def undisturbed(tmp_path: Path, open_it: Open) -> list[str]:
    storage = open_it(f"sqlite:///{tmp_path / 'undisturbed.db'}")
    run_all(cell_of(ledger(storage)))
    return rows(storage)


def test_a_server_that_restarts_is_waited_for(
    postgresql: PostgreSQL,
    open_it: Open,
    undisturbed: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    storage = open_it(postgresql.url(postgresql.new_database()))
    writes = 0

    def now_and_then_away() -> None:
        nonlocal writes
        writes += 1
        if writes == 3:  # away for a second
            postgresql.stop()
            threading.Timer(1.0, postgresql.start).start()
        if writes in (10, 20):  # back at once, but every connection is cut
            postgresql.stop()
            postgresql.start()

    with Lease(storage, "s") as lease:
        cell = cell_of(Ledger(storage, "s", [replace(CELL, sampler="random")], lease))
        run_all(cell, now_and_then_away)
    assert rows(storage) == undisturbed
    said = [record.getMessage() for record in caplog.records if "database" in record.getMessage()]
    assert len(said) == 2, said
    assert re.match(r"The study's database .+ is away \(.+\): waiting", said[0])
    assert re.match(r"The study's database is back after \d+ s", said[1])
    assert postgresql.password not in caplog.text


def test_a_server_that_stays_away_ends_the_driver_with_a_sentence(
    postgresql: PostgreSQL, open_it: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PATIENCE_SECONDS", 0.5)
    database = postgresql.new_database()
    mine = ledger(open_it(postgresql.url(database)))
    row = cell_of(mine).next_search()
    assert row is not None
    postgresql.stop()
    try:
        with pytest.raises(LedgerError, match=r"does not answer.*run the same command again"):
            cell_of(mine).report(row, {1: 0.5})
    finally:
        postgresql.start()
    # What came next would be out of order, so nothing is written any more.
    with pytest.raises(LedgerError, match="does not answer"):
        cell_of(mine).tell(row, "FAIL", Outcome(reason="late"))
    assert mine.trouble is not None
    (stored,) = cell_of(ledger(open_it(postgresql.url(database)))).rows["search"]
    assert (stored.state, stored.validations) == ("RUNNING", {})


def test_a_lease_survives_a_server_that_restarts(
    postgresql: PostgreSQL, open_it: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_module, "RENEW_SECONDS", 0.1)
    monkeypatch.setattr(lease_module, "RETRY_SECONDS", 0.1)
    storage = open_it(postgresql.url(postgresql.new_database()))

    def beats() -> int:
        with storage.engine.connect() as connection:
            return int(connection.execute(lease_module.LEASES.select()).one().beats)

    with Lease(storage, "s") as lease:
        postgresql.stop()
        time.sleep(0.5)
        postgresql.start()
        before = beats()
        while beats() == before:
            time.sleep(0.05)
        assert not lease.lost
    storage.engine.dispose()


class Forgetful:
    """A way to the server that now and then swallows the answer to a COMMIT and hangs up."""

    def __init__(self, port: int) -> None:
        self._server_port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.forgets = False
        self.swallowed = 0
        self._commits = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._server_port))
            swallow = threading.Event()
            threading.Thread(target=self._up, args=(client, server, swallow), daemon=True).start()
            threading.Thread(target=self._down, args=(client, server, swallow), daemon=True).start()

    def _up(self, client: socket.socket, server: socket.socket, swallow: threading.Event) -> None:
        while data := _received(client):
            if self.forgets and b"COMMIT" in data:
                self._commits += 1
                if self._commits % 2 == 0:
                    swallow.set()
            server.sendall(data)
        server.close()

    def _down(self, client: socket.socket, server: socket.socket, swallow: threading.Event) -> None:
        while data := _received(server):
            if swallow.is_set():  # the commit is done
                self.swallowed += 1
                break
            client.sendall(data)
        client.shutdown(socket.SHUT_RDWR)
        client.close()


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except OSError:
        return b""


def test_a_commit_without_an_answer_is_not_doubled(
    postgresql: PostgreSQL, open_it: Open, undisturbed: list[str]
) -> None:
    database = postgresql.new_database()
    way = Forgetful(postgresql.port)
    storage = open_it(postgresql.url(database, way.port))
    way.forgets = True
    with Lease(storage, "s") as lease:
        run_all(cell_of(Ledger(storage, "s", [replace(CELL, sampler="random")], lease)))
    way.close()
    assert way.swallowed > 5
    plain = open_it(postgresql.url(database))
    assert rows(plain) == undisturbed
    with plain.engine.connect() as connection:
        assert connection.execute(lease_module.LEASES.select()).all() == []


def test_a_commit_to_sqlite_without_an_answer_is_not_doubled(
    tmp_path: Path, open_it: Open, undisturbed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = open_it(f"sqlite:///{tmp_path / 'study.db'}")
    commit = storage.engine.dialect.do_commit
    commits = 0

    def forgetful(connection: Any) -> None:
        nonlocal commits
        commit(connection)
        commits += 1
        if commits % 2 == 0:
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorname = "SQLITE_BUSY"
            raise error

    monkeypatch.setattr(storage.engine.dialect, "do_commit", forgetful)
    mine = ledger(storage)
    run_all(cell_of(mine))
    monkeypatch.undo()
    assert commits > 20
    assert rows(storage) == undisturbed


def test_a_file_that_another_program_locks_is_waited_for(
    tmp_path: Path, open_it: Open, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "study.db"
    cell = cell_of(ledger(open_it(f"sqlite:///{file}?timeout=0.1")))
    row = cell.next_search()
    assert row is not None
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        threading.Timer(1.0, partial(other.execute, "COMMIT")).start()
        cell.report(row, {1: 0.5})
    assert "database is locked" in caplog.text
    assert cell_of(ledger(open_it(f"sqlite:///{file}"))).rows["search"] == [row]


def test_a_file_that_stays_locked(
    tmp_path: Path, open_it: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PATIENCE_SECONDS", 0.2)
    file = tmp_path / "study.db"
    cell = cell_of(ledger(open_it(f"sqlite:///{file}?timeout=0.1")))
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(LedgerError, match="is locked by another program"):
            cell.next_search()
    assert cell.rows["search"] == []


@contextmanager
def full(engine: Engine) -> Iterator[None]:
    """SQLite's own limit of the file: the real SQLITE_FULL, which a full disk gives as well."""

    def limit(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA max_page_count=1")  # it takes what is there as the least

    event.listen(engine, "connect", limit)
    engine.dispose()
    yield
    event.remove(engine, "connect", limit)
    engine.dispose()


def test_a_full_disk_ends_the_driver_at_once_and_loses_nothing(
    tmp_path: Path, open_it: Open, caplog: pytest.LogCaptureFixture
) -> None:
    storage = open_it(f"sqlite:///{tmp_path / 'study.db'}")
    mine = ledger(storage, trials=60)
    with full(storage.engine), pytest.raises(LedgerError) as refusal:
        run_all(cell_of(mine))
    assert re.search(r"has no room left \(.*full\).*run the same command again", str(refusal.value))
    assert "away" not in caplog.text, "waiting does not help"
    told = [r for r in cell_of(mine).rows["search"] if r.state == "COMPLETE"]
    assert 0 < len(told) < 60
    again = cell_of(ledger(storage, trials=60))
    assert [r for r in again.rows["search"] if r.state == "COMPLETE"] == told
    for row in again.running():
        again.report(row, {9: 0.1})
        again.tell(row, "COMPLETE", Outcome())
    run_all(again)
    assert again.finished
    assert [row.number for row in again.rows["search"]] == list(range(60))


@pytest.fixture(autouse=True)
def _listen(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
