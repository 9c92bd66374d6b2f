"""Skin lesions without an official test part: cut so that no patient is on both sides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import torch
from torch import Tensor

from trainables.datasets.cut.cuts import fixed_cut
from trainables.datasets.formats.decode import Decoding
from trainables.datasets.metadata import Metadata
from trainables.datasets.sets.about import counted
from trainables.datasets.source import Source
from trainables.datasets.store.encoded import Encoded
from trainables.datasets.store.parts import two_parts
from trainables.datasets.store.photos import Undecodable

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
        metadata: N rows.
        own: the first so many are the set's own; the others are not for the test.
        official: how many of its own it should have.
    """

    labels: Tensor
    groups: Tensor
    metadata: Metadata
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
        is_test = torch.zeros(len(self.labels), dtype=torch.bool)
        is_test[own] = fixed_cut(self.labels[own], TEST_SHARE, self.groups[own])
        is_train = ~is_test & ~torch.isin(self.groups, self.groups[is_test])
        found = two_parts(what, encoded, is_train.numpy(), is_test.numpy(), how, undecodable)
        train, test = found.train, found.test
        left_out = len(self.labels) - int(is_train.sum() + is_test.sum())
        return Source(
            train_images=found.train_images,
            train_labels=self.labels[train],
            test_images=found.test_images,
            test_labels=self.labels[test],
            n_classes=len(CLASSES),
            augmentation="flip",
            validation_share=VALIDATION_SHARE,
            files=files,
            classes=CLASSES,
            train_groups=self.groups[train],
            test_groups=self.groups[test],
            train_metadata=self.metadata.rows(train),
            test_metadata=self.metadata.rows(test),
            notes=(
                *found.notes,
                *counted(what, (self.own,), (self.official,)),
                *_left_out(left_out),
            ),
        )


def _left_out(images: int) -> tuple[str, ...]:
    if not images:
        return ()
    return (f"{images:,} external images show a patient of the test part and were left out.",)
