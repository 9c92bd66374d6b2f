"""Layers that train at other rates: what a layer is, and that every method obeys."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.trainables.models.test_freeze import run
from tests.trainables.tiny import batch, generator, model
from trainables.errors import DataError
from trainables.methods import METHODS
from trainables.models import builder, network
from trainables.models.layers import layers, rate_layers
from trainables.optimizers.inner import trained
from trainables.optimizers.lr_factors import factor_of
from trainables.recipe import Context

STILL = 1e-12
"""A factor with which a step changes nothing that a float32 of about 1 can show."""


def begun(found: dict[str, int]) -> dict[int, str]:
    """By layer: its first parameter."""
    return {number: name for name, number in reversed(found.items())}


def test_the_layers_of_a_resnet_are_those_of_timm() -> None:
    """torchvision's, by our rule, and timm's, by its own, with the same names: stem and blocks."""
    pytest.importorskip("timm")
    ours, theirs = (layers(builder(name)(3, 32).features) for name in ("resnet18", "timm:resnet18"))
    assert ours == theirs
    assert len(set(ours.values())) == 1 + 8


def test_the_layers_of_other_networks() -> None:
    dense = begun(layers(builder("densenet121")(3, 32).features))
    assert [dense[i].removeprefix("features.").partition(".")[0] for i in sorted(dense)] == [
        *("conv0", "denseblock1", "transition1", "denseblock2"),
        *("transition2", "denseblock3", "transition3", "denseblock4"),
    ]
    small = layers(builder("resnet20")(3, 32).features)
    assert (small["0.weight"], small["1.weight"], small["3.conv1.weight"]) == (0, 0, 1)
    assert max(small.values()) == 9
    efficient = begun(layers(builder("efficientnet_b0")(3, 32).features))
    assert len(efficient) == 1 + 16 + 1


class Around(nn.Module):
    """A user's own module around a network, with a parameter of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(2))
        self.inside = nn.Module()
        self.inside.first = nn.Linear(2, 2)
        self.inside.blocks = nn.ModuleList([nn.Linear(2, 2), nn.LayerNorm(2), nn.Linear(2, 2)])


def test_a_module_around_a_network_has_its_layers() -> None:
    assert layers(Around()) == {
        "token": 0,
        "inside.first.weight": 0,
        "inside.first.bias": 0,
        "inside.blocks.0.weight": 1,
        "inside.blocks.0.bias": 1,
        "inside.blocks.1.weight": 1,
        "inside.blocks.1.bias": 1,
        "inside.blocks.2.weight": 2,
        "inside.blocks.2.bias": 2,
    }


def test_the_options_give_each_layer_its_factor(tmp_path: Path) -> None:
    """Also to a head that is replaced, and where the first layers are frozen."""
    options = {"freeze": "5", "head_lr_factor": 10, "layer_lr_decay": 0.5}
    found = network("resnet20", options, 1, 8, tmp_path)
    found.have_outputs(3)
    assert found.head.out_features == 3
    assert [factor_of(each) for each in found.head.parameters()] == [10.0, 10.0]
    by_name = {name: factor_of(each) for name, each in found.features.named_parameters()}
    assert by_name["11.conv2.weight"] == 1.0
    assert by_name["10.norm1.bias"] == 0.5
    assert by_name["0.weight"] == by_name["1.weight"] == 0.5**9
    early = tuple(f"{layer}." for layer in range(5))
    frozen = {n for n, each in found.features.named_parameters() if not each.requires_grad}
    assert frozen == {name for name in by_name if name.startswith(early)}


def steps(method: str, head_lr_factor: float | None, decay: float | None) -> list[dict[str, float]]:
    """How far three steps of each stage move the parts of a tiny network of two layers."""
    net = model()
    features = net.features
    assert isinstance(features, nn.Sequential)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        features.append(nn.Linear(5, 5))
    rate_layers(net, head_lr_factor, decay)
    recipe = METHODS[method]().recipe(Context(net, prior=0.25, generator=generator(2)))
    draw, moved = generator(1), []
    parts = {
        "first": features.get_submodule("1").get_parameter("weight"),
        "last": features.get_submodule("4").get_parameter("weight"),
        "head": net.head.weight,
    }
    for stage in range(len(recipe._stages)):
        recipe._enter(stage)
        before = {name: part.detach().clone() for name, part in parts.items()}
        for _ in range(3):
            recipe.step([batch(draw) for _ in range(recipe.batches)])
        moved.append(
            {
                name: float((part - before[name]).detach().abs().max())
                for name, part in parts.items()
            }
        )
    return moved


@pytest.mark.parametrize("method", METHODS)
def test_every_stage_of_every_method_obeys(method: str) -> None:
    free = steps(method, None, None)
    slow_head, slow_start = steps(method, STILL, None), steps(method, None, STILL)
    for stage, by_head, by_start in zip(free, slow_head, slow_start, strict=True):
        assert stage["head"] > 1e-6
        assert by_head["head"] <= 1e-7
        assert by_start["first"] <= 1e-7
        assert by_start["head"] > 1e-6
        alone = stage["last"] == 0  # the last stage of ts_dec trains the head
        assert (by_head["last"] == by_start["last"] == 0) == alone


def test_an_option_of_1_is_no_option(tmp_path: Path) -> None:
    """Bit for bit."""
    ends = []
    for options in ({}, {"head_lr_factor": 1, "layer_lr_decay": 1.0}):
        trial = run(tmp_path, "ct_auc", None, network=options, model="small_cnn")
        trial.train_interval()
        ends.append(trial.state_dict()["model"])
    assert all(torch.equal(ends[0][key], ends[1][key]) for key in ends[0])


@pytest.mark.parametrize("method", ["ce_tuned", "ct_auc", "two_stage"])
def test_a_trial_with_factors_goes_on_bit_for_bit(tmp_path: Path, method: str) -> None:
    options = {"freeze": "4", "head_lr_factor": 4.0, "layer_lr_decay": 0.5}
    changes: dict[str, Any] = {"network": options, "model": "small_cnn", "epochs": 2}
    whole, later = (run(tmp_path, method, None, intervals=2, **changes) for _ in range(2))
    whole.train_interval()
    later.load_state_dict(copy.deepcopy(whole.state_dict()))
    assert later.train_interval()["loss"] == whole.train_interval()["loss"]
    kept = [each for each in whole._model.parameters() if not each.requires_grad]
    assert kept
    assert len(trained(whole._model)) + len(kept) == len(list(whole._model.parameters()))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"head_lr_factor": 0}, "head_lr_factor must be a number above 0, .* not 0"),
        ({"head_lr_factor": "fast"}, "head_lr_factor must be a number above 0, .* not 'fast'"),
        ({"layer_lr_decay": 1.5}, r"layer_lr_decay must be a number in \(0, 1\], .* not 1.5"),
        ({"layer_lr_decay": True}, r"layer_lr_decay must be a number in \(0, 1\], .* not True"),
        (
            {"layer_lr_decay": 0.5, "freeze": "features"},
            "layer_lr_decay needs layers before the head that are trained",
        ),
    ],
)
def test_a_wrong_rate_is_refused(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        network("small_cnn", options, 1, 8, tmp_path)
