"""What every network must keep: newcomers in MODELS inherit these tests.

Shapes and gradients of all are found on the meta device, which computes nothing; the numbers of
those that are not in ``LIKE_A_SMALLER_ONE`` on the CPU.
"""

import copy
import io
from collections.abc import Callable, Iterator
from functools import cache

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from tests.trainables.host_reads import no_host_reads
from trainables.methods import METHODS
from trainables.models import LIBRARIES, MODELS, builder
from trainables.models.branch import METADATA
from trainables.models.classifier import BinaryClassifier
from trainables.recipe import Batch, Context

OF_LIBRARIES = {
    "timm": [
        *("timm:test_resnet", "timm:test_efficientnet", "timm:test_vit"),  # timm's own small ones
        *("timm:vit_small_patch16_224", "timm:inception_resnet_v2"),
    ],
    "monai": ["monai:resnet10", "monai:densenet121"],
}

LIKE_A_SMALLER_ONE = {
    *("resnet32", "resnet56", "resnet34", "resnet50", "densenet161", "densenet169", "densenet201"),
    *(f"efficientnet_b{size}" for size in range(1, 8)),
    *("efficientnet_v2_s", "efficientnet_v2_m"),
    *("timm:vit_small_patch16_224", "timm:inception_resnet_v2", "monai:densenet121"),
}
"""Large ones, made as another is that computes here."""

LEAST = {"timm:test_vit": 32}
"""Pixels a side of the smallest images that a network takes, if 28 are too few."""

NAMES = [*MODELS, *(name for names in OF_LIBRARIES.values() for name in names)]


def needs_its_library(name: str) -> None:
    library = name.partition(":")[0]
    if library in LIBRARIES:
        pytest.importorskip(library)


def takes_volumes(name: str) -> bool:
    return name.endswith("_3d") or name.startswith("monai:")


def axes(name: str, size: int) -> list[int]:
    """Of an image; a large volume is not as deep as it is wide, and metadata are columns alone."""
    if name == METADATA:
        return []
    return [max(8, size // 2 + 1), size, size] if takes_volumes(name) else [size, size]


def built(name: str, channels: int, size: int, seed: int = 0) -> BinaryClassifier:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return builder(name)(channels, size)


class _NoNumbers(TorchFunctionMode):
    """A builder may ask how weights are spread, which on the meta device nobody knows."""

    def __torch_function__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        return 1.0 if func is Tensor.__float__ else func(*args, **(kwargs or {}))


def on_meta(name: str, channels: int, size: int, labels: int) -> tuple[BinaryClassifier, Tensor]:
    """A network, and its logits of two images."""
    with _NoNumbers(), torch.device("meta"):
        model = builder(name)(channels, size)
        model.have_outputs(labels)
    logits = model(torch.empty(2, channels, *axes(name, size), device="meta"))
    assert logits.shape == ((2,) if labels == 1 else (2, labels))
    assert logits.dtype == torch.float32
    return model, logits


@pytest.mark.parametrize("name", NAMES)
def test_a_gradient_reaches_all_that_is_trained(name: str) -> None:
    needs_its_library(name)
    model, logits = on_meta(name, 3, 224, 5)
    logits.sum().backward()
    assert not [n for n, each in model.named_parameters() if each.grad is None]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in LIKE_A_SMALLER_ONE])
@pytest.mark.parametrize(("channels", "size"), [(1, 28), (3, 32), (4, 64)])
def test_every_size_has_a_logit_an_image(name: str, channels: int, size: int) -> None:
    needs_its_library(name)
    on_meta(name, channels, max(size, LEAST.get(name, 1)), 1)


# The rest computes. Each network is built once, for all tests.


@pytest.fixture(scope="module", params=[name for name in NAMES if name not in LIKE_A_SMALLER_ONE])
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    needs_its_library(found)
    return found


