"""Easy positives and wrong labels: on real digits, with the rest of the task untouched."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.trainables.test_loop import config, to_the_end
from trainables.datasets.cut.ablation import Ablation, easiest
from trainables.datasets.cut.imbalance import BinaryTask, binary_task, counts
from trainables.datasets.images import Images
from trainables.datasets.sets.digits import read_digits
from trainables.errors import DataError
from trainables.loop import TrainingRun

SOURCE = read_digits(Path(), False)


def task(ablation: Ablation = Ablation(), imratio: float | None = 0.1, seed: int = 1) -> BinaryTask:  # noqa: B008
    return binary_task(SOURCE, imratio, seed, "before", ablation)


def whole(images: Images) -> torch.Tensor:
    return torch.cat([*images.split(500)])


def rows(images: Images | torch.Tensor) -> set[bytes]:
    pixels = whole(images) if isinstance(images, Images) else images
    return {image.numpy().tobytes() for image in pixels}


def same_rest(left: BinaryTask, right: BinaryTask) -> bool:
    targets = ("val_targets", "test_targets")
    return all(torch.equal(getattr(left, name), getattr(right, name)) for name in targets) and all(
        torch.equal(whole(getattr(left, name)), whole(getattr(right, name)))
        for name in ("val_images", "test_images")
    )


@pytest.mark.parametrize("share", [0.1, 0.2])
def test_easy_positives_join_those_kept(share: float) -> None:
    plain, eased = task(), task(Ablation(easy_positives=share))
    kept = int(plain.train_targets.sum())
    added = round(share * kept)
    assert int(eased.train_targets.sum()) == kept + added
    assert len(eased.train_targets) == len(plain.train_targets) + added
    assert eased.prior == (kept + added) / len(eased.train_targets) > plain.prior
    assert rows(plain.train_images) < rows(eased.train_images)
    assert not rows(eased.train_images) & rows(eased.val_images)
    assert same_rest(plain, eased)
    found = counts(SOURCE.train_labels, 10, 0.1, "before", SOURCE.validation_share, share)
    assert found.train_positives == kept + added


def test_they_are_those_of_the_nearest_class_mean() -> None:
    """Against a plain loop over squared distances: d(negatives' mean) - d(positives' mean)."""
    plain, eased = task(), task(Ablation(easy_positives=0.2))
    x, y = whole(plain.train_images).double().flatten(1).numpy(), plain.train_targets.numpy()
    means = [np.mean(x[y == label], axis=0) for label in (0, 1)]

    def ease(image: np.ndarray) -> float:
        far, near = (float(((image - mean) ** 2).sum()) for mean in means)
        return far - near

    used = rows(plain.train_images) | rows(plain.val_images)
    everything = SOURCE.train_images[SOURCE.train_labels >= 5]
    left = [image for image in everything if image.numpy().tobytes() not in used]
    ranked = sorted(left, key=lambda image: -ease(image.double().flatten().numpy()))
    added = rows(eased.train_images) - rows(plain.train_images)
    assert added == rows(torch.stack(ranked[: len(added)]))


def test_easiest_comes_first() -> None:
    images = torch.tensor([10, 200, 90], dtype=torch.uint8).view(3, 1, 1, 1)
    black, white = (Images(images, torch.tensor([i])) for i in (0, 1))
    assert easiest(Images(images), white, black, 2).tolist() == [1, 2]


@pytest.mark.parametrize("share", [0.01, 0.05, 0.3])
def test_wrong_labels_in_both_classes(share: float) -> None:
    plain, noisy = task(imratio=None), task(Ablation(label_noise=share), imratio=None)
    assert torch.equal(whole(plain.train_images), whole(noisy.train_images))
    assert same_rest(plain, noisy)
    changed = plain.train_targets != noisy.train_targets
    for label in (0, 1):
        members = plain.train_targets == label
        assert int(changed[members].sum()) == round(share * int(members.sum()))
    assert noisy.prior == float(noisy.train_targets.double().mean())


def test_the_noise_has_a_seed_of_its_own() -> None:
    """And another one with every data split."""
    noise = Ablation(label_noise=0.2)
    assert torch.equal(task(noise).train_targets, task(noise).train_targets)
    other = task(replace(noise, seed=1))
    assert torch.equal(whole(other.train_images), whole(task(noise).train_images))
    assert not torch.equal(other.train_targets, task(noise).train_targets)


def test_a_trial_takes_them_and_learns_less_from_noise() -> None:
    results = [
        to_the_end(TrainingRun(config(method="ce", epochs=6, imratio=0.3, label_noise=noise)))
        for noise in (0.0, 0.4)
    ]
    assert results[0][-1]["val_auroc"] > results[1][-1]["val_auroc"] + 0.02
    eased = TrainingRun(config(easy_positives=0.2))
    assert eased.steps >= TrainingRun(config()).steps


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: task(Ablation(easy_positives=0.1), imratio=None), "left 0"),
        (lambda: task(Ablation(easy_positives=99.0)), "easy_positives 99.0 needs"),
        (lambda: Ablation(easy_positives=-0.1), "at least 0, not -0.1"),
        (lambda: Ablation(label_noise=0.5), r"in \[0, 0.5\), not 0.5"),
    ],
)
def test_what_cannot_be_is_refused(ask: object, words: str) -> None:
    assert callable(ask)
    with pytest.raises(DataError, match=words):
        ask()
