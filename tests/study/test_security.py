"""Ports on loopback, secrets in no file, nothing loaded that could run code."""

import ast
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
import yaml

from study.errors import LedgerError, SpecError
from study.reader import read_study
from study.spec import load_spec
from tests.study.drivers import SPEC, start
from trainables.checkpoint import load_checkpoint, save_checkpoint

ROOMS = ("analysis", "search_spaces", "study", "trainables")
ROOT = Path(__file__).parents[2]
TOKEN = "canary" + "0" * 58
SMALL: dict[str, Any] = {**SPEC, "methods": ["ce"], "confirm": {"seeds": 1}}


def listening(process: psutil.Process) -> Iterator[tuple[str, str]]:
    """(program, address) of every port that a process and its children listen on."""
    for each in (process, *process.children(recursive=True)):
        try:
            for connection in each.net_connections("inet"):
                if connection.status == psutil.CONN_LISTEN:
                    yield each.name(), connection.laddr.ip
        except psutil.NoSuchProcess:
            pass


@pytest.mark.ray
@pytest.mark.whole
def test_a_run_listens_on_loopback_alone_and_writes_no_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_AUTH_TOKEN", TOKEN)
    driver = start(SMALL, tmp_path)
    process = psutil.Process(driver.pid)
    seen = set()
    while driver.poll() is None:
        seen |= set(listening(process))
        time.sleep(0.2)
    assert driver.returncode == 0, (tmp_path / "driver.log").read_text()
    programs = {name for name, _ in seen}
    assert {"gcs_server", "raylet"} < programs
    assert any(name.startswith("ray::") for name in programs), "workers listen, too"
    assert [(name, ip) for name, ip in seen if not loopback(ip)] == []
    written = [Path(root) / name for root, _, names in os.walk(tmp_path) for name in names]
    assert len(written) > 5
    assert [file for file in written if TOKEN.encode() in file.read_bytes()] == []


def loopback(ip: str) -> bool:
    address = ip_address(ip)
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def test_yaml_runs_no_code(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    file = tmp_path / "study.yaml"
    file.write_text(f"name: !!python/object/apply:os.mkdir ['{mark}']\n")
    with pytest.raises(SpecError, match="not valid YAML"):
        load_spec(str(file))
    with pytest.raises(LedgerError, match="must be the YAML that `aucstudy run` wrote"):
        read_study(tmp_path)
    assert not mark.exists()


class Hostile:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self._mark),))


@pytest.mark.parametrize("by", ["torch", "pickle"])
def test_a_checkpoint_runs_no_code(by: str, tmp_path: Path) -> None:
    file, mark = tmp_path / "x.pt", tmp_path / "mark"
    if by == "torch":
        torch.save({"model": Hostile(mark)}, file)
    else:
        file.write_bytes(pickle.dumps(Hostile(mark)))
    assert load_checkpoint(file, "cpu") is None
    assert not mark.exists()
    save_checkpoint(file, {"interval": 1})
    assert load_checkpoint(file, "cpu") == {"interval": 1}


def calls() -> Iterator[tuple[str, str, dict[str, str]]]:
    """(place, function, keywords) of every call in the four rooms."""
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call):
                    keywords = {k.arg: ast.unparse(k.value) for k in node.keywords if k.arg}
                    yield f"{file.name}:{node.lineno}", ast.unparse(node.func), keywords


def test_whatever_loads_loads_safely() -> None:
    loads = []
    for place, function, keywords in calls():
        assert function not in ("eval", "exec", "os.system", "os.popen"), place
        assert not function.startswith(("pickle.", "joblib.", "cloudpickle.", "marshal.")), place
        assert keywords.get("shell") != "True", place
        assert function not in ("yaml.load", "yaml.unsafe_load", "yaml.full_load"), place
        if function in ("np.load", "numpy.load"):
            assert keywords.get("allow_pickle") == "False", place
        if function == "torch.load":
            assert keywords.get("weights_only") == "True", place
        if function in ("np.load", "torch.load", "yaml.safe_load"):
            loads.append(function)
    assert set(loads) == {"np.load", "torch.load", "yaml.safe_load"}


def test_names_cannot_leave_their_directory(tmp_path: Path) -> None:
    for name in ("../x", "/etc/x", "a/b", "..", ".hidden", "a\\0b", "x" * 81):
        for key, edit in (
            ("name", {"name": name}),
            ("name", {"tasks": [{**SPEC["tasks"][0], "name": name}]}),
        ):
            file = tmp_path / "spec.yaml"
            file.write_text(yaml.safe_dump({**SPEC, **edit}))
            with pytest.raises(SpecError, match=f"{key}: becomes part of a file name"):
                load_spec(str(file))


def test_the_command_shows_no_password(tmp_path: Path) -> None:
    file = tmp_path / "spec.yaml"
    lines = (f"{key}: {value}" for key, value in SPEC.items())
    file.write_text("\n".join(lines) + "\nstorage: postgresql://me:c4nary@127.0.0.1:1/db\n")
    for command in ("run", "status"):
        done = subprocess.run(
            [sys.executable, "-m", "study", command, str(file)],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2, command
        assert "must hold no password" in done.stderr
        assert "c4nary" not in done.stdout + done.stderr
