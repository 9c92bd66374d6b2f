"""The peak is that of the trial, also where a worker had a larger one before."""

import subprocess
import sys

MEASURED = """
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


def test_what_came_and_went_since_the_beginning_counts() -> None:
    # In a process of its own: what the system takes back from a large one at the same time, such
    # as pages of mapped files, would count against it.
    done = subprocess.run(
        [sys.executable, "-c", MEASURED], check=True, capture_output=True, text=True
    )
    came, stayed = map(float, done.stdout.split())
    assert 190 < came < 300
    assert stayed < 100
