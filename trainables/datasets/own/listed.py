"""Images that are files with labels, in parts or still to be cut: what a folder or a CSV gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.datasets.cut.cuts import fixed_cut
from trainables.datasets.formats.decode import Decoding
from trainables.datasets.metadata import Metadata
from trainables.datasets.source import Source
from trainables.datasets.store.encoded import Files
from trainables.datasets.store.parts import two_parts
from trainables.datasets.store.photos import Undecodable

__all__ = ["TEST_SHARE", "Listed", "Part", "placed"]

TEST_SHARE = Fraction(1, 5)
"""Of the images, where the user's own have no test part."""

Part = Literal["train", "val", "test"]


@dataclass(frozen=True)
class Listed:
    """N images and what is known of them.

    Attributes:
        what: the set, for people.
        files: of the images.
        labels: class ids (N,), or float32 (N, L), NaN where one is missing.
        parts: (N,), of each image "train", "val" or "test"; without any "test" a fifth of the
            others is cut off for it, the same for every seed.
        classes: names by class id.
        names: of the L labels; () for class ids.
        groups: int64 (N,); None: each image stands alone.
        metadata: columns (N,) as ``Metadata`` has them.
        beside: files other than the images that decide the set.
    """

    what: str
    files: Sequence[Path]
    labels: Tensor
    parts: NDArray[np.str_]
    classes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    groups: Tensor | None = None
    metadata: Mapping[str, NDArray[np.float64] | NDArray[np.str_]] | None = None
    beside: tuple[Path, ...] = ()

    def source(self, how: Decoding, undecodable: Undecodable) -> Source:
        """The set with its images decoded, those of the test apart.

        Raises:
            DataError: see ``fixed_cut``, ``photos`` and ``Source``.
        """
        is_test = self._test()
        found = two_parts(
            self.what,
            lambda rows: Files([self.files[row] for row in rows]),
            ~is_test,
            is_test,
            how,
            undecodable,
        )
        train, test = found.train, found.test
        validation = torch.from_numpy(self.parts[train] == "val")
        groups, metadata = self.groups, self.metadata
        return Source(
            train_images=found.train_images,
            train_labels=self.labels[train],
            test_images=found.test_images,
            test_labels=self.labels[test],
            n_classes=2 if self.names else len(self.classes),
            files=(*self.beside, *self.files),
            together=f"{self.what} ({len(self.files):,} images)",
            classes=self.classes,
            labels=self.names,
            train_groups=None if groups is None else groups[train],
            test_groups=None if groups is None else groups[test],
            train_metadata=None if metadata is None else Metadata(metadata).rows(train),
            test_metadata=None if metadata is None else Metadata(metadata).rows(test),
            validation=validation if bool(validation.any()) else None,
            notes=found.notes,
        )

    def _test(self) -> NDArray[np.bool_]:
        is_test: NDArray[np.bool_] = self.parts == "test"
        if not is_test.any():
            cut = np.flatnonzero(self.parts == "train")
            groups = None if self.groups is None else self.groups[cut]
            taken = fixed_cut(self.labels[cut], TEST_SHARE, groups).numpy()
            is_test = np.zeros(len(self.parts), bool)
            is_test[cut[taken]] = True
        return is_test


def placed(root: Path, path: str | Path) -> Path:
    """Where a path of a spec leads: a relative one counts from ``root``, the folder of the data."""
    return root / Path(path).expanduser()
