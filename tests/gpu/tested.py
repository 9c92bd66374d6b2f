"""Every test that needs a GPU, by pytest, each a row as soon as it ends."""

from pathlib import Path

import pytest

from tests.gpu.rows import Row, append

__all__ = ["FILES", "tested"]

ROOT = Path(__file__).parents[2]

FILES = sorted((ROOT / "tests").rglob("test_gpu.py"))
"""What needs a GPU lies in files of this name."""


def tested(out: Path) -> int:
    """Run them; 0 if none failed. Without a GPU each is skipped."""
    ini = Path(__file__).with_name("pytest.ini")
    arguments = ["-c", str(ini), "--rootdir", str(ROOT), *map(str, FILES)]
    return int(pytest.main(arguments, plugins=[_Rows(out)]))


class _Rows:
    """A plugin of pytest."""

    def __init__(self, out: Path) -> None:
        self._out = out

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A row of the test itself, and of what failed or was skipped around it."""
        if report.when != "call" and report.passed:
            return
        notes = [f"{report.duration:.1f} s"]
        notes += [f"{name}: {value}" for name, value in report.user_properties]
        if not report.passed:
            notes.append(_reason(report))
        name = report.nodeid.rpartition("::")[2]
        row = Row("tests", name, measure="outcome", value=report.outcome, note="; ".join(notes))
        append(self._out, row)


def _reason(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):  # of a skipped test
        return report.longrepr[2]
    lines = report.longreprtext.splitlines()
    errors = [line.removeprefix("E ").strip() for line in lines if line.startswith("E ")]
    return errors[0] if errors else lines[-1]
