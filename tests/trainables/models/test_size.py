"""Parameters and FLOP of networks that are never made: against ones that are, and published."""

import pytest
import torch
from torch import nn

from trainables.models import builder
from trainables.models.size import size_of
from trainables.models.torchvision_models import _fitted


def counted(name: str, *shape: int) -> tuple[int, int]:
    """Parameters and FLOP of the network itself, layer by layer on a real image."""
    with torch.random.fork_rng():
        model = builder(name)(shape[0], shape[-1]).eval()
    flop = 0

    def count(layer: nn.Module, _: object, output: torch.Tensor) -> None:
        nonlocal flop
        weight = layer.get_parameter("weight")
        # Each output is the sum of as many products as one of its weights' rows has numbers.
        flop += 2 * output.numel() * weight[0].numel()

    for each in model.modules():
        if isinstance(each, nn.Conv2d | nn.Conv3d | nn.Linear):
            each.register_forward_hook(count)
    with torch.no_grad():
        model(torch.zeros(1, *shape))
    return sum(each.numel() for each in model.parameters()), flop


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("mlp", (3, 32, 32)),
        ("resnet20", (3, 32, 32)),
        ("densenet121", (1, 28, 28)),
        ("efficientnet_b0", (1, 64, 64)),
        ("convnext_tiny", (3, 32, 32)),
        ("small_cnn_3d", (1, 28, 28, 28)),
    ],
)
def test_a_network_is_as_large_as_what_is_built(name: str, shape: tuple[int, ...]) -> None:
    before = torch.get_rng_state()
    size = size_of(builder(name), shape[0], None if len(shape) == 4 else shape[-1])
    assert torch.equal(torch.get_rng_state(), before), "nothing is drawn"
    assert (size.shape, size.parameters, size.flop) == (shape, *counted(name, *shape))


def test_a_small_network_by_hand() -> None:
    """Three convolutions of 16, 32 and 64 channels, halved after the first two, and the head."""
    size = size_of(builder("small_cnn"), 1, 28)
    products = 28**2 * 16 * 9 * 1 + 14**2 * 32 * 9 * 16 + 7**2 * 64 * 9 * 32 + 64
    assert size.flop == 2 * products
    weights = 9 * 16 + 9 * 16 * 32 + 9 * 32 * 64
    assert size.parameters == weights + 2 * (16 + 32 + 64) + 65


@pytest.mark.parametrize("name", ["resnet18", "efficientnet_b0"])
def test_imagenet_networks_cost_what_is_published(name: str) -> None:
    """torchvision gives multiply-adds (in 1e9, three digits) and parameters with 1000 outputs."""
    from torchvision import models

    published = models.get_model_weights(name).DEFAULT.meta
    size = size_of(builder(name), 3, 224)
    width = {"resnet18": 512, "efficientnet_b0": 1280}[name]
    assert size.parameters == published["num_params"] - 999 * (width + 1)
    assert size.flop is not None
    assert size.flop / 2e9 + 999 * width / 1e9 == pytest.approx(published["_ops"], abs=2e-3)


def test_what_cannot_take_the_images_says_why() -> None:
    size = size_of(builder("convnext_tiny"), 3, 4)
    assert size.flop is None
    assert size.why


def test_a_first_convolution_is_drawn_as_it_was() -> None:
    """With the network's own spread, from torch's global generator, bit for bit."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        first = nn.Conv2d(3, 32, 3, bias=False)
        torch.manual_seed(1)
        nn.Conv2d(1, 32, 3, bias=False)  # as it begins, before it is drawn anew
        expected = torch.empty(32, 1, 3, 3).normal_(0.0, float(first.weight.detach().std()))
        torch.manual_seed(1)
        assert torch.equal(_fitted(first, 1, 32, stride=1).weight, expected)
