"""Which share of a GPU's memory a trial gets; that it is held to it, test_gpu.py shows."""

import pytest
import torch

from trainables.gpu_memory import OUTSIDE, limit_memory, share_of_memory

GIB = 2**30


@pytest.mark.parametrize(
    ("gpus", "total", "gib"),
    [
        (0.25, 140 * GIB, 34.5),
        (0.125, 80 * GIB, 9.5),
        (0.5, 16 * GIB, 7.5),
        (0.1, 8 * GIB, 0.4),  # half of the share: the process itself takes the rest
    ],
)
def test_a_share_leaves_room_for_the_process_itself(gpus: float, total: int, gib: float) -> None:
    assert share_of_memory(gpus, total) / GIB == pytest.approx(gib)


@pytest.mark.parametrize("trials", [2, 4, 8])
def test_trials_side_by_side_fit_together(trials: int) -> None:
    total = 80 * GIB
    assert trials * (share_of_memory(1 / trials, total) + OUTSIDE) <= total


@pytest.mark.parametrize("gpus", [0, 1, 2])
def test_a_trial_that_shares_no_gpu_has_no_limit(gpus: float) -> None:
    begun = torch.cuda.is_initialized()
    assert limit_memory(gpus) is None
    assert torch.cuda.is_initialized() == begun
