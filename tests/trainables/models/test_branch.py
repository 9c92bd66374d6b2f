"""A branch of metadata beside a network of images: its arithmetic, its parts, its options."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from trainables.errors import DataError
from trainables.models import network
from trainables.models.branch import Branch, Branched
from trainables.models.classifier import BinaryClassifier
from trainables.models.frozen import branch_alone, head_only, image_alone

COLUMNS = 7


def built(name: str = "small_cnn", seed: int = 0, **options: Any) -> BinaryClassifier:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return network(name, options, 1, 8, Path(), COLUMNS)


def branched(**options: Any) -> Branched:
    model = built(**{"branch": "joint", **options})
    assert isinstance(model, Branched)
    return model


def batch(count: int = 5) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(1)
    images = torch.randn(count, 1, 8, 8, generator=draw)
    return images, torch.randn(count, COLUMNS, generator=draw)


def perceptron(state: dict[str, Tensor], begin: str, metadata: Tensor) -> np.ndarray:
    """Two layers of ELUs and a linear one, in NumPy."""
    weights = {name: each.double().numpy() for name, each in state.items()}
    hidden = metadata.double().numpy()
    for layer in ("features.0", "features.2"):
        hidden = hidden @ weights[f"{begin}{layer}.weight"].T + weights[f"{begin}{layer}.bias"]
        hidden = np.where(hidden > 0, hidden, np.exp(np.minimum(hidden, 0)) - 1)
    found: np.ndarray = hidden @ weights[f"{begin}head.weight"].T + weights[f"{begin}head.bias"]
    return found


@pytest.mark.parametrize("merge", [0.25, 0.5])
def test_the_logits_are_the_weighed_sum_of_both(merge: float) -> None:
    model, (images, metadata) = branched(merge=merge).eval(), batch()
    state = model.state_dict()
    assert state["branch.features.0.weight"].shape == (256, COLUMNS)
    assert state["branch.features.2.weight"].shape == (128, 256)
    with torch.no_grad():
        alone = built().eval()(images)  # the same seed without a branch
        found = model(images, metadata)
    beside = perceptron(state, "branch.", metadata)[:, 0]
    expected = (1 - merge) * alone.double().numpy() + merge * beside
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5, atol=1e-6)


def test_metadata_alone_is_the_same_perceptron() -> None:
    with torch.random.fork_rng(devices=[]):
        model = network("metadata", {}, COLUMNS, COLUMNS, Path())
    _, metadata = batch()
    expected = perceptron(model.state_dict(), "", metadata)[:, 0]
    np.testing.assert_allclose(model(metadata).detach().numpy(), expected, rtol=1e-5, atol=1e-6)


def test_the_gradient_reaches_both() -> None:
    model, given = branched(), batch()
    model(*given).square().sum().backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert bool(weight.grad.any()), name


@pytest.mark.parametrize("labels", [1, 3])
def test_a_branch_leaves_the_image_network_as_it_is_without_one(labels: int) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        plain = network("small_cnn", {}, 1, 8, Path())
        plain.have_outputs(labels)
        torch.manual_seed(3)
        model = network("small_cnn", {"branch": "after"}, 1, 8, Path(), COLUMNS)
        model.have_outputs(labels)
    images, metadata = batch()
    assert torch.equal(plain(images), model(images, metadata))  # merge is 0 until it begins
    assert model(images, metadata).shape == ((5,) if labels == 1 else (5, labels))
    assert isinstance(model, Branched)
    model.begin_branch()
    assert not torch.equal(plain(images), model(images, metadata))


def test_a_new_head_is_a_new_one_of_each_part_that_is_trained() -> None:
    model, draw = branched(), torch.Generator().manual_seed(1)
    for part, parts in (
        (model, ("image", "branch")),
        (image_alone(model), ("image",)),
        (branch_alone(model), ("branch",)),
    ):
        before = {name: each.clone() for name, each in model.state_dict().items()}
        part.reset_head(draw)
        changed = {n for n, each in model.state_dict().items() if not torch.equal(each, before[n])}
        assert changed == {f"{each}.head.{kind}" for each in parts for kind in ("weight", "bias")}


def test_heads_alone_are_trained_where_both_have_one() -> None:
    model, given = branched(), batch()
    heads = head_only(model)
    assert {id(each) for each in heads.parameters()} == {
        id(each)
        for part in (model.image, model.branch)
        for each in part.head.parameters()  # type: ignore[union-attr]
    }
    with torch.no_grad():
        assert torch.equal(heads(*given), model.eval()(*given))
    beside = head_only(branch_alone(model))
    assert model.branch is not None
    assert [*beside.parameters()] == [*model.branch.head.parameters()]


def test_bf16_reaches_both_and_gives_float32() -> None:
    model, given = branched(), batch()
    expected = model(*given)
    model.precision = "bf16"
    assert model.precision == "bf16"
    logits = model(*given)
    assert logits.dtype == torch.float32
    assert not torch.equal(logits, expected)
    torch.testing.assert_close(logits, expected, rtol=0.1, atol=0.1)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("small_cnn", {"branch": "later"}, "branch must be joint or after, not 'later'"),
        (
            "small_cnn",
            {"branch": "joint", "merge": 1},
            r"merge must be a number in \(0, 1\), not 1",
        ),
        ("small_cnn", {"branch": "joint", "merge": True}, r"merge must be a number in \(0, 1\)"),
        ("small_cnn", {"branch": "after", "branch_from": 0.0}, "branch_from must be a number in"),
        ("small_cnn", {"branch": "joint", "branch_from": 0.5}, "branch_from is for branch: after"),
        ("small_cnn", {"merge": 0.5}, "merge is of a branch, and small_cnn has none"),
        ("metadata", {"branch": "joint"}, "stands beside a network of images"),
    ],
)
def test_other_options_are_refused(name: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        Branch.of(name, options)


def test_without_columns_or_metadata_it_is_one_sentence() -> None:
    with pytest.raises(DataError, match="needs a data set with metadata, and this one has none"):
        network("small_cnn", {"branch": "joint"}, 1, 8, Path())
    with pytest.raises(DataError, match="takes images and metadata, and got images alone"):
        branched()(batch()[0])
