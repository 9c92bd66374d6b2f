"""Trials that are stopped: what finished, what did not, and the paper's figures beside them."""

import json
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.learning import TRIAL
from tests.gpu import rows
from tests.gpu.trials import PUBLISHED, published, trials

SETTINGS = {
    "seed": 0,
    "dataset": "cat_and_dog",
    "model": "resnet20",
    "imratio": 0.1,
    "epochs": 100,
    "batch_size": 128,
    "precision": "f32",
    "device": "cpu",
}


def finished(row: str, **changes: Any) -> dict[str, Any]:
    rest = {"curve": [0.7] * 100, "seconds": 283.4, "gradient_evaluations": 1_049_600}
    return {"row": row, **SETTINGS, "test_auroc": 0.9, **rest, **changes}


def write(file: Path, lines: list[dict[str, Any]]) -> None:
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def test_each_trial_stands_beside_its_published_figure(tmp_path: Path) -> None:
    """Those of an earlier call with other settings do not."""
    diverged = finished("TS-DRW", reason="the loss is nan", curve=[0.6])
    del diverged["test_auroc"]
    ended = [finished("CE"), finished("CE", seed=1, test_auroc=0.91), diverged]
    ended.append(finished("CE", imratio=0.01, test_auroc=0.72))
    ended.append(finished("AUC-M, lr 1", seed=2, test_auroc=0.88))
    write(tmp_path / "trials.jsonl", [*ended, finished("AUC-CE", precision="tf32")])
    begun = {name: finished("AUC-M")[name] for name in TRIAL}
    epochs = [{**begun, "epoch": 1, "val_auroc": 0.6}, {**begun, "epoch": 2, "val_auroc": 0.65}]
    write(tmp_path / "epochs.jsonl", epochs)
    rows.begin(tmp_path)

    trials("cpu", tmp_path, tmp_path, until=time.monotonic())

    found = {row.what: row for row in rows.read(tmp_path)}
    ones = {"CE at 10%, seed 1", "AUC-M, lr 1 at 10%, seed 2", "CE at 1%, seed 0"}
    assert set(found) == {*(f"{name} at 10%, seed 0" for name in PUBLISHED), *ones}
    told = {what: (row.measure, row.value, row.note) for what, row in found.items()}
    assert told["CE at 10%, seed 0"] == ("test AUROC", "0.9000", "100 of 100 epochs, 283 s")
    assert told["CE at 10%, seed 1"][1] == "0.9100"
    assert told["AUC-M at 10%, seed 0"] == ("validation AUROC", "0.6500", "2 of 100 epochs")
    assert told["TS-DRW at 10%, seed 0"] == (
        "test AUROC",
        "failed",
        "1 of 100 epochs; the loss is nan",
    )
    assert told["AUC-CE at 10%, seed 0"] == ("test AUROC", "", "no epoch was finished")
    assert found["CE at 10%, seed 1"].published == "0.917 ± 0.006"
    assert told["CE at 1%, seed 0"][1] == "0.7200"
    assert found["CE at 1%, seed 0"].published == "0.742 ± 0.003"
    assert found["AUC-M, lr 1 at 10%, seed 2"].published == ""


def test_every_method_of_the_papers_table_has_its_figure() -> None:
    """Table 1 of the ICLR 2022 paper, Cat&Dog at 10 %; the other columns are there, too."""
    means = {name: float(published(name, 0.1).partition(" ")[0]) for name in PUBLISHED}
    assert means == {
        "CT, moves": 0.946,
        "CE": 0.917,
        "AUC-M": 0.915,
        "AUC-CE": 0.939,
        "TS-DRW": 0.914,
        "TS-DEC": 0.918,
    }
    assert published("CT, moves", 0.01).startswith("0.789")
    assert published("CT, moves", 0.3).startswith("0.977")
