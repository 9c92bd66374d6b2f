"""The peak is that of the trial, also where a worker had a larger one before."""

import numpy as np

from trainables.host_memory import begin_peak, peak_memory

MB = 1_000_000


def test_what_came_and_went_since_the_beginning_counts() -> None:
    begin_peak()
    before = peak_memory()
    images = np.ones(200 * MB, np.uint8)
    del images
    assert 190 < peak_memory() - before < 300
    begin_peak()
    assert peak_memory() - before < 100
