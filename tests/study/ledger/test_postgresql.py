"""A whole study whose ledger is in PostgreSQL: the driver killed, then the server restarted."""

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from study.reader import read_study
from study.records import StudyRecord
from tests.study.drivers import SPEC, assert_exactly_planned, run, start, table
from tests.study.postgresql_server import PostgreSQL

pytestmark = [pytest.mark.ray, pytest.mark.whole, pytest.mark.timeout(600)]

SEARCH, SEEDS = 6, 3
STUDY: dict[str, Any] = {
    **SPEC,
    "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 8, "batch_size": 32}],
    "search": {**SPEC["search"], "trials": SEARCH},
    "confirm": {"seeds": SEEDS},
}


def finished(folder: Path) -> int:
    """Rows that are finished so far."""
    if not (folder / "out" / "study.yaml").exists():
        return 0
    rows = [row for cell in read_study(folder / "out").cells for row in cell.search + cell.confirm]
    return sum(row.state in ("COMPLETE", "PRUNED", "FAIL") for row in rows)


def wait_for(folder: Path, rows: int, driver: subprocess.Popen[bytes]) -> None:
    while finished(folder) < rows:
        assert driver.poll() is None, (folder / "driver.log").read_text()
        time.sleep(0.1)


def chosen(study: StudyRecord) -> dict[str, tuple[tuple[int, ...], list[dict[str, Any]]]]:
    return {cell.id: (cell.selected, [row.params for row in cell.search]) for cell in study.cells}


def test_a_killed_driver_and_a_restarted_server_lose_and_double_nothing(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    undisturbed, folder = tmp_path / "undisturbed", tmp_path / "disturbed"
    undisturbed.mkdir()
    folder.mkdir()
    done = run(STUDY, undisturbed)
    assert done.returncode == 0, done.stdout + done.stderr
    expected = read_study(undisturbed / "out")

    spec = {**STUDY, "storage": postgresql.url(postgresql.new_database())}
    driver = start(spec, folder)
    wait_for(folder, 3, driver)
    driver.send_signal(signal.SIGKILL)
    driver.wait(timeout=30)

    driver = start(spec, folder)
    # What the first one had under way is told by the second, which then is in the middle.
    wait_for(folder, max(7, finished(folder) + 2), driver)
    postgresql.stop()
    time.sleep(5)
    assert driver.poll() is None, "it waits"
    postgresql.start()
    assert driver.wait(timeout=300) == 0, (folder / "driver.log").read_text()

    study = read_study(folder / "out")
    assert_exactly_planned(study, trials=SEARCH, seeds=SEEDS)
    assert table(study) == table(expected)
    assert chosen(study) == chosen(expected)

    said = (folder / "driver.log").read_text()
    assert "is away" in said
    assert "is back" in said
    assert "Traceback" not in said
    assert not [file for file in files(folder) if postgresql.password.encode() in file.read_bytes()]


def files(folder: Path) -> list[Path]:
    return [Path(root) / name for root, _, names in os.walk(folder) for name in names]
