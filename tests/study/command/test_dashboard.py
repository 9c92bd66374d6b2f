"""optuna-dashboard on a study that is running, for real: it shows the rows and changes nothing."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from optuna.storages._rdb import models
from sqlalchemy import select

from study.cells import cells
from study.command.dashboard import serve
from study.errors import StudyError
from study.ledger.ledger import Ledger
from study.ledger.storage import open_storage
from study.spec import dump, parse_spec
from tests.study.postgresql_server import free_port
from trainables.config import Outcome

ROOT = Path(__file__).parents[3]
SPEC: dict[str, Any] = {
    "name": "s",
    "methods": ["ce", "auc_m"],
    "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 2}],
    "imratios": [0.1],
    "search": {"trials": 4, "sampler": "random"},
    "confirm": {"seeds": 2},
}


@contextmanager
def dashboard(directory: Path) -> Iterator[Callable[[str], Any]]:
    """Serves the study; yields a function that asks for a path of its JSON API."""
    port = free_port()
    command = [sys.executable, "-m", "study", "dashboard", str(directory), "--port", str(port)]
    log = (directory / "dashboard.log").open("wb")
    server = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)

    def ask(path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return json.load(answer)

    try:
        while not listening(port):
            assert server.poll() is None, (directory / "dashboard.log").read_text()
            time.sleep(0.1)
        yield ask
    finally:
        server.terminate()
        server.wait(timeout=30)
        log.close()


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def states(detail: Any) -> set[str]:
    return {trial["state"] for trial in detail["trials"]}


def everything(url: str) -> dict[str, list[Any]]:
    storage = open_storage(url)
    with storage.engine.connect() as connection:
        tables = models.BaseModel.metadata.sorted_tables
        found = {table.name: list(connection.execute(select(table))) for table in tables}
    storage.engine.dispose()
    return found


def test_it_shows_a_running_study_and_changes_nothing(database: str, tmp_path: Path) -> None:
    spec = parse_spec(SPEC | {"storage": database})
    (tmp_path / "study.yaml").write_text(dump(spec))
    storage = open_storage(database)
    ledger = Ledger(storage, "s", cells(spec))
    with dashboard(tmp_path) as ask:
        listed = {s["study_name"]: s["study_id"] for s in ask("/api/studies")["study_summaries"]}
        assert set(listed) == {name for c in ledger.cells for name in (f"s/{c}", f"s/{c}/confirm")}
        for cell in ledger.cells.values():
            while row := cell.next_search() or cell.next_confirm():
                for interval in (1, 2):
                    cell.report(row, {interval: 0.5 + 0.01 * row.number})
                for study_id in listed.values():
                    ask(f"/api/studies/{study_id}")
                cell.tell(row, "COMPLETE", Outcome(seconds=1.0))
        assert ledger.finished
        before = everything(database)
        for study_id in listed.values():
            # It remembers what it read for some seconds.
            while states(detail := ask(f"/api/studies/{study_id}")) != {"Complete"}:
                time.sleep(0.5)
            assert detail["best_trials"]
            assert all(len(trial["intermediate_values"]) == 2 for trial in detail["trials"])
        assert everything(database) == before
    again = Ledger(storage, "s", cells(spec))
    for name, cell in again.cells.items():
        assert cell.rows == ledger.cells[name].rows
    storage.engine.dispose()


def test_without_optuna_dashboard_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "optuna_dashboard.py").write_text("raise ImportError")
    done = subprocess.run(
        [sys.executable, "-m", "study", "dashboard", str(tmp_path)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "pip install 'aucstudy[dashboard]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    spec = parse_spec(SPEC | {"storage": f"sqlite:///{tmp_path / 'study.db'}"})
    (tmp_path / "study.yaml").write_text(dump(spec))
    open_storage(spec.storage or "").engine.dispose()
    sentence = pytest.raises(StudyError, match=r"free port.*--port")
    with socket.create_server(("127.0.0.1", 0)) as taken, sentence:
        serve(tmp_path, taken.getsockname()[1])


def test_a_folder_without_a_study_gets_no_address(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "study", "dashboard", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("A study's directory holds study.yaml")
