"""The peak is that of the trial, and memory goes from step to step, but not from trial to trial."""

import platform
import subprocess
import sys

import pytest

PEAK = """
import numpy as np
from trainables.host_memory import begin_peak, peak_memory

np.ones(400_000_000, np.uint8)
begin_peak()
before = peak_memory()
images = np.ones(200_000_000, np.uint8)
del images
print(peak_memory() - before)
begin_peak()
print(peak_memory() - before)
"""

KEPT = """
import resource
import torch
from trainables.host_memory import begin_peak, keep_freed, peak_memory

def taken():  # pages, over three steps of a block above 32 MB and many below
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(3):
        blocks = [torch.ones(megabytes, 1_000_000, dtype=torch.uint8) for megabytes in SIZES]
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

SIZES = (100, *(8,) * 25)
taken()
begin_peak()
resident = peak_memory()
print(taken())
keep_freed()
taken()
print(taken())
kept = peak_memory()
begin_peak()
print(kept - resident)
print(peak_memory() - resident)
"""

glibc = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc is told to keep what is freed"
)


def told(script: str) -> list[float]:
    """What it prints, in a process of its own: what the system takes back from a large one at the
    same time, such as pages of mapped files, would count against it.
    """
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    return [float(each) for each in done.stdout.split()]


def test_what_came_and_went_since_the_beginning_counts() -> None:
    came, stayed = told(PEAK)
    assert 190 < came < 300
    assert stayed < 100


@glibc
def test_a_step_has_the_memory_of_the_step_before_and_the_next_trial_begins_without() -> None:
    pages, pages_kept, kept, given_back = told(KEPT)
    least = 3 * 300_000_000 / 65536  # pages of at most 64 kB, three times 300 MB
    assert pages > least / 3  # the large block at least
    assert pages_kept < least / 30
    assert kept > 250
    assert given_back < 50
