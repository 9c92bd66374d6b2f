"""Data sets by name. A reader takes (root, download) and its options, and gives a Source."""

from collections.abc import Callable

from trainables.datasets.own.csv_file import read_csv
from trainables.datasets.own.folder import read_folder
from trainables.datasets.own.hdf5 import read_hdf5
from trainables.datasets.own.npz import read_npz
from trainables.datasets.sets import (
    cat_and_dog,
    cat_vs_dog,
    chexpert,
    cifar,
    ddsm,
    isic2024,
    medmnist,
    melanoma,
    pcam,
    stl10,
)
from trainables.datasets.sets.about import About
from trainables.datasets.sets.digits import read_digits
from trainables.datasets.source import Source

__all__ = ["ABOUT", "DATASETS"]

DATASETS: dict[str, Callable[..., Source]] = {
    "digits": read_digits,
    "cifar10": cifar.read_cifar10,
    "cifar100": cifar.read_cifar100,
    "stl10": stl10.read_stl10,
    "cat_and_dog": cat_and_dog.read_cat_and_dog,
    "cat_vs_dog": cat_vs_dog.read_cat_vs_dog,
    **medmnist.MEDMNIST,
    "pcam": pcam.read_pcam,
    "chexpert": chexpert.read_chexpert,
    "melanoma": melanoma.read_melanoma,
    "isic2024": isic2024.read_isic2024,
    "ddsm": ddsm.read_ddsm,
    "folder": read_folder,
    "csv": read_csv,
    "npz": read_npz,
    "hdf5": read_hdf5,
}

ABOUT: dict[str, About] = {
    "digits": About("Digits", classes=tuple(str(digit) for digit in range(10))),
    "cifar10": cifar.ABOUT_10,
    "cifar100": cifar.ABOUT_100,
    "stl10": stl10.ABOUT,
    "cat_and_dog": cat_and_dog.ABOUT,
    "cat_vs_dog": cat_vs_dog.ABOUT,
    **medmnist.ABOUT,
    "pcam": pcam.ABOUT,
    "chexpert": chexpert.ABOUT,
    "melanoma": melanoma.ABOUT,
    "isic2024": isic2024.ABOUT,
    "ddsm": ddsm.ABOUT,
}
"""Of each what is known before it is read."""
