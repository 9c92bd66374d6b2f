"""Where a study's results come from: versions, commit, hardware, data."""

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from study.cell import Cell
from study.errors import SpecError
from trainables.datasets.cache import read_source

__all__ = ["provenance", "versions"]

PACKAGES = ("aucstudy", "ray", "optuna", "torch", "torchvision", "numpy", "scikit-learn", "pandas")


def provenance(cells: list[Cell], began: dict[str, Any] | None = None) -> dict[str, Any]:
    """Plain JSON: when, with what, on what, from which data. Nothing secret: no environment.

    Args:
        cells: the plan.
        began: the provenance that the study began with; it stays, and only data that joined
            since are added.
    """
    if began is not None:
        return {**began, "data": _checksums(cells) | began["data"]}
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": sys.version.split()[0],
        "versions": {name: _version(name) for name in PACKAGES},
        "commit": _commit(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "gpus": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
        "data": _checksums(cells),
    }


def read_provenance(file: Path) -> dict[str, Any] | None:
    """What ``provenance`` gave when the study began; None if it has not begun.

    Raises:
        SpecError: the file is damaged.
    """
    if not file.exists():
        return None
    try:
        began: dict[str, Any] = json.loads(file.read_text())
        dict(began["data"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SpecError(
            f"{file} must be as `aucstudy run` wrote it, and it cannot be read ({error}): put a "
            "copy in its place."
        ) from error
    return began


def refuse_other_data(began: dict[str, Any] | None, cells: list[Cell]) -> None:
    """Compare the data with those that the study began with.

    Args:
        began: its provenance; None if it has not begun.
        cells: the plan.

    Raises:
        SpecError: a data set's files are others, so that results would not compare.
    """
    if began is None:
        return
    for dataset, checksums in _checksums(cells).items():
        for name, checksum in checksums.items():
            before = began["data"].get(dataset, checksums).get(name)
            if before != checksum:
                raise SpecError(
                    f"A study's results must stay comparable, and {dataset}'s {name} is "
                    f"not what the study began with (SHA-256 {checksum[:12]}..., not "
                    f"{(before or 'none')[:12]}...): put that back, or give the study a "
                    "new name."
                )


def _checksums(cells: list[Cell]) -> dict[str, dict[str, str]]:
    """SHA-256 of every file by its name, by data set."""
    return {
        dataset: read_source(dataset, root).checksums
        for dataset, root in sorted({(cell.dataset, cell.run["data_root"]) for cell in cells})
    }


def versions() -> dict[str, str | None]:
    """Versions of the packages that a result may depend on; None: not installed as a package."""
    return {name: _version(name) for name in PACKAGES}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """Commit of the code, if it runs from a checkout; "+" marks uncommitted changes."""
    here = Path(__file__).parent
    try:
        commit = _git(here, "rev-parse", "HEAD")
        changed = _git(here, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return commit + ("+" if changed else "")


def _git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.strip()


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
