"""Networks of torchvision, timm and MONAI: each takes the images, trains, and has its options."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from tests.trainables.models.test_models import NAMES
from trainables.errors import UnknownNameError
from trainables.models import MODELS, builder
from trainables.models.branch import METADATA
from trainables.models.classifier import BinaryClassifier

pytest.importorskip("timm")
pytest.importorskip("monai")

FLAT = [
    *(name for name in MODELS if name not in (*NAMES, "small_cnn_3d", METADATA)),
    "timm:resnet18",
    "timm:efficientnet_b0",
    "timm:vit_small_patch16_224",
    "timm:tf_efficientnetv2_b0",
]
VOLUMES = ["small_cnn_3d", "monai:resnet10", "monai:densenet121"]


def built(name: str, channels: int, size: int, seed: int = 0) -> BinaryClassifier:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return builder(name)(channels, size)


def images(name: str, batch: int, channels: int, size: int) -> torch.Tensor:
    axes = [size] * (3 if name in VOLUMES else 2)
    return torch.randn(batch, channels, *axes, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", [*FLAT, *VOLUMES])
def test_a_network_trains_and_gives_what_its_head_makes_of_its_features(name: str) -> None:
    size = 16 if name in VOLUMES else 32
    model, given = built(name, 1, size), images(name, 2, 1, size)
    logits = model(given)
    assert logits.shape == (2,)
    logits.square().sum().backward()
    without = [n for n, each in model.named_parameters() if each.grad is None]
    assert not without
    assert all(bool(torch.isfinite(each.grad).all()) for each in model.parameters())  # type: ignore[arg-type]
    model.eval()
    with torch.no_grad():
        features = model.features(given)
        assert features.shape == (2, model.head.in_features)
        torch.testing.assert_close(model.head(features).squeeze(1), model(given))
        torch.testing.assert_close(model(given)[[1, 0]], model(given.flip(0)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["resnet34", "efficientnet_b0", "convnext_tiny", "timm:resnet18"])
@pytest.mark.parametrize(("channels", "size"), [(3, 28), (1, 64), (4, 224)])
def test_sizes_and_channels(name: str, channels: int, size: int) -> None:
    with torch.no_grad():
        given = images(name, 1, channels, size)
        assert built(name, channels, size).eval()(given).shape == (1,)


@pytest.mark.parametrize("name", ["resnet32", "efficientnet_b0", "timm:efficientnet_b0"])
def test_caller_s_seed_decides_the_weights(name: str) -> None:
    first, same, other = (built(name, 1, 32, seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[key], same[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


@pytest.mark.parametrize("name", ["efficientnet_b0", "timm:efficientnet_b0", "convnext_tiny"])
def test_small_images_keep_more_pixels_and_the_weights_their_shapes(name: str) -> None:
    small, large = built(name, 3, 32), built(name, 3, 224)
    assert {k: v.shape for k, v in small.state_dict().items()} == {
        k: v.shape for k, v in large.state_dict().items()
    }
    first = [next(m for m in each.modules() if isinstance(m, nn.Conv2d)) for each in (small, large)]
    assert first[0].stride[0] == first[1].stride[0] // 2


@pytest.mark.parametrize(("name", "blocks"), [("resnet32", 15), ("resnet56", 27)])
def test_deeper_resnets_have_their_depth_and_activation(name: str, blocks: int) -> None:
    """6n + 2 layers (He et al. 2016): two a block, the first one and the head."""
    model = builder(name)(3, 32, activation="relu")
    depth = sum(isinstance(each, nn.Conv2d | nn.Linear) for each in model.modules())
    assert depth == 2 * blocks + 2 == int(name.removeprefix("resnet"))
    assert sum(isinstance(each, nn.ReLU) for each in model.modules()) == 1
    assert float(model.features[3](torch.full((1, 16, 4, 4), -5.0)).detach().min()) == 0.0  # type: ignore[index]
    with pytest.raises(UnknownNameError, match="activation must be one of elu, relu, not 'tanh'"):
        builder(name)(3, 32, activation="tanh")


@pytest.mark.parametrize("name", ["densenet121", "timm:efficientnet_b0", "monai:densenet121"])
def test_dropout_is_an_option(name: str) -> None:
    size = 16 if name in VOLUMES else 32
    model, given = builder(name)(1, size, drop_rate=0.5), images(name, 2, 1, size)
    with torch.no_grad():
        assert not torch.equal(model(given), model(given))
        model.eval()
        assert torch.equal(model(given), model(given))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("timm:efficientnet_b33", r"timm.list_models\(\), such as efficientnet_b3"),
        ("monai:unet", "'monai:unet' must be one of resnet10"),
        ("resnet21", "model must be one of mlp, small_cnn, resnet20"),
    ],
)
def test_an_unknown_network_is_named(name: str, words: str) -> None:
    with pytest.raises(UnknownNameError, match=words):
        builder(name)


@pytest.mark.parametrize("library", ["timm", "monai"])
def test_without_the_library_the_line_that_installs_it(library: str) -> None:
    code = (
        f"import sys\nsys.modules[{library!r}] = None\n"
        "from trainables.models import MODELS, builder\n"
        "assert builder('small_cnn') is MODELS['small_cnn']\n"
        f"builder('{library}:resnet18')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"needs the package {library}: pip install 'aucstudy[{library}]'" in done.stderr
