"""Vectors in the store: those of the network, made once, whole, and anew when anything changes."""

import multiprocessing
import time
from collections.abc import Iterator
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.trainables.features.logged import NAME, digits, make
from trainables.batches.augment import normalise
from trainables.datasets.cache import read_source
from trainables.datasets.store.arrays import is_mapped
from trainables.datasets.store.progress import beating
from trainables.errors import DataError
from trainables.features import embedding as module
from trainables.models import builder
from trainables.models.features import Features
from trainables.models.weights import statistics


def expected(images: torch.Tensor, seed: int = 0) -> torch.Tensor:
    """Of the mlp whose weights are drawn from ``seed``."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        features = builder("mlp")(1, 8).features.eval()
        vectors: torch.Tensor = features(normalise(images, *statistics("mlp", 1)))
    return vectors


def test_a_vector_is_what_the_network_gives_of_its_image(tmp_path: Path) -> None:
    source = read_source("digits", tmp_path)
    made = digits(tmp_path)
    before, found, after = made.kept, made.vectors(), made.kept
    assert (before, after) == (False, True)
    torch.testing.assert_close(found.train, expected(source.train_images))
    torch.testing.assert_close(found.test, expected(source.test_images))
    assert made.nbytes == 4 * (found.train.numel() + found.test.numel())
    assert is_mapped(found.train)
    other = digits(tmp_path, seed=1).vectors()
    torch.testing.assert_close(other.test, expected(source.test_images, seed=1))


def test_views_are_the_image_and_what_augmentation_makes_of_it(tmp_path: Path) -> None:
    source = read_source("digits", tmp_path)
    found = digits(tmp_path, "flip", views=4).vectors()
    plain, mirrored = expected(source.train_images), expected(source.train_images.flip(3))
    assert found.train.shape == (*plain.shape[:1], 4, plain.shape[1])
    assert torch.equal(found.train[:, 0], found.plain)
    is_plain, is_mirrored = (
        torch.isclose(found.train, each[:, None], atol=1e-5).all(2) for each in (plain, mirrored)
    )
    assert (is_plain | is_mirrored).all()
    # 3 views of 1,442 images: half of them mirrored, within 5 standard deviations.
    assert abs(float(is_mirrored[:, 1:].float().mean()) - 0.5) < 5 * 0.5 / (3 * 1442) ** 0.5
    assert not torch.equal(is_mirrored[:, 1], is_mirrored[:, 2])
    assert torch.equal(digits(tmp_path, "flip", views=4).vectors().train, found.train)
    assert not torch.equal(digits(tmp_path, "flip", views=4, seed=1).vectors().train, found.train)


def test_what_decides_a_vector_makes_another_set(tmp_path: Path) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)  # not what seed 0 or 1 draws
        torch.save(builder("mlp")(1, 8).features.state_dict(), tmp_path / "w.pth")

    def place(augmentation: str | None = None, **options: Any) -> Path:
        made = digits(tmp_path, augmentation, **options)
        return made._entry("train", options.get("views", 1)).pixels

    same = {
        place(**options)
        for options in ({}, {"head": "mlp"}, {"head": "mlp", "hidden": 7}, {"seed": 0})
    }
    assert len(same) == 1
    others = {
        place(weights="w.pth"),
        place(seed=1),
        place(features="resnet20"),
        place(features="resnet20", activation="relu"),
        place("flip", views=2),
        place("flip", views=2, seed=1),
        place("crop_flip", views=2),
        place("crop_flip", views=3),
    }
    assert len(others | same) == 9


def test_other_weights_in_the_same_file_and_other_images_are_another_set(
    tmp_path: Path, store: Path
) -> None:
    options = {"features": "mlp", "weights": "w.pth"}
    asked = Features.of(options)
    source = read_source("digits", tmp_path)

    def made() -> int:
        """As a process that comes later has it."""
        module.Embedding(source, "digits", asked, "none", tmp_path, "cpu").vectors()
        return len([*store.glob("*.json")])

    for seed, sets in ((0, 2), (1, 4), (0, 4)):
        torch.manual_seed(seed)
        torch.save(builder("mlp")(1, 8).features.state_dict(), tmp_path / "w.pth")
        assert made() == sets
    source.test_images[0, 0, 0, 0] ^= 1
    assert made() == 5
    source.test_images[0, 0, 0, 0] ^= 1


def test_a_file_cut_short_is_made_anew(tmp_path: Path, store: Path) -> None:
    whole = digits(tmp_path).vectors().train.clone()
    for file in store.glob("*.pixels"):
        file.write_bytes(file.read_bytes()[:-100])
    assert not digits(tmp_path).kept
    assert torch.equal(digits(tmp_path).vectors().train, whole)


def test_a_stop_in_the_middle_leaves_nothing_half_and_goes_on(
    tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 100)
    log = tmp_path / "log"
    made = digits(tmp_path, features=NAME, log=str(log))
    left = iter([True] * 5)

    def beat() -> None:
        if log.exists() and not next(left, False):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), beating(beat):
        made.vectors()
    assert not [*store.glob("*.json")]
    assert not made.kept
    before = log.read_text().count("100\n")
    assert 0 < before < 14
    found = made.vectors()
    source = read_source("digits", tmp_path)
    seen = normalise(source.train_images, *statistics(NAME, 1)).mean((1, 3))
    torch.testing.assert_close(found.train, seen)
    # 1,442 images for training and 355 for the test, each seen once.
    assert sum(map(int, log.read_text().split())) == 1442 + 355
    assert {file.suffix for file in store.iterdir()} == {".pixels", ".json", ".lock"}


def started(root: Path, cache: Path, **options: Any) -> ForkServerProcess:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([make.__module__])
    child = context.Process(target=make, args=(str(cache), root, {"features": NAME, **options}))
    child.start()
    return child


@pytest.fixture
def ended() -> Iterator[list[ForkServerProcess]]:
    """Processes that are ended with the test."""
    children: list[ForkServerProcess] = []
    yield children
    for child in children:
        child.kill()
        child.join()


def test_one_process_embeds_and_the_other_waits_and_a_killed_one_leaves_its_work(
    tmp_path: Path, store: Path, ended: list[ForkServerProcess]
) -> None:
    log, cache = tmp_path / "log", store.parent
    ended.append(started(tmp_path, cache, log=str(log), seconds=0.5))
    while not log.exists() or len(log.read_text().splitlines()) < 3:
        assert ended[0].is_alive()
        time.sleep(0.01)
    ended[0].kill()
    ended[0].join()
    assert not [*store.glob("*.json")]
    killed = len(log.read_text().splitlines())
    log.unlink()
    # What is left, by two at once: seconds are an option of the network, but no other network.
    two = [started(tmp_path, cache, log=str(log), seconds=0.5) for _ in range(2)]
    ended.extend(two)
    for child in two:
        child.join()
    assert [child.exitcode for child in two] == [0, 0]
    # 6 batches for training and 2 for the test; the one under way when it was killed is done anew.
    assert len(log.read_text().splitlines()) in (8 - killed, 8 - killed + 1)


def test_features_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    state = builder("mlp")(1, 8).features.state_dict()
    state["1.bias"][0] = torch.nan
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(DataError, match="features must be finite, and mlp gives others"):
        digits(tmp_path, weights="w.pth").vectors()


def test_its_time_is_measured_and_zeros_stand_for_it(tmp_path: Path, store: Path) -> None:
    made = digits(tmp_path, "flip", views=3)
    assert made.seconds() > 0
    blank = made.blank()
    assert (blank.train.shape, blank.test.shape) == ((1442, 3, 64), (355, 64))
    assert not [*store.glob("*.json")]
