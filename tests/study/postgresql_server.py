"""A PostgreSQL server of the tests' own: real, on loopback, with its own data and password."""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import psycopg
import pytest

__all__ = ["PASSWORD_VARIABLE", "PostgreSQL", "free_port"]

PASSWORD_VARIABLE = "AUCSTUDY_TEST_PASSWORD"
USER = "aucstudy"


class PostgreSQL:
    """A server that can be stopped and started; skips the test where there is none to be had."""

    def __init__(self) -> None:
        self._bin = _programs()
        self._as = _user()
        self._folder = Path(tempfile.mkdtemp(prefix="aucstudy-postgresql-"))
        self._data = self._folder / "data"
        self.port = free_port()
        self.password = secrets.token_urlsafe(16) + "@/:%"
        password_file = self._folder / "password"
        password_file.write_text(self.password)
        if self._as:
            for path in (self._folder, password_file):
                shutil.chown(path, self._as["user"], self._as["group"])
        self._call("initdb", "-U", USER, "-A", "scram-sha-256", "--pwfile", str(password_file))
        password_file.unlink()
        self.start()

    def start(self) -> None:
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c fsync=off "
            f"-c unix_socket_directories={self._folder}"
        )
        self._call("pg_ctl", "-w", "-l", str(self._folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """At once: clients find their connections cut, as when a server is restarted."""
        self._call("pg_ctl", "-w", "-m", "fast", "stop")

    def remove(self) -> None:
        self._call("pg_ctl", "-m", "immediate", "stop", check=False)
        shutil.rmtree(self._folder)

    def new_database(self) -> str:
        """Name of a fresh, empty database."""
        name = f"db_{secrets.token_hex(4)}"
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return name

    def url(self, database: str, port: int | None = None) -> str:
        """As a spec has it: the password is that of ``PASSWORD_VARIABLE``."""
        address = f"127.0.0.1:{port or self.port}"
        return f"postgresql://{USER}:${{{PASSWORD_VARIABLE}}}@{address}/{database}"

    def _conninfo(self, database: str) -> str:
        return psycopg.conninfo.make_conninfo(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=self.password,
            dbname=database,
        )

    def _call(self, program: str, *arguments: str, check: bool = True) -> None:
        done = subprocess.run(
            [self._bin / program, "-D", self._data, *arguments],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=False,
            timeout=60,
            **self._as,
        )
        assert not check or done.returncode == 0, (program, done.returncode)


def _programs() -> Path:
    on_path = shutil.which("initdb")
    found = [Path(on_path).parent] if on_path else []
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in found:
        if (folder / "initdb").exists():
            return folder
    pytest.skip("no PostgreSQL: initdb is neither on PATH nor in /usr/lib/postgresql/*/bin")


def _user() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    pytest.skip("no PostgreSQL: it refuses to run as root, and there is no user for it")


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
