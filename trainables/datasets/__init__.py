"""Data sets by name. A reader takes (root, download) and gives a Source of uint8 tensors."""

from trainables.datasets.digits import read_digits
from trainables.datasets.source import Reader

__all__ = ["DATASETS"]

DATASETS: dict[str, Reader] = {
    "digits": read_digits,
}
