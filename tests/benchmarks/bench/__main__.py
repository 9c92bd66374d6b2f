"""Images a second and trials an hour of our loop beside the peer's and a plain one.

    python -m tests.benchmarks.bench [--device cuda] [--rounds 2] [--out DIR]

ResNet20 at batch 128 on CIFAR-10 at imratio 10 % below $AUCSTUDY_DATA, or on Cat&Dog there, or on
random pixels; `ce`, `auc_m` and `ct_auc`; first in one process in turn, then in as many at once as
there are cores (on a GPU 1, 4 and 8). It takes about ten minutes on two cores and wants them idle.
The figures go into bench-KIND.json, and bench.md and bench.png are made of all such files there. A
run of fewer rounds than usual only prints its tables, unless --out says where to.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from tests.benchmarks.bench.drawing import draw
from tests.benchmarks.bench.figures import load
from tests.benchmarks.bench.measure import measure
from tests.benchmarks.bench.tables import report, section
from tests.benchmarks.bench.work import work_here

__all__ = ["main"]

ROUNDS = 12
STORED = Path(__file__).parents[1]


def main(arguments: Sequence[str]) -> None:
    """Measure, print, and store."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--device", choices=["cpu", "cuda"], default="cuda" if torch.cuda.is_available() else "cpu"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"usually {ROUNDS}")
    parser.add_argument("--out", type=Path, help="folder of the figures")
    options = parser.parse_args(arguments)
    if options.rounds < 1:
        parser.error(f"--rounds must be at least 1, not {options.rounds}")
    out = options.out or (STORED if options.rounds >= ROUNDS else None)
    torch.set_num_threads(1)
    found = measure(work_here(options.device), options.rounds, load(out or STORED))
    print(section(found))
    if out:
        out.mkdir(parents=True, exist_ok=True)
        found.store(out)
        runs = load(out)
        (out / "bench.md").write_text(report(runs))
        draw(runs, out / "bench.png")


if __name__ == "__main__":
    main(sys.argv[1:])
