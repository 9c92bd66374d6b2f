"""A small study through Ray whose trials share the GPU, four on one."""

import os
import shutil
import time
from collections import Counter
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.gpu.mps import mps_if_offered
from tests.gpu.rows import Row, append

__all__ = ["ray_study"]

NEEDED = ("ray", "optuna", "sqlalchemy", "pydantic", "pyarrow", "pandas")

SEARCH, SEEDS = 8, 4

SPEC: dict[str, Any] = {
    "name": "gpu-check",
    "methods": ["ce", "auc_m"],
    "tasks": [{"dataset": "digits", "model": "small_cnn", "epochs": 20, "intervals": 4}],
    "imratios": [0.1],
    "search": {"trials": SEARCH, "sampler": "random", "pruner": "none"},
    "confirm": {"seeds": SEEDS},
}


def ray_study(device: str, out: Path) -> int:
    """Digits, two methods, search and confirm trials; a row for each method.

    Gives how many rows of the ledger are not as they must be: finished, on this device, and on a
    GPU captured. Without Ray it is left out.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        print(f"Left out: {', '.join(missing)} not here. gpu.md says how to bring them.")
        return 0
    with mps_if_offered(device) as environment:
        os.environ.update(environment)  # Ray's workers inherit it
        shared = "MPS" if environment else "time slices" if device == "cuda" else "cores"
        return _run(device, out, shared)


def _run(device: str, out: Path, shared: str) -> int:
    from study.reader import read_study
    from study.run import run
    from study.spec import parse_spec

    folder = out / "study"
    shutil.rmtree(folder, ignore_errors=True)
    gpus, precision = (0.25, "tf32") if device == "cuda" else (0, "f32")
    spec = {
        **SPEC,
        "directory": str(folder.resolve()),
        "data_root": str(folder),
        "precision": precision,
        "resources": {"gpus": gpus},
    }
    started = time.monotonic()
    done = run(parse_spec(spec))
    seconds = time.monotonic() - started
    print(f"\n{done.ran} trials in {seconds:.1f} s with Ray's start, GPU shared by {shared}.\n")
    print("| method | trials | ran as | device | test AUROC | s of training |")
    print("| --- | --: | --- | --- | --: | --: |")
    wrong, beside = 0, 4 if device == "cuda" else ""
    for cell in read_study(folder).cells:
        rows = [*cell.search, *cell.confirm]
        wrong += SEARCH + SEEDS - sum(_well(vars(row), device) for row in rows)
        ways, devices = (
            "; ".join(f"{count} {name}" for name, count in Counter(values).items())
            for values in ([row.execution for row in rows], [row.device for row in rows])
        )
        tested = [row.test_auroc for row in cell.confirm if row.test_auroc is not None]
        mean = f"{sum(tested) / len(tested):.4f}" if tested else "failed"
        trained = sum(row.seconds or 0.0 for row in rows)
        cells = [cell.method, len(rows), ways, devices, mean, f"{trained:.1f}"]
        print(f"| {' | '.join(map(str, cells))} |")
        reasons = {row.reason for row in rows if row.reason}
        note = "; ".join([f"{len(rows)} trials: {ways}", f"shared by {shared}", *sorted(reasons)])
        append(
            out, Row("study", cell.method, precision, beside, "mean test AUROC", mean, note=note)
        )
    append(out, Row("study", "all", precision, beside, "seconds", f"{seconds:.1f}", note=shared))
    return wrong


def _well(row: Mapping[str, Any], device: str) -> bool:
    way = "graph" if device == "cuda" else "eager"
    return (
        row["state"] == "COMPLETE"
        and row["execution"] == way
        and (row["device"] == "cpu") == (device == "cpu")
    )
