"""A database or a directory that cannot be used is told in words, and an error of ours is not."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from study.errors import LedgerError
from study.ledger import lease as lease_module
from study.ledger.lease import Lease
from study.ledger.patience import patiently
from tests.study.ledger.conftest import Open, cell_of, ledger, run_all
from tests.study.postgresql_server import PostgreSQL

ROOT = Path(__file__).parents[3]


def test_a_database_that_cannot_be_written(tmp_path: Path, open_it: Open) -> None:
    file = tmp_path / "study.db"
    open_it(f"sqlite:///{file}")
    read_only = open_it(f"sqlite:///file:{file}?mode=ro&uri=true")
    sentence = r"must be writable, and is not \(.*readonly.*\)"
    with pytest.raises(LedgerError, match=sentence):
        ledger(read_only)
    with pytest.raises(LedgerError, match=sentence):
        Lease(read_only, "s").__enter__()


def test_a_place_where_no_database_can_be(open_it: Open) -> None:
    with pytest.raises(LedgerError, match=r"/proc/study.db cannot be opened \(unable to open"):
        open_it("sqlite:////proc/study.db")


@pytest.fixture
def frozen(tmp_path: Path) -> Iterator[Path]:
    """A folder in which nobody, not even root, can write."""
    folder = tmp_path / "frozen"
    folder.mkdir()
    done = subprocess.run(["chattr", "+i", folder], capture_output=True, check=False)
    if done.returncode:
        if os.geteuid() == 0:
            pytest.skip("root may write anywhere, and this file system knows no chattr +i")
        folder.chmod(0o500)
    yield folder
    subprocess.run(["chattr", "-i", folder], capture_output=True, check=False)
    folder.chmod(0o700)


def _run(directory: Path, file: Path) -> subprocess.CompletedProcess[str]:
    spec = {"name": "s", "methods": ["ce"], "imratios": [0.1], "search": {"trials": 1}}
    task = {"dataset": "digits", "model": "mlp", "epochs": 1}
    file.write_text(yaml.safe_dump({**spec, "tasks": [task], "directory": str(directory)}))
    return subprocess.run(
        [sys.executable, "-m", "study", "run", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("place", ["frozen", "file/out"])
def test_a_directory_that_cannot_be_written(place: str, frozen: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = _run(tmp_path / place, tmp_path / "spec.yaml")
    assert done.returncode == 2
    assert str(tmp_path / place) in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert list(frozen.iterdir()) == []


def test_a_file_that_is_no_database(tmp_path: Path, open_it: Open) -> None:
    (tmp_path / "study.db").write_bytes(b"something else" * 1000)
    with pytest.raises(LedgerError, match=r"good order.*file is not a database"):
        open_it(f"sqlite:///{tmp_path / 'study.db'}")


def test_a_damaged_database(tmp_path: Path, open_it: Open) -> None:
    file = tmp_path / "study.db"
    storage = open_it(f"sqlite:///{file}")
    run_all(cell_of(ledger(storage)))
    storage.engine.dispose()
    content = bytearray(file.read_bytes())
    content[8192:-4096] = bytes(len(content) - 8192 - 4096)
    file.write_bytes(content)
    with pytest.raises(LedgerError, match=r"good order.*malformed"):
        ledger(open_it(f"sqlite:///{file}"))


def test_a_database_whose_own_words_are_no_text(tmp_path: Path, open_it: Open) -> None:
    file = tmp_path / "study.db"
    open_it(f"sqlite:///{file}").engine.dispose()
    content = file.read_bytes()
    assert b"NOT NULL" in content
    file.write_bytes(content.replace(b"NOT NULL", b"NOT \x8dULL"))
    with pytest.raises(LedgerError, match=r"must be a database that can be opened.*study.db gave"):
        open_it(f"sqlite:///{file}")


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("trial_user_attributes", "value_json", "{"),
        ("trial_params", "distribution_json", "{}"),
        ("trial_values", "value_type", "FINImE"),
        ("trials", "state", "COMPLET"),
        ("study_user_attributes", "value_json", ""),
    ],
)
def test_a_database_that_holds_what_nobody_wrote(
    table: str, column: str, value: str, tmp_path: Path, open_it: Open
) -> None:
    file = tmp_path / "study.db"
    storage = open_it(f"sqlite:///{file}")
    run_all(cell_of(ledger(storage)))
    with storage.engine.begin() as connection:
        connection.execute(text(f"UPDATE {table} SET {column} = :value"), {"value": value})
    with pytest.raises(LedgerError, match=r"study.db must hold what was written.*put a copy"):
        ledger(open_it(f"sqlite:///{file}"))


def test_a_wrong_password_is_refused_at_once(
    postgresql: PostgreSQL, open_it: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUCSTUDY_TEST_PASSWORD", "wr0ng")
    with pytest.raises(LedgerError, match="password authentication failed") as refusal:
        open_it(postgresql.url("postgres"))
    assert "wr0ng" not in str(refusal.value)


def test_an_error_of_the_program_is_not_hidden(tmp_path: Path, open_it: Open) -> None:
    engine = open_it(f"sqlite:///{tmp_path / 'study.db'}").engine

    def twice() -> None:
        with engine.begin() as connection:
            for _ in range(2):
                add = insert(lease_module.LEASES)
                connection.execute(add.values(study="s", holder="h", host="h", pid=1, place="p"))

    lease_module.LEASES.create(engine)
    with pytest.raises(IntegrityError):
        patiently(twice, engine.url)
