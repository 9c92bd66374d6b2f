"""One method of a setting as comparisons take it: its runs, and what they made of the images."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.compare.delong import Placements
from analysis.compare.searches import Groups

__all__ = ["Compared"]


class Compared(NamedTuple):
    """A method in a setting; everything about its runs is in the order of its rows.

    Attributes:
        name, cell: the method, and its cell.
        place: by seed, where its run is.
        repeats: which search each run is of.
        numbers: of the confirm rows.
        test_auroc: of each run.
        images: the test images under the runs; None without predictions.
    """

    name: str
    cell: str
    place: dict[int, int]
    repeats: NDArray[np.int64]
    numbers: NDArray[np.int64]
    test_auroc: NDArray[np.float64]
    images: Placements | None

    @classmethod
    def of(cls, name: str, rows: pd.DataFrame, images: Placements | None) -> "Compared":
        """From the method's finished confirm rows, one a seed."""
        place = {int(seed): i for i, seed in enumerate(rows["seed"])}
        repeats, numbers = rows["repeat"].to_numpy(), rows["number"].to_numpy()
        aucs = rows["test_auroc"].to_numpy()
        return cls(name, rows["cell"].iloc[0], place, repeats, numbers, aucs, images)

    @property
    def units(self) -> NDArray[np.int64]:
        """Of the sample: which search each run is of, or its seed where there is one search."""
        several = len(np.unique(self.repeats)) > 1
        return self.repeats if several else np.array([*self.place])

    def seen(self, seeds: list[int], groups: Groups) -> Placements | None:
        """The test images under these seeds, as means over groups of them."""
        return None if self.images is None else self.images.runs(self.at(seeds)).means(groups)

    def at(self, seeds: list[int]) -> list[int]:
        """Where the runs of these seeds are."""
        return [self.place[seed] for seed in seeds]
