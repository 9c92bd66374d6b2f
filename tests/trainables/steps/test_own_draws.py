"""Networks that draw: a trial repeats bit for bit, goes on bit for bit, and disturbs no other."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from trainables.config import TrialConfig
from trainables.loop import TrainingRun
from trainables.models.classifier import BinaryClassifier


def dropping(in_channels: int, image_size: int) -> BinaryClassifier:
    width = in_channels * image_size**2
    return BinaryClassifier(nn.Sequential(nn.Flatten(), nn.Dropout(0.5)), nn.Linear(width, 1))


def started(folder: Path, **changes: Any) -> TrainingRun:
    fields: dict[str, Any] = {
        "method": "ct_auc",
        "dataset": "digits",
        "model": f"{__name__}:dropping",
        "imratio": 0.2,
        "epochs": 2,
        "batch_size": 64,
        "intervals": 2,
        "data_root": str(folder),
        "data_seed": 1,
        "init_seed": 2,
        "order_seed": 3,
    }
    return TrainingRun(TrialConfig(**{**fields, **changes}))


def curve(run: TrainingRun) -> list[tuple[float, float]]:
    while not run.finished:
        run.train_interval()
    return [(each["loss"], each["val_auroc"]) for each in run.curve]


def test_a_trial_repeats_whatever_else_has_drawn_and_leaves_the_default_generator(
    tmp_path: Path,
) -> None:
    torch.manual_seed(0)
    first = curve(started(tmp_path))
    before = torch.get_rng_state()
    torch.rand(5)
    moved = torch.get_rng_state()
    assert curve(started(tmp_path)) == first
    assert torch.equal(torch.get_rng_state(), moved)
    assert not torch.equal(before, moved)
    assert curve(started(tmp_path, order_seed=4)) != first


def test_two_trials_in_turn_are_as_each_alone(tmp_path: Path) -> None:
    alone = curve(started(tmp_path)), curve(started(tmp_path, order_seed=4))
    runs = started(tmp_path), started(tmp_path, order_seed=4)
    for _ in range(2):
        for run in runs:
            run.train_interval()
    assert tuple(map(curve, runs)) == alone


@pytest.mark.parametrize("after", [3, 10])
def test_it_goes_on_from_the_middle_of_an_interval(tmp_path: Path, after: int) -> None:
    whole = started(tmp_path)
    saved: list[dict[str, Any]] = []

    def save() -> None:
        if whole.step == after:
            saved.append(copy.deepcopy(whole.state_dict()))

    whole.train_interval(save)
    later = started(tmp_path)
    later.load_state_dict(saved[0])
    assert later.step == after
    assert curve(later) == curve(whole)
