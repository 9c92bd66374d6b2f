"""URLs of databases: environment variables, passwords, odd folders, drivers that are missing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from study.database_url import masked, resolve_url, shown, without_password
from study.errors import LedgerError
from study.ledger.storage import engine_settings, open_storage, storage_url

ODD = "p@s/s:w%41rd?&#{}"


def test_a_variable_inside_a_url_is_one_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PW", ODD)
    monkeypatch.setenv("PORT", "5433")
    monkeypatch.setenv("HOST", "db.example.org")
    url = resolve_url("postgresql://me:${PW}@${HOST}:${PORT}/db?application_name=${PORT}")
    assert (url.password, url.host, url.port, url.database) == (ODD, "db.example.org", 5433, "db")
    assert url.query["application_name"] == "5433"
    assert ODD not in shown(url)
    in_query = resolve_url("postgresql://me@h/db?password=${PW}")
    assert in_query.query["password"] == ODD
    assert ODD not in shown(in_query)


def test_a_variable_alone_is_a_whole_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:s3cret%40@h:5433/db")
    url = resolve_url("${DATABASE_URL}")
    assert (url.password, url.host, url.port) == ("s3cret@", "h", 5433)


@pytest.mark.parametrize(
    ("text", "value", "sentence"),
    [
        ("postgresql://me:${PW}@h/db", None, "variable PW, which must be set"),
        ("postgresql://me:${PW}@h/db", "", "variable PW, which must be set"),
        ("${PW}", "s3cret", "must be a database URL once"),
        ("postgresql://me@h:${PW}/db", "s3cret", "must be a database URL once"),
        ("${PW}", "postgresql://me:s3cr@et@h/db", "must have it written as %40"),
        ("${PW}", "oracle://me:s3cret@h/db", "must be a database URL once"),
    ],
)
def test_what_a_variable_must_hold(
    text: str, value: str | None, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PW", raising=False)
    if value is not None:
        monkeypatch.setenv("PW", value)
    with pytest.raises(LedgerError, match=sentence) as refusal:
        resolve_url(text)
    assert not value or value not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("postgresql://me:${PW}@h/db", "postgresql://me@h/db"),
        ("postgresql://me:old@h:5/db?a=b", "postgresql://me@h:5/db?a=b"),
        ("postgresql://me@h/db", "postgresql://me@h/db"),
        ("sqlite:////a/b:c@d.db", "sqlite:////a/b:c@d.db"),
        ("${DATABASE_URL}", "${DATABASE_URL}"),
    ],
)
def test_without_password(text: str, bare: str) -> None:
    assert without_password(text) == bare


def test_whatever_a_user_writes_is_shown_without_what_may_be_a_password() -> None:
    for text in ("x://me:s3cret@h", "x://me:a@s3cret@h/db", "x://h/db?password=s3cret&a=b"):
        assert "s3cret" not in masked(text)
    assert masked("sqlite:////a/b.db") == "sqlite:////a/b.db"


@pytest.mark.parametrize("name", ["with space", "50%41", "{braces}", "a?b=c&d", "ü", "a:b@c"])
def test_a_folder_of_any_name(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    storage = open_storage(storage_url(folder, None))
    storage.engine.dispose()
    assert (folder / "study.db").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_postgresql_means_psycopg_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "h")
    for text in ("postgresql://me@h/db", "postgresql+psycopg://me@h/db"):
        url = resolve_url(text)
        assert url.get_dialect().driver == "psycopg"
        assert engine_settings(url)["connect_args"]["connect_timeout"] == 10
    own = resolve_url("postgresql://me@h/db?connect_timeout=3")
    assert "connect_timeout" not in engine_settings(own)["connect_args"]


def test_a_driver_that_is_not_installed(tmp_path: Path) -> None:
    (tmp_path / "psycopg.py").write_text("raise ImportError('No module named psycopg')")
    code = "from study.ledger.storage import open_storage; open_storage('postgresql://me@127.0.0.1/db')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[3],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    last = done.stderr.strip().splitlines()[-1]
    assert "LedgerError" in last
    assert "pip install 'aucstudy[postgresql]'" in last
