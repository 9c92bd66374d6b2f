"""Bins of equal count: every row once, and nothing but the order of the values counts."""

import numpy as np

from analysis.search.bins import bin_labels


def test_bins_by_hand() -> None:
    assert bin_labels(np.arange(1.0, 11.0)).tolist() == [0] * 5 + [1] * 5
    # Few distinct values are bins of their own; one row at 3 is none.
    assert bin_labels([1, 1, 2, 2, 2, 3]).tolist() == [0, 0, 1, 1, 1, -1]
    assert bin_labels(np.arange(9.0)).tolist() == [-1] * 9  # too few for two bins


def test_bins_do_not_depend_on_the_scale() -> None:
    values = 10 ** np.random.default_rng(0).uniform(-3, 0, 37)
    assert bin_labels(values).tolist() == bin_labels(np.log10(values)).tolist()


def test_bins_hold_every_row_once_and_equal_values_share_one() -> None:
    values = np.random.default_rng(1).integers(0, 12, 60).astype(float)
    labels = bin_labels(values)
    assert labels.min() == 0
    for value in np.unique(values):
        assert len(np.unique(labels[values == value])) == 1
    order = np.argsort(values, kind="stable")
    assert (np.diff(labels[order]) >= 0).all()
