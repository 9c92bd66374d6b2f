"""Skin lesions without an official test part: cut so that no patient is on both sides."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.datasets.about import counted
from trainables.datasets.cuts import fixed_cut
from trainables.datasets.decode import Decoding
from trainables.datasets.metadata import Metadata
from trainables.datasets.source import Source
from trainables.datasets.store.encoded import Encoded
from trainables.datasets.store.photos import Undecodable, photos

__all__ = ["CLASSES", "Lesions"]

CLASSES = ("benign", "malignant")

TEST_SHARE, VALIDATION_SHARE = Fraction(1, 5), Fraction(1, 8)
"""Of all images, and of those left for training: 70/10/20, as Yuan et al., ICLR 2022, cut."""


@dataclass(frozen=True, eq=False)
class Lesions:
    """What is known of N images, in the order of their files, which does not change.

    Attributes:
        labels: int64 (N,), 1 where malignant.
        groups: int64 (N,), whose.
        metadata: columns of N rows.
        own: the first so many are the set's own; the others are for training alone.
        official: how many of its own it should have.
    """

    labels: Tensor
    groups: Tensor
    metadata: Mapping[str, NDArray[np.float64] | NDArray[np.str_]]
    own: int
    official: int

    def source(
        self,
        what: str,
        encoded: Callable[[Sequence[int]], Encoded],
        how: Decoding,
        undecodable: Undecodable,
        files: tuple[Path, ...],
    ) -> Source:
        """The set, decoded and cut; the test part is the same for every seed.

        Images that are not the set's own and show a patient of the test part are left out.

        Args:
            what: its name, for people.
            encoded: gives the encoded images of those rows.
            how: their size.
            undecodable: what becomes of one that cannot be decoded.
            files: for provenance.

        Raises:
            DataError: see ``fixed_cut`` and ``photos``.
        """
        own = slice(self.own)
        test = torch.zeros(len(self.labels), dtype=torch.bool)
        test[own] = fixed_cut(self.labels[own], TEST_SHARE, self.groups[own])
        train = ~test & ~torch.isin(self.groups, self.groups[test])
        order = torch.cat([train.nonzero()[:, 0], test.nonzero()[:, 0]])
        found = photos(what, encoded(order.tolist()), how, undecodable)
        kept = torch.from_numpy(found.kept)
        n_train = int(kept[: int(train.sum())].sum())
        rows = order[kept]
        parts = (rows[:n_train], rows[n_train:])
        train_metadata, test_metadata = (
            Metadata({name: column[part.numpy()] for name, column in self.metadata.items()})
            for part in parts
        )
        return Source(
            train_images=found.images[:n_train],
            train_labels=self.labels[parts[0]],
            test_images=found.images[n_train:],
            test_labels=self.labels[parts[1]],
            n_classes=len(CLASSES),
            augmentation="flip",
            validation_share=VALIDATION_SHARE,
            files=files,
            classes=CLASSES,
            train_groups=self.groups[parts[0]],
            test_groups=self.groups[parts[1]],
            train_metadata=train_metadata,
            test_metadata=test_metadata,
            notes=(
                *found.notes,
                *counted(what, (self.own,), (self.official,)),
                *self._left_out(len(order)),
            ),
        )

    def _left_out(self, used: int) -> tuple[str, ...]:
        left = len(self.labels) - used
        if not left:
            return ()
        return (f"{left:,} external images show a patient of the test part and were left out.",)
