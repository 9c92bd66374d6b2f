"""Columns of a CSV file, by name: as text, as numbers, as groups."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.errors import DataError

__all__ = ["Table", "numbered", "numbers", "read_columns", "zeros_and_ones"]

Table = dict[str, NDArray[np.str_]]
"""Columns of text (N,), by name."""

HEADER = 2
"""The number of the first row below the header, as editors count lines."""


def read_columns(file: Path, wanted: Sequence[str], *, own: bool = False) -> Table:
    """The columns ``wanted`` of ``file`` as text, (N,) each, with "" where a cell is empty.

    Args:
        file: with a header.
        wanted: names of columns.
        own: it is the user's own and no official file, which decides what an error advises.

    Raises:
        DataError: it cannot be read, has no rows, or lacks one of the columns.
    """
    # Here, because pandas is slow to import and most studies do without it.
    import pandas as pd

    mend = "correct it" if own else "fetch it again"
    choose = "name one of these" if own else "take the official file"
    try:
        there = pd.read_csv(file, nrows=0).columns
        for name in wanted:
            if name not in there:
                near = get_close_matches(name, there, n=1)
                also = f" (it has {near[0]!r})" if near else ""
                raise DataError(
                    f"{file} must have the column {name!r}{also}, and its columns are "
                    f"{', '.join(there)}: {choose}."
                )
        table = pd.read_csv(file, usecols=list(wanted), dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:  # pandas' errors are ValueErrors
        raise DataError(
            f"{file} must be a CSV file with a header and cannot be read "
            f"({' '.join(str(error).split())}): {mend}."
        ) from error
    if table.empty:
        raise DataError(f"{file} must have rows below its header and has none: {mend}.")
    return {name: table[name].to_numpy(dtype=np.str_) for name in wanted}


def numbers(file: Path, name: str, column: NDArray[np.str_]) -> NDArray[np.float64]:
    """The column ``name`` of ``file`` as numbers (N,), NaN where a cell is empty.

    Raises:
        DataError: a cell is neither empty nor a finite number.
    """
    found = np.full(len(column), np.nan)
    for row in np.flatnonzero(column != ""):
        try:
            found[row] = float(column[row])
        except ValueError:
            found[row] = np.inf
        if not np.isfinite(found[row]):
            raise DataError(
                f"{file} must have a number or nothing in the column {name!r}, and line "
                f"{row + HEADER:,} has {str(column[row])!r}: correct it."
            )
    return found


def zeros_and_ones(file: Path, name: str, column: NDArray[np.str_]) -> NDArray[np.int64]:
    """The column ``name`` of ``file``, every cell of which must be 0 or 1.

    Raises:
        DataError: a cell is not.
    """
    found = numbers(file, name, column)
    wrong = np.flatnonzero(~np.isin(found, (0, 1)))
    if len(wrong):
        raise DataError(
            f"{file} must have 0 or 1 in the column {name!r}, and line {wrong[0] + HEADER:,} has "
            f"{str(column[wrong[0]])!r}: correct it, or take the row out."
        )
    return found.astype(np.int64)


def numbered(names: Sequence[str] | NDArray[np.str_], alone: Sequence[str] = ()) -> Tensor:
    """int64 (N,): the number of each name, in the order in which names first appear.

    Each of those that stand ``alone`` has a number of its own. What comes later changes no number.
    """
    known: dict[str | int, int] = {}
    keys = (row if name in alone else str(name) for row, name in enumerate(names))
    return torch.tensor([known.setdefault(key, len(known)) for key in keys], dtype=torch.int64)
