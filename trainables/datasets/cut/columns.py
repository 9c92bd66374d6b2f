"""What is known of images beside their pixels, as float columns that a network can take."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.datasets.metadata import Metadata
from trainables.errors import DataError

__all__ = ["Columns", "fitted", "is_missing"]


@dataclass(frozen=True)
class _Number:
    """Standardised: (value - mean) / deviation, 0 where missing."""

    name: str
    mean: float
    deviation: float

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def encode(self, column: NDArray[np.float64]) -> NDArray[np.float64]:
        standardised = (column - self.mean) / self.deviation
        return np.where(np.isnan(column), 0.0, standardised)[:, None]


@dataclass(frozen=True)
class _Category:
    """One-hot: a column for each category; all 0 where it is missing or none of these."""

    name: str
    categories: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.name}: {category}" for category in self.categories)

    def encode(self, column: NDArray[np.str_]) -> NDArray[np.float64]:
        return (column[:, None] == np.array(self.categories, dtype=object)).astype(np.float64)


@dataclass(frozen=True)
class _Missing:
    """1 where the value is missing, else 0."""

    name: str

    @property
    def names(self) -> tuple[str, ...]:
        return (f"{self.name} missing",)

    def encode(self, column: NDArray[np.float64] | NDArray[np.str_]) -> NDArray[np.float64]:
        return is_missing(column)[:, None].astype(np.float64)


@dataclass(frozen=True)
class Columns:
    """How metadata become float columns, fitted on a training part by `fitted`.

    Attributes:
        names: of the K columns: "age", "age missing", "sex: female" and so on.
    """

    _encoders: tuple[_Number | _Category | _Missing, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for each in self._encoders for name in each.names)

    def encode(self, metadata: Metadata) -> Tensor:
        """Rows of any part as float32 (N, K); it has the columns of the training part."""
        found = [each.encode(metadata.columns[each.name]) for each in self._encoders]  # type: ignore[arg-type]
        table = np.concatenate([np.empty((len(metadata), 0)), *found], 1)
        return torch.from_numpy(table.astype(np.float32))


def fitted(train: Metadata) -> Columns:
    """From the rows of the training part alone.

    A number is standardised by the mean and the standard deviation (over N) of its known values; a
    column of one value becomes 0. A category gets a column for each value met, in the order of
    their names. A column with missing values has one more, which says where they are; the value
    itself is 0 there, which is a number's mean. What is met or missing only later is 0 as well.

    Args:
        train: of the training images.

    Raises:
        DataError: a number is infinite.

    Example:
        >>> age, sex = np.array([40.0, 60.0, np.nan]), np.array(["f", "", "m"])
        >>> columns = fitted(Metadata({"age": age, "sex": sex}))
        >>> columns.names
        ('age', 'age missing', 'sex: f', 'sex: m', 'sex missing')
        >>> columns.encode(Metadata({"age": age[:2], "sex": np.array(["m", "x"])})).tolist()
        [[-1.0, 0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0]]
    """
    encoders: list[_Number | _Category | _Missing] = []
    for name, column in train.columns.items():
        missing = is_missing(column)
        known = column[~missing]
        if known.dtype.kind == "U":
            encoders.append(_Category(name, tuple(np.unique(known).tolist())))
        else:
            encoders.append(_number(name, known.astype(np.float64)))
        if missing.any():
            encoders.append(_Missing(name))
    return Columns(tuple(encoders))


def _number(name: str, known: NDArray[np.float64]) -> _Number:
    if np.isinf(known).any():
        raise DataError(
            f"numbers of the metadata must be finite, and {name} holds an infinite one: mend it, "
            "or leave it empty where it is not known."
        )
    if not len(known) or known.min() == known.max():
        return _Number(name, float(known[0]) if len(known) else 0.0, 1.0)
    return _Number(name, float(known.mean()), float(known.std()))


def is_missing(column: NDArray[np.float64] | NDArray[np.str_]) -> NDArray[np.bool_]:
    """Where a column (N,) of metadata has no value."""
    found: NDArray[np.bool_] = column == "" if column.dtype.kind == "U" else np.isnan(column)
    return found
