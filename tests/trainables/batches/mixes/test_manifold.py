"""Manifold mixup: what is drawn, and the network mixed inside against the same by hand."""

import pytest
import torch
from torch import nn

from tests.trainables.batches.mixes.coordinates import batch
from tests.trainables.tiny import generator
from trainables.batches.mixes.manifold import ManifoldMixup
from trainables.batches.mixes.mixup import Mixup
from trainables.errors import DataError, UnknownNameError
from trainables.models import MODELS
from trainables.models.classifier import BinaryClassifier
from trainables.models.inside import Inside, MixedInside
from trainables.optimizers.inner import called


def network() -> BinaryClassifier:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        features = nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(16, 5), nn.Tanh()
        )
        return BinaryClassifier(features, nn.Linear(5, 1), mix_layers=("1", "4")).double()


@pytest.mark.parametrize("per_sample", [False, True])
def test_a_network_is_mixed_inside_as_by_hand(per_sample: bool) -> None:
    """Row by row at the drawn layer and nowhere else; the gradients of all weights, too."""
    model, given = network(), batch(12, 4, 4)
    names = [name for name, _ in model.features.named_children()]
    layers = set()
    for seed in range(12):
        mixed = ManifoldMixup(2.0, per_sample, generator(seed), 2)(given)
        assert mixed.inside is not None
        others, shares = mixed.inside
        as_mixup = Mixup(2.0, per_sample, generator(seed))(given)
        assert torch.equal(mixed.targets, as_mixup.targets)
        inside = [k for k in range(2) if not bool((shares[k] == 1).all())]
        assert torch.equal(mixed.images, given.images if inside else as_mixup.images)
        assert len(inside) <= 1
        layers.add(model.mix_layers[inside[0]] if inside else "input")

        logits = called(model, mixed.given)
        found = torch.autograd.grad(logits.square().sum(), list(model.parameters()))
        rows = mixed.images
        for name in names:
            rows = model.features.get_submodule(name)(rows)
            if inside and name == model.mix_layers[inside[0]]:
                lam = shares[inside[0]].expand(12)
                rows = torch.stack(
                    [lam[i] * rows[i] + (1 - lam[i]) * rows[int(others[i])] for i in range(12)]
                )
        expected = model.head(rows).squeeze(1)
        torch.testing.assert_close(logits, expected)
        wanted = torch.autograd.grad(expected.square().sum(), list(model.parameters()))
        for mine, theirs in zip(found, wanted, strict=True):
            torch.testing.assert_close(mine, theirs)
    assert layers == {"input", "1", "4"}
    assert not any(each._forward_hooks for each in model.modules())


def test_a_share_of_1_leaves_logits_and_gradients_bit_for_bit() -> None:
    model, given = network(), batch(12, 4, 4)
    inside = Inside(torch.randperm(12, generator=generator(0)), torch.ones(2, 1))
    runs = []
    for each in (given.images, MixedInside((given.images,), inside)):
        logits = called(model, each)
        runs.append([logits, *torch.autograd.grad(logits.sum(), list(model.parameters()))])
    for left, right in zip(*runs, strict=True):
        assert torch.equal(left, right)


def test_a_network_without_layers_is_mixup() -> None:
    model = BinaryClassifier(nn.Flatten(), nn.Linear(48, 1))
    assert model.mix_layers == ()
    mixed = ManifoldMixup(1.0, True, generator(0), 0)(batch(8, 4, 4))
    assert torch.equal(mixed.images, Mixup(1.0, True, generator(0))(batch(8, 4, 4)).images)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("small_cnn", ("3", "7")),
        ("small_cnn_3d", ("3", "7")),
        ("mlp", ("2",)),
        ("resnet20", ("5", "8")),
        ("resnet32", ("7", "12")),
        ("resnet18", ("layer1", "layer2", "layer3")),
        (
            "densenet121",
            tuple(
                f"features.{part}{k}" for k in (1, 2, 3) for part in ("denseblock", "transition")
            ),
        ),
    ],
)
def test_networks_name_their_layers(name: str, expected: tuple[str, ...]) -> None:
    with torch.random.fork_rng(devices=[]):
        model = MODELS[name](1, 16)
    assert model.mix_layers == expected


def test_what_cannot_be_mixed_is_refused() -> None:
    features = nn.Sequential(nn.Flatten(), nn.Linear(48, 5))
    with pytest.raises(UnknownNameError, match=r"^mix_layers must be layers .*, not 'layer1'"):
        BinaryClassifier(features, nn.Linear(5, 1), mix_layers=("layer1",))
    twice = nn.Sequential(nn.Flatten(0, 1), nn.Flatten(), nn.Unflatten(0, (8, 3)), nn.Flatten())
    model = BinaryClassifier(twice, nn.Linear(48, 1), mix_layers=("1",))
    given = MixedInside(
        (torch.zeros(8, 3, 4, 4),), Inside(torch.arange(8), torch.full((1, 1), 0.5))
    )
    with pytest.raises(DataError, match=r"^a layer that is mixed must give one row an image"):
        called(model, given)
    model.compiled_for = frozenset({8})
    with pytest.raises(RuntimeError, match=r"^a compiled network cannot be mixed inside"):
        called(model, given)
