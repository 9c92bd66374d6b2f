"""Where a study's results come from: versions, commit, hardware, data."""

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import torch

from study.errors import SpecError
from study.fingerprints import Fingerprints, differences

__all__ = ["provenance", "refuse_changes", "versions"]

PACKAGES = ("aucstudy", "ray", "optuna", "torch", "torchvision", "numpy", "scikit-learn", "pandas")


def provenance(
    now: Fingerprints,
    began: dict[str, Any] | None = None,
    tasks: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """Plain JSON: when, with what, on what, from which data. Nothing secret: no environment.

    Args:
        now: of data and the user's own code.
        began: the provenance that the study began with. It stays; data and code that joined since
            are added, and data and code that changed are listed under "accepted".
        tasks: what is to be said of each task's data (`study.facts`).
    """
    if began is not None:
        accepted = [*differences(began, now)]
        when = datetime.now(UTC).isoformat(timespec="seconds")
        kept = [*began.get("accepted", ()), *(f"{when}: {change}" for change in accepted)]
        return {
            **began,
            # Directories move, so a study is known by an id. One of an older version gets it now.
            "study": began.get("study") or uuid4().hex,
            **{key: {**began.get(key, {}), **found} for key, found in now.items()},
            "tasks": {**began.get("tasks", {}), **tasks},
            **({"accepted": kept} if kept else {}),
        }
    return {
        "study": uuid4().hex,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": sys.version.split()[0],
        "versions": {name: _version(name) for name in PACKAGES},
        "commit": _commit(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "gpus": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
        **now,
        "tasks": dict(tasks),
    }


def refuse_changes(began: dict[str, Any] | None, now: Fingerprints) -> None:
    """Compare data and the user's own code with those that the study began with.

    Args:
        began: its provenance; None if it has not begun.
        now: of the plan's cells.

    Raises:
        SpecError: they are others, so that results would not compare.
    """
    changes = [*differences(began or {}, now)]
    if changes:
        raise SpecError(
            f"A study's results must stay comparable, and {'; '.join(changes)}: put that back, or "
            "give the study a new name; if no result can hang on it, `aucstudy run "
            "--accept-changes` goes on and keeps a note of it."
        )


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
