"""The Trainable without Ray's cluster: checkpoints, reports after a stop, failures in words."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from trainables import trainable as module
from trainables.batches.supply import Ahead, Resident
from trainables.checkpoint import load_checkpoint, previous, save_checkpoint
from trainables.gpu_memory import share_of_memory
from trainables.trainable import Job, MethodTrainable

TRIAL: dict[str, Any] = {
    "method": "auc_m",
    "imratio": 0.2,
    "params": {},
    "dataset": "digits",
    "model": "mlp",
    "epochs": 3,
    "batch_size": 64,
    "intervals": 3,
    "data_root": "data",
    "data_seed": 1,
    "init_seed": 2,
    "order_seed": 3,
}


@pytest.fixture
def worker(tmp_path: Path) -> Callable[..., MethodTrainable]:
    """A new worker that takes the same row in the same directory."""

    def make(
        *,
        reported: int = 0,
        phase: str = "search",
        gpus: float = 0.0,
        data_memory: int | None = None,
        **trial: Any,
    ) -> MethodTrainable:
        row = {"cell": "c", "phase": phase, "number": 0, "name": "c__row"}
        job = Job(
            row,
            TRIAL | trial,
            str(tmp_path),
            checkpoint="row.pt",
            predictions="predictions/row.npz",
            reported=reported,
            hang_after=600.0,
            test=phase == "confirm",
            gpus=gpus,
            data_memory=data_memory,
        )
        return MethodTrainable(job.config())

    return make


def last(worker: MethodTrainable) -> dict[str, Any]:
    result = worker.train()
    while not result["done"]:
        result = worker.train()
    return result


def test_a_worker_that_ends_in_the_middle_is_followed_by_one_that_goes_on(
    worker: Callable[..., MethodTrainable],
) -> None:
    whole = last(worker())
    first = worker()
    first.train()
    first.stop()
    second = worker(reported=1)
    assert second.train()["interval"] == 2
    assert last(second)["value"] == whole["value"]


def test_images_beyond_the_memory_for_them_change_no_result(
    worker: Callable[..., MethodTrainable],
) -> None:
    trials = [worker(data_memory=memory) for memory in (None, 0)]
    assert len({last(trial)["value"] for trial in trials}) == 1
    kinds = [type(trial._run._supply) for trial in trials if trial._run is not None]
    assert kinds == [Resident, Ahead]


def test_the_outcome_says_how_much_memory_it_took(worker: Callable[..., MethodTrainable]) -> None:
    here = psutil.Process().memory_info().rss / 1e6
    assert 0.5 * here < json.loads(worker().train()["outcome"])["peak_memory"] < 10 * here


def test_the_outcome_says_how_the_steps_ran(worker: Callable[..., MethodTrainable]) -> None:
    for execution in ("auto", "eager"):
        result = worker(execution=execution).train()
        assert json.loads(result["outcome"])["execution"] == "eager"


def test_an_interval_that_was_not_reported_is_reported_by_the_next_worker(
    worker: Callable[..., MethodTrainable],
) -> None:
    first = worker()
    trained = [first.train() for _ in range(2)]
    first.stop()
    second = worker(reported=0)
    again = [second.train() for _ in range(2)]
    for before, after in zip(trained, again, strict=True):
        assert after["interval"] == before["interval"]
        assert after["value"] == before["value"]
        assert not after["done"]
    assert second.train()["interval"] == 3


def test_a_long_interval_is_saved_in_its_middle(
    worker: Callable[..., MethodTrainable], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = last(worker(epochs=2, intervals=1))
    monkeypatch.setattr(module, "CHECKPOINT_SECONDS", 0.0)
    last(worker(epochs=2, intervals=1))
    state = load_checkpoint(previous(tmp_path / "row.pt"), "cpu")
    assert state is not None
    assert not state["curve"]
    assert state["step"] > 1
    # What a worker's death leaves behind is the checkpoint alone.
    (tmp_path / "row.pt").unlink()
    again = last(worker(epochs=2, intervals=1))
    assert again["value"] == whole["value"]
    losses = [json.loads(result["outcome"])["curve"][0]["loss"] for result in (again, whole)]
    assert losses[0] == losses[1]


@pytest.mark.parametrize("select", ["auroc", "auprc"])
def test_a_result_carries_what_is_selected_by(
    worker: Callable[..., MethodTrainable], select: str
) -> None:
    result = last(worker(select=select))
    point = json.loads(result["outcome"])["curve"][-1]
    assert result["value"] == point[f"val_{select}"]


def test_diagnostics_reach_the_outcome_and_the_file_and_nothing_that_selects(
    worker: Callable[..., MethodTrainable], tmp_path: Path
) -> None:
    plain = last(worker(phase="confirm"))
    (tmp_path / "row.pt").unlink(missing_ok=True)
    looked_at = last(worker(phase="confirm", diagnostics=True))
    assert looked_at["value"] == plain["value"]
    assert looked_at.keys() == plain.keys()
    before, now = (json.loads(each["outcome"]) for each in (plain, looked_at))
    assert all("diag_auroc_test" in point for point in now["curve"])
    assert now["test_auroc"] == before["test_auroc"]
    with np.load(tmp_path / now["predictions"]) as file:
        assert file["diag_intervals"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("damage", [lambda b: b[:100], lambda b: b[:0], lambda b: flip(b, -200)])
def test_a_damaged_checkpoint_falls_back_to_the_one_before(
    damage: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    file = tmp_path / "checkpoints" / "c__row.pt"
    for step in (1, 2):
        save_checkpoint(file, {"step": step})
    file.write_bytes(damage(file.read_bytes()))
    assert load_checkpoint(file, "cpu") == {"step": 1}
    previous(file).write_bytes(damage(previous(file).read_bytes()))
    assert load_checkpoint(file, "cpu") is None


def flip(stored: bytes, place: int) -> bytes:
    """One bit is wrong; PyTorch itself would load it."""
    changed = bytearray(stored)
    changed[place] ^= 1
    return bytes(changed)


def test_a_full_disk_costs_the_checkpoint_and_not_the_trial(
    worker: Callable[..., MethodTrainable],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(module, "CHECKPOINT_SECONDS", 0.0)
    file = tmp_path / "row.pt"
    # What is written to /dev/full finds no space left.
    file.with_name(f"{file.name}.{os.getpid()}.tmp").symlink_to("/dev/full")
    result = worker().train()
    assert "No space left" in caplog.text
    assert json.loads(result["outcome"]).get("reason") is None


def test_a_full_disk_for_predictions_is_no_fault_of_the_trial(
    worker: Callable[..., MethodTrainable], tmp_path: Path
) -> None:
    folder = tmp_path / "predictions"
    folder.mkdir()
    (folder / f"row.npz.{os.getpid()}.tmp").symlink_to("/dev/full")
    result = last(worker(phase="confirm"))
    assert "No space left" in result["stuck"]
    assert "outcome" not in result


def test_missing_data_is_no_fault_of_the_trial(worker: Callable[..., MethodTrainable]) -> None:
    result = worker(dataset="breastmnist", data_root="/nowhere").train()
    assert "breastmnist" in result["stuck"]


def test_a_gpu_without_memory_is_said_with_what_to_do(
    worker: Callable[..., MethodTrainable],
) -> None:
    result = worker(method="tests.study.odd_methods:NoGpuMemory").train()
    outcome = json.loads(result["outcome"])
    assert outcome["crashed"]
    assert "Tried to allocate 20.00 GiB" in outcome["reason"]
    assert "batch_size" in outcome["reason"]
    assert "share" not in outcome["reason"]


def test_a_gpu_that_is_shared_without_memory_is_said_with_the_share(
    worker: Callable[..., MethodTrainable], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "limit_memory", lambda gpus: share_of_memory(gpus, 80 * 2**30))
    result = worker(method="tests.study.odd_methods:NoGpuMemory", gpus=0.25).train()
    reason = json.loads(result["outcome"])["reason"]
    assert "whose share (0.25) is 19.5 GiB: " in reason
    assert "Tried to allocate 20.00 GiB" in reason
    assert "resources.gpus" in reason


def test_a_job_of_before_gpus_were_told_has_none() -> None:
    job = Job({}, {}, "studies/s", "row.pt", "row.npz", reported=0, hang_after=1.0, gpus=0.25)
    told = json.loads(job.config()["job"])
    assert Job.of({"job": json.dumps(told)}) == job
    del told["gpus"]
    assert Job.of({"job": json.dumps(told)}).gpus == 0
