"""Everything that needs a GPU, in one command: right, how fast, how well it learns.

    python -m tests.gpu.check --minutes 8 --data DIR --out DIR [--device cpu] [--only tests,...]

It needs torch, torchvision, scikit-learn and pytest; no network. What else a section needs it says,
and is left out where that is not here: LibAUC for the loop of a peer, Ray and Optuna for the study
(tests/benchmarks/gpu.md says how to bring them). Without a GPU --device cpu goes the same way, with
what only CUDA has left out. Every section runs in a process of its own, so that one that fails, or
breaks its CUDA context, costs no other its result. The trials come last and take the time that is
left; they are on Cat&Dog below --data, and left out without it.

In --out: check.md (what is printed, one table of all figures last), rows.csv (the figures, as they
come), trials.jsonl and epochs.jsonl (trials; finished ones are not trained again by a next call).
It exits with 1 if a section failed or had to be stopped, with 2 for wrong options.
"""

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from tests.gpu import rows

__all__ = ["SECTIONS", "main"]

SECTIONS = {
    "machine": ("Machine", 60.0),
    "tests": ("Every test that needs a GPU", 180.0),
    "speed": ("Speed of a step, one process", 90.0),
    "several": ("Speed of several processes", 120.0),
    "study": ("A study through Ray, four trials on a GPU", 150.0),
    "trials": ("Full-length trials on Cat&Dog", float("inf")),
}
"""By name: the heading, and the most seconds that it may take."""

TO_END = 10.0
"""Seconds that a section gets to end after it was asked to."""

LAST = 5.0
"""Seconds that are kept for the last table."""


def main(arguments: Sequence[str]) -> int:
    """Run the sections chosen, one after the other; 0 if none failed."""
    options = _options(arguments)
    if options.here:
        return _section(options)
    end = time.monotonic() + 60 * options.minutes - LAST
    rows.begin(options.out)
    (options.out / "check.md").write_text("")
    _say(f"# GPU check, {options.minutes:g} minutes, on {options.device}\n", options.out)
    failed = False
    try:
        for name in options.only:
            heading, limit = SECTIONS[name]
            _say(f"## {heading}\n", options.out)
            started = time.monotonic()
            well, note = _tried(name, min(started + limit, end), options)
            took = f"{time.monotonic() - started:.1f}"
            _say(f"\n({name}: {took} s{note and f'; {note}'})\n", options.out)
            row = rows.Row("check", name, measure="seconds", value=took, note=note)
            rows.append(options.out, row)
            failed |= not well
    finally:
        table = rows.table(rows.read(options.out))
        _say("\n".join(["## All figures\n", *table]), options.out)
    return int(failed)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    parser.add_argument("--minutes", type=float, default=8.0, help="for all together")
    parser.add_argument("--data", type=Path, help="folder that holds cat_and_dog, for the trials")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--only", help=f"sections, by comma: {', '.join(SECTIONS)}")
    parser.add_argument("--here", choices=list(SECTIONS), help=argparse.SUPPRESS)
    parser.add_argument("--until", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    names = options.only.split(",") if options.only else list(SECTIONS)
    if unknown := [name for name in names if name not in SECTIONS]:
        parser.error(f"sections are {', '.join(SECTIONS)}, not {', '.join(unknown)}")
    if not 0 < options.minutes < float("inf"):
        parser.error(f"--minutes must be above 0, not {options.minutes:g}")
    if options.only and "trials" in names and not options.data:
        parser.error("the trials need --data")
    if options.data and not (options.data / "cat_and_dog" / "train").is_dir():
        parser.error(f"--data must hold cat_and_dog/train, and {options.data} does not")
    if options.device == "cuda" and not options.here:
        import torch

        if not torch.cuda.is_available():
            parser.error("this check needs a CUDA GPU; --device cpu does what can be done without")
    options.only = names
    return options


def _tried(name: str, until: float, options: argparse.Namespace) -> tuple[bool, str]:
    """Run a section up to a time of the monotonic clock, which all processes share.

    Gives whether it went well, and what is to be said of how it ended, if anything.
    """
    if name == "trials" and not options.data:
        return True, "left out: no --data"
    limit = until - time.monotonic()
    if limit <= 0:
        return True, "no time was left for it"
    command = [sys.executable, "-u", "-m", "tests.gpu.check", "--here", name]
    command += ["--out", options.out, "--device", options.device, "--until", str(until)]
    command += ["--data", options.data] if options.data else []
    hidden = {"CUDA_VISIBLE_DEVICES": ""} if options.device == "cpu" else {}
    child = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,  # it closes when this process ends, however that is
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **hidden},
    )
    told = threading.Thread(target=_tell, args=(child, options.out), daemon=True)
    told.start()
    try:
        code = child.wait(limit)
        return not code, f"it ended with {code}" if code else ""
    except subprocess.TimeoutExpired:
        return False, f"it was stopped after {limit:.0f} s"
    finally:
        _end(child)
        told.join(5)


def _end(child: subprocess.Popen[str]) -> None:
    """Politely first: it then stops what it has started itself."""
    child.terminate()
    try:
        child.wait(TO_END)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    assert child.stdin is not None
    child.stdin.close()


def _tell(child: subprocess.Popen[str], out: Path) -> None:
    assert child.stdout is not None
    with child.stdout as lines:
        for line in lines:
            _say(line.rstrip("\n"), out)


def _say(text: str, out: Path) -> None:
    print(text, flush=True)
    with (out / "check.md").open("a") as file:
        file.write(f"{text}\n")


def _section(options: argparse.Namespace) -> int:
    """One section, in a process of its own."""
    import torch

    from tests.gpu.machine import machine
    from tests.gpu.ray_study import ray_study
    from tests.gpu.several import several
    from tests.gpu.speed import speed
    from tests.gpu.tested import tested
    from tests.gpu.trials import trials

    threading.Thread(target=_end_with_the_check, args=(os.dup(0),), daemon=True).start()
    torch.set_num_threads(1)
    device, out = options.device, options.out
    run: dict[str, Callable[[], int | None]] = {
        "machine": partial(machine, device, out),
        "tests": partial(tested, out),
        "speed": partial(speed, device, out),
        "several": partial(several, device, out),
        "study": partial(ray_study, device, out),
        "trials": partial(trials, device, options.data, out, options.until - TO_END),
    }
    return run[options.here]() or 0


def _end_with_the_check(stdin: int) -> None:
    os.read(stdin, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _stop(*_: object) -> None:
    """As an exception, so that every `finally` is heard; once, so that each comes to its end."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, _stop)
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("Stopped.")
