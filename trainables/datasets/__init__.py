"""Data sets by name. A reader takes (root, download) and gives a Source of uint8 tensors."""

from trainables.datasets.cat_and_dog import read_cat_and_dog
from trainables.datasets.cifar import read_cifar10, read_cifar100
from trainables.datasets.digits import read_digits
from trainables.datasets.medmnist import MEDMNIST
from trainables.datasets.source import Reader
from trainables.datasets.stl10 import read_stl10

__all__ = ["DATASETS"]

DATASETS: dict[str, Reader] = {
    "digits": read_digits,
    "cifar10": read_cifar10,
    "cifar100": read_cifar100,
    "stl10": read_stl10,
    "cat_and_dog": read_cat_and_dog,
    **MEDMNIST,
}
