"""The doctor finds what is wrong and changes nothing."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from study.command.doctor import Finding, examine
from study.spec import Dataset


class Usage(NamedTuple):
    """What ``shutil.disk_usage`` gives."""

    total: int
    used: int
    free: int


def look(
    folder: Path, storage: str | None = None, needed: Sequence[str] = ("digits",)
) -> dict[str, Finding]:
    found = examine(
        folder / "studies" / "x", folder, storage, [Dataset(name=each) for each in needed]
    )
    return {finding.what: finding for finding in found}


def test_a_healthy_machine(tmp_path: Path) -> None:
    found = look(tmp_path)
    assert {finding.verdict for finding in found.values()} <= {"ok", "warn"}
    assert "torch" in found["packages"].found
    assert "digits (1,797 images)" in found["data"].found
    assert list(tmp_path.iterdir()) == [], "it only looks"


@pytest.mark.parametrize(
    ("name", "value", "verdict"),
    [
        ("OMP_NUM_THREADS", None, "ok"),
        ("OMP_NUM_THREADS", "1", "ok"),
        ("OMP_NUM_THREADS", "8", "warn"),
        ("OMP_WAIT_POLICY", "passive", "ok"),
        ("OMP_WAIT_POLICY", "ACTIVE", "warn"),
    ],
)
def test_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str | None, verdict: str
) -> None:
    monkeypatch.delenv(name, raising=False)
    if value is not None:
        monkeypatch.setenv(name, value)
    finding = look(tmp_path)[name]
    assert finding.verdict == verdict
    assert (verdict == "ok") == (finding.advice == "")


def test_data_that_a_study_needs(tmp_path: Path) -> None:
    finding = look(tmp_path, needed=["cifar10"])["data"]
    assert finding.verdict == "fail"
    assert str(tmp_path) in finding.advice


def test_data_that_nobody_asked_for(tmp_path: Path) -> None:
    found = [f for f in examine(tmp_path, tmp_path, None, []) if f.what == "data"]
    assert [finding.verdict for finding in found] == ["ok", "ok"]
    assert "digits" in found[0].found
    assert "cifar10" in found[1].found


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert look(tmp_path)["storage"].verdict == "fail"


def test_a_file_where_the_directory_should_be(tmp_path: Path) -> None:
    (tmp_path / "studies").write_text("")
    assert look(tmp_path)["storage"].verdict == "fail"


def test_databases(tmp_path: Path) -> None:
    assert look(tmp_path, f"sqlite:///{tmp_path}/a.db")["storage"].verdict == "ok"
    # Port 1 answers nowhere.
    unreachable = look(tmp_path, "postgresql://me:secret@127.0.0.1:1/db")["storage"]
    assert unreachable.verdict == "fail"
    assert unreachable.advice
    assert "secret" not in unreachable.found


def test_a_database_whose_password_is_not_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DB_PASSWORD", raising=False)
    found = look(tmp_path, "postgresql://me:${DB_PASSWORD}@127.0.0.1:1/db")["storage"]
    assert found.verdict == "fail"
    assert "DB_PASSWORD, which must be set" in found.advice


@pytest.mark.parametrize(("gib", "verdict"), [(100, "ok"), (1, "warn"), (0.1, "fail")])
def test_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gib: float, verdict: str) -> None:
    # A full disk cannot be made in a test.
    free = int(gib * 2**30)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free, 0, free))
    assert look(tmp_path)["disk"].verdict == verdict
