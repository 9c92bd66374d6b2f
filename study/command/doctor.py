"""Is this machine fit for a study? Each finding says what to do."""

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement

from study.command.mps import CONTROL, GAIN, START, look
from study.file_systems import file_system, is_network, mounts
from study.machine import cores
from study.spec.named import Dataset

__all__ = ["Finding", "examine"]

Verdict = Literal["ok", "warn", "fail"]

FREE_GIB_WANTED = 2.0
FREE_GIB_NEEDED = 0.2


@dataclass(frozen=True)
class Finding:
    """One line of the examination.

    Attributes:
        what: what was looked at.
        verdict: "ok"; "warn": works, but see ``advice``; "fail": a study cannot run so.
        found: what is there.
        advice: what to do; "" if nothing.
    """

    what: str
    verdict: Verdict
    found: str
    advice: str = ""


def examine(
    directory: Path,
    data_root: Path,
    storage: str | None,
    needed: Sequence[Dataset],
    gpus: float = 0.0,
) -> list[Finding]:
    """Look at versions, hardware, threads, data, disk and storage; change nothing.

    Args:
        directory: where the study will lie; need not exist.
        data_root: folder of the data sets.
        storage: database URL; None: SQLite in ``directory``.
        needed: data sets that the study reads; empty: look which ones are there.
        gpus: that a trial takes.
    """
    return [
        *_versions(),
        _gpu(),
        *_mps(gpus),
        *_threads(),
        *_data(data_root, needed),
        _store(),
        _disk(directory),
        _sqlite(directory) if storage is None else _database(storage),
    ]


def _versions() -> Iterator[Finding]:
    yield Finding("python", "ok", sys.version.split()[0])
    try:
        requirements = [Requirement(line) for line in requires("aucstudy") or []]
    except PackageNotFoundError:
        yield Finding("aucstudy", "warn", "runs, but is not installed", "pip install -e .")
        return
    good = []
    for requirement in requirements:
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        name, advice = requirement.name, f"pip install '{requirement}'"
        try:
            found = version(name)
        except PackageNotFoundError:
            yield Finding(name, "fail", "is missing", advice)
            continue
        if requirement.specifier.contains(found, prereleases=True):
            good.append(f"{name} {found}")
        else:
            yield Finding(name, "fail", found, advice)
    yield Finding("packages", "ok", ", ".join(good))


def _gpu() -> Finding:
    import torch

    if torch.cuda.is_available():
        names = ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
        return Finding("gpu", "ok", names)
    if shutil.which("nvidia-smi"):
        advice = "install a torch build that fits the driver (pytorch.org), or update the driver"
        return Finding("gpu", "warn", "there is a driver, but torch sees no GPU", advice)
    return Finding("gpu", "ok", "none: trials train on the CPU (resources.gpus: 0)")


def _mps(gpus: float) -> Iterator[Finding]:
    found = look()
    if found is None:
        return
    mode = f"compute mode {found.mode or 'unknown'}"
    if found.runs:
        yield Finding("mps", "ok", f"runs (pipes in {found.pipes}; {mode})")
        return
    state = f"does not run (no daemon at {found.pipes}; {mode})"
    if not found.offered:
        state = f"is not offered here (no {CONTROL}; {mode})"
    if not 0 < gpus < 1:
        yield Finding("mps", "ok", f"{state}; only trials that share a GPU gain by it")
        return
    ways = [START] if found.offered else []
    if found.exclusive:
        ways.append("let several processes use a GPU (nvidia-smi -c DEFAULT, as root)")
        advice = f"{' or '.join(ways)}: as it is, a GPU takes one process"
        yield Finding("mps", "fail", state, advice)
        return
    ways = ways or ["have NVIDIA's MPS installed, which comes with the driver"]
    yield Finding("mps", "warn", state, f"{ways[0]} before the study: {GAIN}")


