"""Layers that are kept as they are: no gradient, no new statistics, whatever trains the rest."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from trainables.config import TrialConfig
from trainables.errors import UnknownNameError
from trainables.loop import TrainingRun
from trainables.models import network

METHODS = ["ce", "auc_m", "auc_mixup", "ct_auc", "two_stage", "ts_dec", "ts_drw", "focal"]


def run(folder: Path, method: str, freeze: str | None, **changes: Any) -> TrainingRun:
    fields: dict[str, Any] = {
        "method": method,
        "dataset": "digits",
        "model": "resnet20",
        "network": {} if freeze is None else {"freeze": freeze},
        "imratio": 0.2,
        "epochs": 1,
        "batch_size": 256,
        "intervals": 1,
        "data_root": str(folder),
        "data_seed": 1,
        "init_seed": 2,
        "order_seed": 3,
    }
    return TrainingRun(TrialConfig(**{**fields, **changes}))


def trained(folder: Path, method: str, freeze: str | None) -> tuple[set[str], set[str]]:
    """Names of the weights and of the statistics that training changed, but for counts of steps."""
    trial = run(folder, method, freeze)
    before = {key: value.clone() for key, value in trial.state_dict()["model"].items()}
    trial.train_interval()
    after: dict[str, Tensor] = trial.state_dict()["model"]
    changed = {key for key, value in after.items() if not torch.equal(value, before[key])}
    statistics = {key for key in changed if "running" in key or "num_batches" in key}
    return changed - statistics, statistics


@pytest.mark.parametrize("method", METHODS)
def test_the_head_alone_is_trained(tmp_path: Path, method: str) -> None:
    assert trained(tmp_path, method, "features") == ({"head.weight", "head.bias"}, set())


@pytest.mark.parametrize("method", ["ce", "ct_auc"])
def test_from_a_layer_on(tmp_path: Path, method: str) -> None:
    weights, statistics = trained(tmp_path, method, "9")
    every, counts = trained(tmp_path, method, None)
    early = tuple(f"features.{layer}." for layer in range(9))
    assert weights == {name for name in every if not name.startswith(early)}
    assert statistics == {name for name in counts if not name.startswith(early)}
    assert any(name.startswith(early) for name in every)


def test_what_holds_the_first_trained_layer_goes_on_training(tmp_path: Path) -> None:
    model = network("resnet18", {"freeze": "layer2.1"}, 1, 32, tmp_path).train()
    state = {name: module.training for name, module in model.features.named_modules()}
    assert (state["bn1"], state["layer1.0.bn1"], state["layer2.0.bn1"]) == (False, False, False)
    assert (state["layer2.1.bn1"], state["layer4.0.bn1"], state["layer2"]) == (True, True, True)
    assert not model.eval().features.get_submodule("layer4").training
    wanted = {n for n, each in model.named_parameters() if each.requires_grad}
    assert {"features.layer2.1.conv1.weight", "head.bias"} <= wanted
    assert not any(name.startswith(("features.conv1", "features.layer2.0")) for name in wanted)


def test_a_network_goes_on_bit_for_bit(tmp_path: Path) -> None:
    whole = run(tmp_path, "ct_auc", "9", epochs=2, intervals=2)
    whole.train_interval()
    later = run(tmp_path, "ct_auc", "9", epochs=2, intervals=2)
    later.load_state_dict(copy.deepcopy(whole.state_dict()))
    assert later.train_interval()["loss"] == whole.train_interval()["loss"]


@pytest.mark.parametrize(
    ("freeze", "words"),
    [
        ("layer9", "freeze must be features or a layer of the network, such as layer.*'layer9'"),
        ("conv1", "freeze: conv1 would keep nothing as it is"),
    ],
)
def test_a_wrong_layer_is_refused(tmp_path: Path, freeze: str, words: str) -> None:
    with pytest.raises(UnknownNameError, match=words):
        network("resnet18", {"freeze": freeze}, 1, 32, tmp_path)


def test_a_model_without_anything_frozen_trains_all(tmp_path: Path) -> None:
    model = network("resnet20", {}, 1, 8, tmp_path)
    assert all(each.requires_grad for each in model.parameters())
    assert all(m.training for m in model.train().modules() if isinstance(m, nn.BatchNorm2d))
