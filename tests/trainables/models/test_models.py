"""Sizes, activations and heads of our own networks, and that each data set trains one."""

from pathlib import Path

import pytest
import torch
from torch import nn

from tests.trainables.official_files import Expected
from trainables.batches.augment import augment, normalise
from trainables.datasets.cache import task_on_device
from trainables.datasets.sets.medmnist_sets import SETS
from trainables.models import MODELS
from trainables.models.classifier import BinaryClassifier
from trainables.models.elu import elu
from trainables.models.frozen import head_only
from trainables.models.resnet_cifar import _Block

WRITTEN = [
    *("digits", "cifar10", "cifar100", "stl10", "cat_and_dog"),
    *(name for name in SETS if name != "chestmnist"),
]
"""Data sets of one label whose official files the fixture ``official`` writes."""


def _build(name: str, channels: int, size: int, seed: int = 0) -> BinaryClassifier:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return MODELS[name](channels, size)


def _images(batch: int, channels: int, size: int, *depth: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(batch, channels, *depth, size, size, generator=generator)


@pytest.mark.parametrize(("channels", "size", "depth"), [(1, 28, 28), (3, 8, 1), (2, 16, 5)])
def test_trains_one_logit_a_volume(channels: int, size: int, depth: int) -> None:
    logits = _build("small_cnn_3d", channels, size)(_images(3, channels, size, depth))
    assert logits.shape == (3,)
    logits.sum().backward()


@pytest.mark.parametrize("name", ["mlp", "small_cnn", "resnet20", "resnet18", "densenet121"])
def test_the_smallest_images(name: str) -> None:
    with torch.no_grad():
        assert _build(name, 1, 8).eval()(_images(2, 1, 8)).shape == (2,)


@pytest.mark.parametrize(
    ("name", "parameters", "tensors"),
    [
        ("resnet20", 269_137, 59),
        ("resnet18", 11_169_345, 62),
        ("densenet121", 6_947_201, 364),
        ("small_cnn_3d", 69_841 + 2 * 27 * 16, 11),
    ],
)
def test_known_sizes(name: str, parameters: int, tensors: int) -> None:
    found = [parameter.numel() for parameter in _build(name, 3, 32).parameters()]
    assert (sum(found), len(found)) == (parameters, tensors)


def test_resnet20_is_elu_all_through() -> None:
    model = _build("resnet20", 3, 32)
    assert not any(isinstance(module, nn.ReLU) for module in model.modules())
    block = _Block(2, 6, stride=2, activation=elu)
    nn.init.zeros_(block.norm2.weight)  # only the shortcut is left
    images = _images(2, 2, 9)
    expected = torch.zeros(2, 6, 5, 5)
    expected[:, 2:4] = nn.functional.elu(images[:, :, ::2, ::2])
    torch.testing.assert_close(block(images), expected)


def test_reset_head_changes_the_head_alone() -> None:
    model = _build("resnet20", 3, 32)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    model.reset_head()
    changed = {key for key, value in model.state_dict().items() if not value.equal(before[key])}
    assert changed == {"head.weight", "head.bias"}


def test_reset_head_draws_as_a_linear_layer_begins() -> None:
    """Uniform to 1 / sqrt(D) either way, from the given generator alone."""
    heads = []
    for _ in range(2):
        model = BinaryClassifier(nn.Flatten(), nn.Linear(10_000, 1))
        torch_before = torch.get_rng_state()
        model.reset_head(torch.Generator().manual_seed(1))
        assert torch.equal(torch.get_rng_state(), torch_before)
        heads.append(model.head.weight.detach())
    assert torch.equal(*heads)
    assert 0.0099 < float(heads[0].abs().max()) <= 0.01
    assert float(heads[0].std()) == pytest.approx(0.01 / 3**0.5, rel=0.05)


def test_head_only_shares_the_head_and_fixes_the_features() -> None:
    model = _build("resnet20", 3, 32).eval()
    images = _images(4, 3, 32)
    with torch.no_grad():
        expected = model(images)
    head = head_only(model.train())
    logits = head(images)
    torch.testing.assert_close(logits, expected)
    before = {key: value.clone() for key, value in model.features.state_dict().items()}
    assert [id(each) for each in head.parameters()] == [
        id(each) for each in model.head.parameters()
    ]
    logits.sum().backward()
    assert all(each.grad is None for each in model.features.parameters())
    assert model.head.weight.grad is not None
    assert all(torch.equal(before[k], v) for k, v in model.features.state_dict().items())
    assert model.features.training


@pytest.mark.parametrize("name", ["mlp", "resnet20"])
def test_a_network_has_as_many_outputs_as_it_is_asked_for(name: str) -> None:
    """The same network with a new head, drawn after it: one output leaves all as it was."""
    one, three = _build(name, 3, 32), _build(name, 3, 32)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        one.have_outputs(1)
        assert torch.equal(torch.get_rng_state(), torch.Generator().manual_seed(0).get_state())
        three.have_outputs(3)
    before, after = one.state_dict(), three.state_dict()
    assert {key for key in before if not before[key].equal(after[key])} == {
        "head.weight",
        "head.bias",
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        assert torch.equal(three.head.weight, nn.Linear(three.head.in_features, 3).weight)
    images = _images(4, 3, 32)
    logits = three(images)
    assert logits.shape == (4, 3)
    torch.testing.assert_close(logits, three.head(three.features(images)))
    three.reset_head(torch.Generator().manual_seed(1))
    assert head_only(three)(images).shape == (4, 3)
    head = three.head
    three.have_outputs(3)
    assert three.head is head


def test_wrong_head_and_wrong_precision() -> None:
    with pytest.raises(ValueError, match="one logit an image, not 2"):
        BinaryClassifier(nn.Flatten(), nn.Linear(4, 2)).have_outputs(3)
    with pytest.raises(ValueError, match="'f32', 'tf32' or 'bf16', not 'fp16'"):
        BinaryClassifier(nn.Flatten(), nn.Linear(4, 1), precision="fp16")


@pytest.mark.usefixtures("fresh_cache")
@pytest.mark.parametrize("dataset", WRITTEN)
def test_every_data_set_trains_a_model(
    dataset: str, official: tuple[Path, dict[str, Expected]]
) -> None:
    task = task_on_device(dataset, official[0], False, 0.2, 0, "before", "cpu")
    channels, *sizes = task.train_images.shape
    pixels = next(iter(task.train_images.split(24)))
    images = augment(task.augmentation, pixels, torch.Generator())
    model = _build("small_cnn" if len(sizes) == 2 else "small_cnn_3d", channels, sizes[-1])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    targets, losses = task.train_targets[:24], []
    for _ in range(3):
        logits = model(normalise(images, task.mean, task.std))
        loss = nn.functional.binary_cross_entropy_with_logits(logits, targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