@pytest.fixture(scope="module")
def make(name: str) -> Iterator[Callable[..., BinaryClassifier]]:
    """A network of that name, as new; of (channels, size, seed)."""
    kept = cache(lambda *arguments: built(name, *arguments))
    yield lambda *arguments: copy.deepcopy(kept(*arguments))
    kept.cache_clear()


def images(name: str, batch: int, channels: int) -> Tensor:
    shape = (batch, channels, *axes(name, side(name)))
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


def side(name: str) -> int:
    """Small, so that it is soon computed."""
    return 8 if takes_volumes(name) else 32


@pytest.mark.parametrize(("method", "channels", "labels"), [("ce", 1, 1), ("auc_m", 3, 5)])
def test_a_step_reads_nothing_of_the_host_and_moves_all_that_is_trained(
    name: str, make: Callable[..., BinaryClassifier], method: str, channels: int, labels: int
) -> None:
    model = make(channels, side(name), 0)
    model.have_outputs(labels)
    targets = (torch.arange(4 * labels) % 2).float().view(4, labels)
    prior: float | Tensor = torch.full((labels,), 0.5)
    if labels == 1:
        targets, prior = targets.squeeze(1), 0.5
    batch = Batch(images(name, 4, channels), targets, torch.arange(4))
    generator = torch.Generator()
    recipe = METHODS[method]().recipe(Context(model, prior, generator, 4, outputs=labels))
    recipe.advance(0.0)
    before = {key: each.clone() for key, each in model.state_dict().items()}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        recipe.step([batch])  # the first one makes the optimizer's state
        with no_host_reads():
            loss = recipe.step([batch])
    assert bool(torch.isfinite(loss))
    after = model.state_dict()
    assert all(bool(torch.isfinite(each).all()) for each in after.values())
    still = {key for key, each in after.items() if torch.equal(each, before[key])}
    # What the whole of a batch is normalised by next moves by rounding alone, or not at all.
    assert not {key for key in still if key.endswith("weight")}
    assert not still & {"head.weight", "head.bias"}


def test_in_evaluation_an_image_has_its_own_logit_from_features_and_head(
    name: str, make: Callable[..., BinaryClassifier]
) -> None:
    model, given = make(3, side(name), 0).eval(), images(name, 3, 3)
    order = torch.tensor([2, 0, 1])
    with torch.no_grad():
        logits, features = model(given), model.features(given)
        torch.testing.assert_close(model.head(features).squeeze(1), logits)
        torch.testing.assert_close(model(given[order]), logits[order], rtol=1e-4, atol=1e-5)
        assert torch.equal(model(given), logits)


def test_the_caller_s_seed_decides_the_weights_and_a_file_brings_them_back(
    name: str, make: Callable[..., BinaryClassifier]
) -> None:
    first, other, again = make(3, side(name), 0), make(3, side(name), 1), built(name, 3, side(name))
    state = first.state_dict()
    assert all(torch.equal(each, state[key]) for key, each in again.state_dict().items())
    assert any(not torch.equal(each, state[key]) for key, each in other.state_dict().items())
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    other.load_state_dict(torch.load(file, weights_only=True))
    given = images(name, 2, 3)
    with torch.no_grad():
        assert torch.equal(first.eval()(given), other.eval()(given))


def test_bf16_stays_near_f32_and_gives_float32(
    name: str, make: Callable[..., BinaryClassifier]
) -> None:
    model, given = make(3, side(name), 0).eval(), images(name, 4, 3)
    with torch.no_grad():
        expected = model(given)
    model.precision = "bf16"
    logits = model(given)
    assert logits.dtype == torch.float32
    assert not torch.equal(logits, expected)
    # bfloat16 keeps 8 bits.
    torch.testing.assert_close(logits, expected, rtol=0.1, atol=0.1)
    logits.sum().backward()
    for each in model.parameters():
        assert each.grad is not None
        assert each.grad.dtype == torch.float32
