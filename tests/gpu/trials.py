"""Full-length trials on real photos, one after the other until the time is over."""

import os
import shutil
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from tests.gpu.mps import CONTROL, mps

__all__ = ["trials"]

JOBS = 8
"""With MPS eight captured trials are 1.9 times as fast as one; without it one has the card."""

ROWS = ("CT, moves", "CE", "AUC-M", "AUC-CE", "TS-DRW", "TS-DEC", "CE, momentum .9")
"""Table 1 of the ICLR 2022 paper, the slowest first; and what momentum adds."""

SEEDS = 3


def trials(data: Path, out: Path) -> None:
    """`tests.benchmarks.learning` at 100 epochs; what has finished by then is in ``out``."""
    sharing: AbstractContextManager[dict[str, str]] = (
        mps() if shutil.which(CONTROL) else nullcontext({})
    )
    with sharing as environment:
        command = [sys.executable, "-m", "tests.benchmarks.learning"]
        training = ["--device", "cuda", "--jobs", str(JOBS if environment else 1)]
        training += ["--precision", "tf32", "--seeds", str(SEEDS)]
        training += ["--data-root", str(data), "--out", str(out)]
        process = subprocess.Popen(
            [*command, "train", *training, "--epochs", "100", "--rows", *ROWS],
            env={**os.environ, **environment},
            process_group=0,
        )
        try:
            process.wait()
        finally:  # the time is over: the pool's processes go with it
            if process.poll() is None:
                os.killpg(process.pid, 9)
                process.wait()
            subprocess.run([*command, "show", str(out), "--epochs", "100"], check=False)
