"""Generators of what evaluations draw, each from the trial's order seed."""

import numpy as np
import torch

__all__ = ["DIAGNOSTICS", "STATISTICS", "TEST", "VALIDATION", "generator"]

VALIDATION, TEST, STATISTICS, DIAGNOSTICS = range(4)
"""What is drawn: copies of validation and of test images, batches for BatchNorm statistics, images
that diagnostics look at.
"""


def generator(order_seed: int, what: int) -> torch.Generator:
    """Always in the same state, whatever was drawn before, so that every evaluation sees the same.

    It is on the CPU, for the same draws on every device, and apart from those that a trial is
    trained with: they are children of the same seed.
    """
    child = np.random.SeedSequence(order_seed, spawn_key=(what,))
    return torch.Generator().manual_seed(int(child.generate_state(1, np.uint64)[0] >> 1))
