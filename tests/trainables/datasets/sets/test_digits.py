"""The digits: nothing lost, a fixed stratified test set."""

import hashlib
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from trainables.datasets.sets.digits import read_digits


def test_every_image_is_there_once_and_nothing_is_lost() -> None:
    source = read_digits(Path("nowhere"), False)
    assert source.train_images.shape == (1_442, 1, 8, 8)
    assert source.test_images.shape == (355, 1, 8, 8)
    images = np.concatenate([source.train_images, source.test_images])[:, 0]
    labels = np.concatenate([source.train_labels, source.test_labels])
    assert images.dtype == np.uint8
    assert (images.min(), images.max()) == (0, 255)
    ours = sorted(
        (label, (image / 255 * 16).round().tobytes())
        for label, image in zip(labels, images, strict=True)
    )
    digits = load_digits()
    theirs = sorted(
        (label, image.tobytes()) for label, image in zip(digits.target, digits.images, strict=True)
    )
    assert ours == theirs


def test_test_set_is_fixed_and_stratified() -> None:
    source = read_digits(Path("nowhere"), False)
    train, test = source.train_labels.bincount(), source.test_labels.bincount()
    assert (test * 5 <= train + test).all()
    assert (test * 5 > train + test - 5).all()
    # The same test set for ever: results of different versions stay comparable.
    digest = hashlib.sha256(source.test_images.numpy().tobytes()).hexdigest()
    assert digest == "747b8e40cc4d21a26c27e6681d6b5641b1d1c96162f713457890ca5ee65f561d"


def test_checksum_of_the_file_that_scikit_learn_ships() -> None:
    assert list(read_digits(Path("nowhere"), False).checksums) == ["digits.csv.gz"]
