"""What is looked at before a study writes anything."""

from pathlib import Path
from typing import Any

import pytest
import torch

from study.cell import cell_id
from study.errors import SpecError
from study.ledger.rows import Row
from study.ledger.storage import open_storage
from study.machine import cores
from study.spec import Dataset, Network, Task, check_environment, parse_spec
from study.spec.names import TOGETHER

TASK = {"dataset": "digits", "model": "mlp", "epochs": 2}


def check(**edit: Any) -> None:
    task = {**TASK, **edit.pop("task", {})}
    fields = {"methods": ["ce"], "imratios": [0.1, None], "search": {"trials": 1}, **edit}
    check_environment(parse_spec({"name": "small", "tasks": [task], **fields}))


def test_nothing_to_say() -> None:
    check()


def test_gpus_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    asked = torch.cuda.device_count() + 1
    with pytest.raises(SpecError, match=r"resources.gpus: .*set gpus to 0 to train on the CPU"):
        check(resources={"gpus": asked})
    monkeypatch.setenv("RAY_ADDRESS", "")  # as good as not set
    with pytest.raises(SpecError, match=r"resources.gpus"):
        check(resources={"gpus": asked})
    monkeypatch.setenv("RAY_ADDRESS", "head:6379")
    check(resources={"gpus": asked})


def test_cores_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with pytest.raises(SpecError, match=r"resources.cpus: .*CPU cores"):
        check(resources={"cpus": cores() + 1})


def test_data_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"tasks\[0\].dataset: CIFAR-10.*AUCSTUDY_DATA") as refusal:
        check(task={"dataset": "cifar10"}, data_root=str(tmp_path))
    assert str(tmp_path) in str(refusal.value)
    assert list(tmp_path.iterdir()) == []


def test_more_positives_than_there_are(real_data: Path) -> None:
    # Digits have a few positives fewer than negatives; BreastMNIST has far more.
    with pytest.raises(SpecError, match=r"imratios\[1\]: task digits-mlp: .*positives") as refusal:
        check(task={"validation": "after"}, imratios=[0.1, 0.5])
    assert "imratios[0]" not in str(refusal.value)
    check(task={"dataset": "breastmnist"}, data_root=str(real_data), imratios=[0.5])


def test_no_positive_left_for_training() -> None:
    with pytest.raises(SpecError, match=r"imratios\[0\].*leaves train_positives at 0"):
        check(imratios=[0.0001])


def test_more_intervals_than_steps() -> None:
    with pytest.raises(SpecError, match=r"intervals: must be at most the 10 steps.*not 50"):
        check(task={"intervals": 50}, imratios=[0.1])


def test_copies_of_images_that_nothing_changes() -> None:
    check(task={"augmentation": "flip"}, evaluation={"tta": 4})
    with pytest.raises(SpecError, match=r"evaluation.tta: .*task digits-mlp has augmentation none"):
        check(task={"augmentation": "none"}, evaluation={"tta": 4})
    with pytest.raises(SpecError, match=r"evaluation.tta: .*give the task one, or leave tta out"):
        check(evaluation={"tta": 4})  # digits' own is none
    # Of metadata there are no copies to make, beside tasks of images that have some.
    alone = {"dataset": "tests.trainables.metadata:read", "model": "metadata", "batch_size": 32}
    check(task={**alone, "augmentation": "none"}, evaluation={"tta": 4}, imratios=[0.3])


def test_a_share_of_a_trial_without_a_step() -> None:
    check(imratios=[0.1], evaluation={"swa": 0.1})
    with pytest.raises(SpecError, match=r"swa: .*digits-mlp has 10, and its last 0.05 holds none"):
        check(imratios=[0.1], evaluation={"swa": 0.05})


def test_a_directory_in_which_sqlite_opens_no_file(tmp_path: Path) -> None:
    def of(length: int) -> str:
        folder = str(tmp_path)
        while len(folder) < length - 100:
            folder += f"/{'x' * 50}"
        return f"{folder}/{'y' * (length - len(folder) - 1)}"

    check(directory=of(495))
    Path(of(495)).mkdir(parents=True)
    open_storage(f"sqlite:///{of(495)}/study.db").engine.dispose()
    with pytest.raises(SpecError, match=r"directory: must have at most 495 bytes, .* has 496"):
        check(directory=of(496))


def test_the_longest_names_are_those_of_files(tmp_path: Path) -> None:
    task = Task(dataset=Dataset(name="digits"), model=Network(name="mlp"), epochs=1, name="t" * 80)
    method = "m" * (TOGETHER - len(task.name))
    row = Row(cell_id(method, task.name, 1.23457e-05), "confirm", 999_999, 0, {}, {}, "RUNNING")
    being_written = tmp_path / f"{row.name}.npz.4194304.tmp"
    being_written.touch()
    assert len(being_written.name) <= 255


def test_the_look_draws_no_random_number() -> None:
    before = torch.random.get_rng_state()
    check()
    assert torch.equal(before, torch.random.get_rng_state())
