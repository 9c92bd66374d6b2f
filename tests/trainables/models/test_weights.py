"""Weights from files: taken layer by layer, or refused, and nothing is run from them."""

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchvision import models

from trainables.errors import DataError, UnknownNameError
from trainables.models import builder, network
from trainables.models.weights import statistics, take_weights


def torchvision_s(name: str) -> nn.Module:
    """With weights and statistics of BatchNorm that are not those of a new network."""
    with torch.random.fork_rng():
        torch.manual_seed(5)
        found: nn.Module = getattr(models, name)()
        with torch.no_grad():
            for each in found.buffers():
                if each.is_floating_point():
                    each.uniform_(0.5, 1.5)
    return found


def saved(state: dict[str, Tensor], file: Path, how: str) -> str:
    if how == "safetensors":
        safetensors = pytest.importorskip("safetensors.torch")
        safetensors.save_file({key: each.contiguous() for key, each in state.items()}, file)
    elif how == "wrapped":
        torch.save({"epoch": 3, "state_dict": {f"module.{k}": v for k, v in state.items()}}, file)
    else:
        torch.save(state, file)
    return file.name


@pytest.mark.parametrize("how", ["plain", "wrapped", "safetensors"])
def test_a_file_is_taken_layer_by_layer(tmp_path: Path, how: str) -> None:
    theirs = torchvision_s("resnet18").eval()
    suffix = "safetensors" if how == "safetensors" else "pth"
    name = saved(theirs.state_dict(), tmp_path / f"w.{suffix}", how)
    ours = network("resnet18", {"weights": name}, 3, 224, tmp_path).eval()
    for key, tensor in ours.features.state_dict().items():
        assert torch.equal(tensor, theirs.state_dict()[key])
    headless = copy.deepcopy(theirs)
    headless.fc = nn.Identity()
    images = torch.randn(2, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(ours.features(images), headless(images))


def test_efficientnet_and_convnext_keep_their_first_convolution_at_any_size(tmp_path: Path) -> None:
    for name in ("efficientnet_b0", "convnext_tiny"):
        file = saved(torchvision_s(name).state_dict(), tmp_path / f"{name}.pth", "plain")
        assert not take_weights(builder(name)(3, 32), name, file, tmp_path).drawn


def test_a_stem_for_small_images_is_drawn_and_said(tmp_path: Path) -> None:
    file = saved(torchvision_s("resnet18").state_dict(), tmp_path / "w.pth", "plain")
    taken = take_weights(builder("resnet18")(3, 32), "resnet18", file, tmp_path)
    assert taken.drawn == ("conv1.weight",)
    assert str(taken) == f"{taken.tensors} tensors; drawn anew: conv1.weight"


@pytest.mark.parametrize("name", ["resnet18", "densenet121"])
def test_their_own_stem_is_filled_at_any_size(tmp_path: Path, name: str) -> None:
    theirs = torchvision_s(name).eval()
    file = saved(theirs.state_dict(), tmp_path / "w.pth", "plain")
    ours = builder(name)(3, 32, stem="own").eval()
    assert not take_weights(ours, name, file, tmp_path).drawn
    setattr(theirs, "fc" if name == "resnet18" else "classifier", nn.Identity())
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(ours.features(images), theirs(images))
    with pytest.raises(UnknownNameError, match="stem must be one of small, own, not 'large'"):
        builder(name)(3, 32, stem="large")


@pytest.mark.parametrize("channels", [1, 2, 4, 6])
def test_an_image_of_equal_channels_gives_what_it_gave(tmp_path: Path, channels: int) -> None:
    file = saved(torchvision_s("resnet18").state_dict(), tmp_path / "w.pth", "plain")
    three, ours = (
        network("resnet18", {"weights": file}, count, 96, tmp_path).features.get_submodule("conv1")
        for count in (3, channels)
    )
    grey = torch.randn(1, 1, 96, 96, generator=torch.Generator().manual_seed(0))
    if channels in (1, 6):  # whole turns of the three
        with torch.no_grad():
            torch.testing.assert_close(
                ours(grey.expand(-1, channels, -1, -1)),
                three(grey.expand(-1, 3, -1, -1)),
                rtol=1e-4,
                atol=1e-5,
            )
    assert ours.get_parameter("weight").shape[1] == channels


def test_the_head_is_drawn_as_without_weights(tmp_path: Path) -> None:
    file = saved(torchvision_s("resnet18").state_dict(), tmp_path / "w.pth", "plain")
    heads = []
    for options in ({}, {"weights": file}):
        with torch.random.fork_rng():
            torch.manual_seed(1)
            heads.append(network("resnet18", options, 3, 96, tmp_path).head.weight)
    assert torch.equal(*heads)


class Code:
    """A pickle that would leave a file behind."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.mark,))


def test_what_is_no_sound_file_is_refused_and_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    (tmp_path / "code.pth").write_bytes(pickle.dumps({"conv1.weight": Code(mark)}))
    torch.save({"conv1.weight": Code(mark)}, tmp_path / "zipped.pth")
    whole = tmp_path / "whole.pth"
    saved(torchvision_s("resnet18").state_dict(), whole, "plain")
    (tmp_path / "short.pth").write_bytes(whole.read_bytes()[: 2**20])
    (tmp_path / "short.safetensors").write_bytes(b"\x10" * 64)
    torch.save([1, 2], tmp_path / "list.pth")
    for name, words in (
        ("none.pth", "weights must be a file or imagenet, and .*none.pth is no file"),
        ("code.pth", "tensors alone, and .*code.pth holds something else, which is not run"),
        ("zipped.pth", "tensors alone, and .*zipped.pth holds something else"),
        ("short.pth", "weights must be a whole file .*short.pth cannot be read"),
        ("short.safetensors", "weights must be a whole file .*short.safetensors cannot be read"),
        ("list.pth", "weights must be tensors by their names, and .*list.pth holds a list"),
    ):
        with pytest.raises(DataError, match=words) as refusal:
            network("resnet18", {"weights": name}, 3, 96, tmp_path)
        assert "\n" not in str(refusal.value)
    assert not mark.exists()
    with pytest.raises(
        DataError, match=r"must be those of the network, and .* tensors of densenet"
    ):
        network("densenet121", {"weights": "whole.pth"}, 3, 96, tmp_path)


def test_only_libraries_have_weights_of_imagenet(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="for the networks of torchvision and timm, and small_cnn"):
        network("small_cnn", {"weights": "imagenet"}, 3, 32, tmp_path)


def test_pixels_are_normalised_as_the_weights_want_it() -> None:
    mean, std = statistics("resnet18", 3)
    torch.testing.assert_close(mean, torch.tensor([0.485, 0.456, 0.406]))
    grey, _ = statistics("resnet18", 1)
    torch.testing.assert_close(grey, mean.mean(0, keepdim=True))
    assert statistics("resnet18", 4)[1].tolist() == [*std.tolist(), float(std[0])]
    pytest.importorskip("timm")
    half, _ = statistics("timm:vit_small_patch16_224", 3)
    assert half.tolist() == [0.5] * 3
