"""Memory of a GPU that trials share: one that wants too much fails alone."""

import subprocess
import sys
from collections.abc import Callable

import pytest
import torch

from trainables.gpu_memory import OUTSIDE, share_of_memory

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")

GPUS = 0.1

TRIAL = f"""
import sys

import torch

from trainables.gpu_memory import limit_memory

limit = limit_memory({GPUS})
held = torch.ones(limit // 2, dtype=torch.uint8, device="cuda")
print(torch.cuda.memory_reserved(), flush=True)
for line in sys.stdin:
    try:
        more = torch.ones(int(line), dtype=torch.uint8, device="cuda")
        del more
    except torch.OutOfMemoryError as error:
        print(str(error).splitlines()[0], flush=True)
        torch.cuda.empty_cache()
    else:
        print("had it", flush=True)
print(int(held[::2**20].sum()) == len(held[::2**20]), flush=True)
"""


def told(trial: subprocess.Popen[str]) -> str:
    assert trial.stdout is not None
    return trial.stdout.readline()


def ask(trial: subprocess.Popen[str], size: int) -> str:
    assert trial.stdin is not None
    trial.stdin.write(f"{size}\n")
    trial.stdin.flush()
    return told(trial)


def start() -> subprocess.Popen[str]:
    words = [sys.executable, "-c", TRIAL]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_a_trial_that_wants_more_than_its_share_fails_and_its_neighbour_lives(
    record_property: Callable[[str, object], None],
) -> None:
    total = torch.cuda.get_device_properties(0).total_memory
    limit = share_of_memory(GPUS, total)
    free = torch.cuda.mem_get_info()[0]
    if free < 3 * limit:
        pytest.skip("others hold too much of this GPU's memory")
    with start() as greedy, start() as modest:
        reserved = [int(told(each)) for each in (greedy, modest)]
        outside = (free - torch.cuda.mem_get_info()[0] - sum(reserved)) / 2
        # The card itself has room enough: it is the share that is too small.
        assert "out of memory" in ask(greedy, limit // 2 + 2**28)
        assert ask(modest, limit // 4) == "had it\n"
        # So has the one that failed, for a trial that asks for less.
        assert ask(greedy, limit // 4) == "had it\n"
        last = [each.communicate()[0] for each in (greedy, modest)]
    assert last == ["True\n", "True\n"]
    record_property("beside its tensors a process takes", f"{outside / 2**20:.0f} MiB")
    record_property("taken to be", f"{OUTSIDE / 2**20:.0f} MiB")
