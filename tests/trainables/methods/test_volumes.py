"""Every method trains on volumes; newcomers in METHODS inherit this."""

import copy
import math
from typing import Any

import numpy as np
import pytest
import torch

from tests.trainables.methods.contract_values import SHORT
from trainables.config import TrialConfig
from trainables.errors import DataError
from trainables.loop import TrainingRun
from trainables.methods import METHODS


def config(**changes: Any) -> TrialConfig:
    fields: dict[str, Any] = {
        "method": "ce",
        "dataset": "tests.trainables.volumes:read",
        "model": "small_cnn_3d",
        "imratio": 0.3,
        "epochs": 2,
        "batch_size": 32,
        "intervals": 2,
        "data_root": "data",
        "data_seed": 1,
        "init_seed": 2,
        "order_seed": 3,
    }
    return TrialConfig(**{**fields, **changes})


def weights(run: TrainingRun) -> torch.Tensor:
    return torch.cat([each.flatten().double() for each in run._model.state_dict().values()])


@pytest.mark.parametrize("method", METHODS)
def test_every_method_trains_on_volumes_and_goes_on_bit_for_bit(method: str) -> None:
    chosen = config(method=method, params=SHORT.get(method, {}))
    run, other = TrainingRun(chosen), TrainingRun(chosen)
    before = weights(run)
    first = run.train_interval()
    other.load_state_dict(copy.deepcopy(run.state_dict()))
    assert not torch.equal(weights(run), before)
    assert math.isfinite(first["loss"])
    second, again = run.train_interval(), other.train_interval()
    del second["seconds"], again["seconds"]
    assert second == again
    assert torch.equal(weights(run), weights(other))
    tested = run.test(embeddings=True)
    assert tested["scores"].shape == (80,)
    assert tested["embeddings"].shape == (80, 64)
    assert np.isfinite(tested["scores"]).all()


def test_it_learns_where_a_bright_block_is() -> None:
    run = TrainingRun(config(epochs=12, intervals=1, imratio=None))
    assert run.train_interval()["val_auroc"] > 0.95


@pytest.mark.parametrize("changes", [{"channels_last": True}, {"precision": "bf16"}])
def test_other_layouts_and_precisions_differ_by_rounding(changes: dict[str, Any]) -> None:
    plain, changed = TrainingRun(config()), TrainingRun(config(**changes))
    losses = [float(run.train_step()) for run in (plain, changed)]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)
    conv = next(changed._model.parameters())
    if "channels_last" in changes:
        assert conv.is_contiguous(memory_format=torch.channels_last_3d)


@pytest.mark.whole
def test_a_network_of_volumes_can_be_compiled() -> None:
    plain, compiled = TrainingRun(config()), TrainingRun(config(compile=True))
    losses = [float(run.train_step()) for run in (plain, compiled)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    assert compiled.execution == "compiled"


def test_an_augmentation_of_images_is_refused_before_anything_trains() -> None:
    with pytest.raises(DataError, match=r"augmentation crop_flip is for images .*crop_flip_3d"):
        TrainingRun(config(augmentation="crop_flip"))
