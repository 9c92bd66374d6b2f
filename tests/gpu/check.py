"""Everything that needs a CUDA GPU, in one command: right, bit for bit, how fast.

    python -m tests.gpu.check [--out FILE] [--only machine,correct,...] [--seconds 300]
    python -m tests.gpu.check --only trials --data DIR --trials DIR [--seconds 400]

It needs torch, torchvision and scikit-learn; no Ray, no Optuna, no network. Data are needed for
the trials alone (Cat&Dog below --data): full-length ones, of which those that finish in time go to
--trials. Every section runs in a process of its own, so that one that fails, or breaks its CUDA
context, costs no other its result; each has to end in time. What it prints is Markdown.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

__all__ = ["SECTIONS", "main"]

SECTIONS = {
    "machine": ("Machine", 60.0),
    "correct": ("Correct: every method on the tiny model", 60.0),
    "pairs": ("Eager against graph", 80.0),
    "speed": ("Speed of a step", 90.0),
    "several": ("Several processes on one GPU", 120.0),
    "trials": ("Full-length trials on Cat&Dog", 3600.0),
}
"""By name: the heading, and the most seconds that it may take."""


def main(arguments: Sequence[str]) -> None:
    """Run the sections chosen, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="also write the Markdown to this file")
    without_data = [name for name in SECTIONS if name != "trials"]
    parser.add_argument("--only", default=",".join(without_data), help="sections, by comma")
    parser.add_argument("--seconds", type=float, default=300.0, help="for all together")
    parser.add_argument("--data", type=Path, help="folder of the data sets, for the trials")
    parser.add_argument("--trials", type=Path, help="folder of the finished trials")
    parser.add_argument("--here", choices=list(SECTIONS), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.here:
        _section(options.here, options)
        return
    names = options.only.split(",")
    if "trials" in names and not (options.data and options.trials):
        parser.error("the trials need --data and --trials")
    if unknown := [name for name in names if name not in SECTIONS]:
        parser.error(f"sections are {', '.join(SECTIONS)}, not {', '.join(unknown)}")
    end = time.monotonic() + options.seconds
    _say("# GPU check\n", options.out, anew=True)
    for name in names:
        heading, limit = SECTIONS[name]
        _say(f"## {heading}\n", options.out)
        started = time.monotonic()
        _in_its_own_process(name, min(limit, end - started), options)
        _say(f"\n({name}: {time.monotonic() - started:.1f} s)\n", options.out)


def _in_its_own_process(name: str, limit: float, options: argparse.Namespace) -> None:
    out: Path | None = options.out
    if limit <= 0:
        _say("No time was left for it.", out)
        return
    where = ["--data", options.data, "--trials", options.trials] if name == "trials" else []
    child = subprocess.Popen(
        [sys.executable, "-u", "-m", "tests.gpu.check", "--here", name, *where],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # cuBLAS is deterministic with this, which it reads when CUDA starts.
        env={**os.environ, **({"CUBLAS_WORKSPACE_CONFIG": ":4096:8"} if name == "pairs" else {})},
    )
    # Politely first: it then stops what it has started itself.
    timers = [threading.Timer(limit, child.terminate), threading.Timer(limit + 10, child.kill)]
    for each in timers:
        each.start()
    assert child.stdout is not None
    with child.stdout as lines:
        for line in lines:
            _say(line.rstrip("\n"), out)
    code = child.wait()
    for each in timers:
        each.cancel()
    if code:
        _say(f"\n**{name} ended with {code}, after at most {limit:.0f} s**", out)


def _say(text: str, out: Path | None, anew: bool = False) -> None:
    print(text, flush=True)
    if out is not None:
        with out.open("w" if anew else "a") as file:
            file.write(f"{text}\n")


def _section(name: str, options: argparse.Namespace) -> None:
    import signal

    import torch

    from tests.gpu.sections import correct, machine, pairs
    from tests.gpu.several import several
    from tests.gpu.speed import speed
    from tests.gpu.trials import trials

    # As an exception, so that every `finally` is heard.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(124))
    if not torch.cuda.is_available():
        sys.exit("This check needs a CUDA GPU.")
    torch.set_num_threads(1)
    run: dict[str, Callable[[], None]] = {
        "machine": machine,
        "correct": correct,
        "pairs": pairs,
        "speed": speed,
        "several": several,
        "trials": partial(trials, options.data, options.trials),
    }
    run[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