def _threads() -> Iterator[Finding]:
    yield Finding("cores", "ok", str(cores()))
    for name, wanted, why in (
        ("OMP_NUM_THREADS", "1", "one thread a trial and as many trials as cores is fastest"),
        ("OMP_WAIT_POLICY", "PASSIVE", "waiting threads that spin slow shared cores down"),
    ):
        found = os.environ.get(name)
        if found is None:
            yield Finding(name, "ok", f"not set: a run sets it to {wanted}")
        elif found.upper() == wanted:
            yield Finding(name, "ok", found)
        else:
            yield Finding(name, "warn", found, f"unset it, or export {name}={wanted}: {why}")


def _data(root: Path, needed: Sequence[Dataset]) -> Iterator[Finding]:
    from trainables.datasets.cache import read_source
    from trainables.errors import TrainableError, in_words

    if not needed:
        yield from _official(root)
        return
    there, missing = [], {}
    for each in needed:
        name = each.shown
        try:
            source = read_source(each.name, root, data=each.options)
        except TrainableError as error:
            missing[name] = str(error)
        except Exception as error:  # noqa: BLE001 - the user's own reader may raise anything
            missing[name] = f"its reader fails ({in_words(error)})"
        else:
            images = len(source.train_labels) + len(source.test_labels)
            there.append(f"{name} ({images:,} images)")
    if there:
        yield Finding("data", "ok", f"{', '.join(there)}")
    for name, reason in missing.items():
        yield Finding("data", "fail", f"{name} cannot be read", reason)


def _official(root: Path) -> Iterator[Finding]:
    """By the names of files: to read all would decode every photo that lies there."""
    from trainables.datasets import (
        ABOUT,
    )

    there = [name for name, about in ABOUT.items() if about.place(root) is not None]
    yield Finding("data", "ok", ", ".join(there))
    if missing := [name for name in ABOUT if name not in there]:
        advice = "needed only by studies that name them; `aucstudy doctor SPEC` tells what to do"
        yield Finding("data", "ok", f"not in {root}: {', '.join(missing)}", advice)


def _store() -> Finding:
    from trainables.datasets.store.place import kept, store_place

    advice = "what no study reads any more may be removed; it is made anew where it is needed"
    return Finding("image store", "ok", f"{kept()} in {store_place()}", advice)


def _existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _disk(directory: Path) -> Finding:
    free = shutil.disk_usage(_existing(directory)).free / 2**30
    found = f"{free:.1f} GiB free at {_existing(directory)}"
    if free >= FREE_GIB_WANTED:
        return Finding("disk", "ok", found)
    advice = "free some space, or set the spec's directory to another disk"
    return Finding("disk", "warn" if free >= FREE_GIB_NEEDED else "fail", found, advice)


def _sqlite(directory: Path) -> Finding:
    folder = _existing(directory)
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        advice = "choose a directory that you may write, in the spec's key directory"
        return Finding("storage", "fail", f"{folder} cannot be written", advice)
    kind = file_system(folder, mounts())
    if is_network(kind):
        advice = "SQLite can lose data there: set storage to a postgresql:// URL"
        return Finding("storage", "warn", f"{folder} lies on {kind}", advice)
    return Finding("storage", "ok", f"SQLite in {directory}")


def _database(storage: str) -> Finding:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError

    from study.database_url import resolve_url, shown
    from study.errors import LedgerError
    from study.ledger.storage import engine_settings

    try:
        url = resolve_url(storage)
    except LedgerError as error:
        return Finding("storage", "fail", storage, str(error))
    try:
        engine = create_engine(url, **engine_settings(url))
        with engine.connect():
            pass
        engine.dispose()
    except ImportError as error:
        advice = "pip install 'aucstudy[postgresql]'"
        return Finding("storage", "fail", f"{shown(url)}: {error}", advice)
    except SQLAlchemyError as error:
        first = str(error).splitlines()[0]
        advice = "check host, database, user and PGPASSWORD, and that the server runs"
        return Finding("storage", "fail", f"{shown(url)}: {first}", advice)
    return Finding("storage", "ok", shown(url))
