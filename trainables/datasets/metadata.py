"""What is known of images beside their pixels: age, sex, site and the like, as they were read."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainables.errors import DataError

__all__ = ["Metadata"]


@dataclass(frozen=True, eq=False)
class Metadata:
    """Columns of N rows, one an image, by their names.

    Attributes:
        columns: float64 (N,), NaN where missing; or text (N,) of categories, "" where missing.

    Raises:
        DataError: a column is anything else, or not as long as the others.
    """

    columns: Mapping[str, NDArray[np.float64] | NDArray[np.str_]]

    def __post_init__(self) -> None:
        lengths = {len(column) for column in self.columns.values()}
        if len(lengths) > 1:
            raise DataError(
                f"columns of metadata must be of one length, not of {sorted(lengths)}: give each "
                "image one value a column."
            )
        for name, column in self.columns.items():
            number = column.dtype == np.float64
            if column.ndim != 1 or not (number or column.dtype.kind == "U"):
                raise DataError(
                    f"metadata must be columns (N,) of float64 or of text, and {name} is "
                    f"{column.dtype} {column.shape}: convert it, what is missing to NaN or to "
                    "an empty text."
                )

    def rows(self, ids: NDArray[np.int64]) -> "Metadata":
        """Those rows, in that order."""
        return Metadata({name: column[ids] for name, column in self.columns.items()})

    def __len__(self) -> int:
        return next((len(column) for column in self.columns.values()), 0)
