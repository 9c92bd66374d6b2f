"""Networks of torchvision, timm and MONAI: their stems, depths, options and names."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from trainables.errors import UnknownNameError
from trainables.models import builder
from trainables.models.classifier import BinaryClassifier

pytest.importorskip("timm")
pytest.importorskip("monai")

VOLUMES = ["monai:densenet121"]


def built(name: str, channels: int, size: int, seed: int = 0) -> BinaryClassifier:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return builder(name)(channels, size)


def images(name: str, batch: int, channels: int, size: int) -> torch.Tensor:
    axes = [size] * (3 if name in VOLUMES else 2)
    return torch.randn(batch, channels, *axes, generator=torch.Generator().manual_seed(1))


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


def test_resnets_begin_as_he_et_al_or_as_glorot_and_bengio() -> None:
    """Normal weights: of a fan in n and a fan out m, 2 / n and 2 / (n + m) are the variances."""

    def deviations(**options: str) -> list[float]:
        torch.manual_seed(0)
        layers = [
            each
            for each in builder("resnet20")(3, 32, **options).modules()
            if isinstance(each, nn.Conv2d | nn.Linear)
        ]
        shapes = [each.weight.shape for each in layers]
        fans = [(float(shape[1:].numel()), shape[0] * float(shape[2:].numel())) for shape in shapes]
        assert [fans[0], fans[-1]] == [(27, 144), (64, 1)]
        if options.get("init") == "xavier":
            expected = [(2 / (n + m)) ** 0.5 for n, m in fans]
        else:
            # The last layer is PyTorch's own: uniform within 1 / sqrt(n).
            expected = [(2 / n) ** 0.5 for n, _ in fans[:-1]] + [(1 / 3 / 64) ** 0.5]
        found = [float(each.weight.detach().std()) for each in layers]
        assert found == pytest.approx(expected, rel=0.2)
        return found

    assert deviations() == deviations(init="he") == deviations(activation="relu")
    assert deviations(init="xavier") != deviations()
    with pytest.raises(UnknownNameError, match="init must be one of he, xavier, not 'zero'"):
        builder("resnet20")(3, 32, init="zero")


def test_a_head_drawn_later_begins_as_the_network_did() -> None:
    """The variance is 2 / (64 + outputs), a bias within PyTorch's bound of 1 / 8."""
    torch.manual_seed(0)
    model = builder("resnet20")(3, 32, init="xavier")
    before = torch.get_rng_state()
    drawn = []
    for seed in range(50):
        model.reset_head(torch.Generator().manual_seed(seed))
        assert float(model.head.bias.detach().abs()) <= 0.125
        drawn.append(model.head.weight.detach().clone())
    assert torch.equal(torch.get_rng_state(), before)
    assert float(torch.cat(drawn).std()) == pytest.approx((2 / 65) ** 0.5, rel=0.05)
    model.have_outputs(200)
    assert float(model.head.weight.detach().std()) == pytest.approx((2 / 264) ** 0.5, rel=0.05)


@pytest.mark.parametrize("name", ["densenet121", "timm:efficientnet_b0", "monai:densenet121"])
def test_dropout_is_an_option(name: str) -> None:
    size = 8 if name in VOLUMES else 32
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


def test_without_the_libraries_the_line_that_installs_them() -> None:
    code = (
        "import sys\n"
        "sys.modules['timm'] = sys.modules['monai'] = None\n"
        "from trainables.errors import UnknownNameError\n"
        "from trainables.models import MODELS, builder\n"
        "assert builder('small_cnn') is MODELS['small_cnn']\n"
        "for library in ('timm', 'monai'):\n"
        "    try:\n"
        "        builder(f'{library}:resnet18')\n"
        "    except UnknownNameError as error:\n"
        "        print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for line, library in zip(done.stdout.splitlines(), ("timm", "monai"), strict=True):
        assert f"needs the package {library}: pip install 'aucstudy[{library}]'" in line
