"""One Tune run of a study: from the ledger as it stands until nothing is left, or a stop."""

import os
import secrets
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import IO, Any

# Ray reads these when it is imported or started.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # no report to any server
os.environ.setdefault("RAY_CHDIR_TO_TRIAL_DIR", "0")  # relative paths mean what the user wrote
os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")  # 5 files instead of 1,005
os.environ.setdefault("TUNE_GLOBAL_CHECKPOINT_S", "3600")  # the ledger is the truth
os.environ.setdefault("TUNE_MAX_PENDING_TRIALS_PG", "1000000")  # the multiplexer limits itself
os.environ.setdefault("TUNE_RESULT_BUFFER_LENGTH", "2")  # above 1: see train_buffered
os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")  # prints even if verbose is 0
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # two busy-waiting threads: 3 to 6 x slower
os.environ.setdefault("OMP_NUM_THREADS", "1")
if not os.environ.get("RAY_ADDRESS"):
    # All of Ray's ports on loopback; _node_ip_address="127.0.0.1" does not do it (2.60).
    os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")

import ray
from ray import tune

from study.ledger import CellLedger, Ledger
from study.log import EventLog
from study.multiplexer import Multiplexer
from study.progress import Progress
from study.quiet import quiet
from study.rows import Outcome, Row
from study.scheduler import CellScheduler
from study.spec import Resources
from trainables.trainable import Job, MethodTrainable, checkpoint_file

__all__ = ["cluster", "run_generation", "slots"]

RAY_LOG = "ray.log"
SLOTS_SECONDS = 2.0
"""How old the known size of the cluster may be."""


@contextmanager
def cluster(directory: Path) -> Iterator[None]:
    """Connect to the cluster of ``RAY_ADDRESS``, or start one on this machine's loopback.

    What Ray prints goes to a file in ``directory``.
    """
    address = os.environ.get("RAY_ADDRESS")
    log = directory / RAY_LOG
    with quiet(log):
        if address:
            ray.init(address=address, log_to_driver=False)
        else:
            # Clusters want a token by default; a private one is as good as any for our own.
            os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
            ray.init(include_dashboard=False, log_to_driver=False, object_store_memory=200_000_000)
    try:
        yield
    finally:
        with quiet(log):
            ray.shutdown()


def slots(resources: Resources) -> int:
    """How many trials of these resources the cluster can run side by side, now."""
    total = ray.cluster_resources()
    wanted = (("CPU", resources.cpus), ("GPU", resources.gpus))
    return min(int(total.get(name, 0.0) / amount + 1e-9) for name, amount in wanted if amount > 0)


def run_generation(
    ledger: Ledger,
    resources: Resources,
    directory: Path,
    progress_of: Callable[[IO[str]], Progress],
) -> None:
    """Run rows until the ledger is finished or a signal stops it (SIGINT, SIGTERM, SIGUSR1).

    Args:
        ledger: opened, with its lease held.
        resources: of one trial.
        directory: the study's, seen by all nodes.
        progress_of: makes the ``Progress`` from the terminal's stream.
    """
    scratch = directory / "ray"
    shutil.rmtree(scratch, ignore_errors=True)
    size = _Size(resources)
    events = EventLog(directory / "log.jsonl")
    events.write("generation started", {"rows left": ledger.remaining()})
    with quiet(directory / RAY_LOG) as terminal, _sigterm_stops():
        progress: Progress = progress_of(terminal)

        def told(row: Row, outcome: Outcome) -> None:
            checkpoint_file(directory, row.name).unlink(missing_ok=True)
            told = {"row": row.name, "state": row.state, "value": row.value}
            spent = {"seconds": outcome.seconds, "reason": outcome.reason}
            events.write("row finished", told | spent)
            progress.told(row, outcome)

        searcher = Multiplexer(
            ledger,
            job=lambda cell, row: asdict(_job(cell, row, directory)),
            # One more than can run, so that a worker that is free finds its next trial waiting.
            slots=lambda: size() + 1,
            on_told=told,
        )
        progress.start(ledger, size())
        try:
            tune.Tuner(
                tune.with_resources(
                    MethodTrainable, {"cpu": resources.cpus, "gpu": resources.gpus}
                ),
                tune_config=tune.TuneConfig(
                    search_alg=searcher,
                    scheduler=CellScheduler(ledger),
                    # The multiplexer ends the run; -1 would print 9223372036854775807.
                    num_samples=10 * ledger.remaining() + 100,
                    reuse_actors=True,
                    trial_name_creator=lambda trial: trial.trial_id,
                    trial_dirname_creator=lambda trial: trial.trial_id,
                ),
                run_config=tune.RunConfig(
                    name="generation",
                    storage_path=str(scratch.resolve()),
                    failure_config=tune.FailureConfig(max_failures=3),
                    # The trainable keeps its own, see there.
                    checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                    callbacks=[_Ticker(progress)],
                    verbose=0,
                ),
            ).fit()
        finally:
            progress.stop()
    events.write("generation ended", {"rows left": ledger.remaining()})
    _sweep(ledger, directory)
    shutil.rmtree(scratch, ignore_errors=True)


def _job(cell: CellLedger, row: Row, directory: Path) -> Job:
    plan = cell.cell
    return Job(
        row={"cell": row.cell, "phase": row.phase, "number": row.number, "name": row.name},
        trial={
            "method": plan.method,
            "imratio": plan.imratio,
            "params": {**plan.fixed, **row.params},
            **plan.run,
            **row.seeds,
        },
        directory=str(directory.resolve()),
        embeddings=row.seed is not None and row.seed < plan.embeddings,
    )


def _sweep(ledger: Ledger, directory: Path) -> None:
    """Remove checkpoints of rows that are finished (a worker may save once more as it ends)."""
    running = {row.name for cell in ledger.cells.values() for row in cell.running()}
    for file in (directory / "checkpoints").glob("*"):
        if file.suffix != ".pt" or file.stem not in running:
            file.unlink(missing_ok=True)


class _Size:
    """The cluster's slots, asked again when the answer is old: nodes may join and leave."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._asked = float("-inf")
        self._slots = 0

    def __call__(self) -> int:
        if time.monotonic() - self._asked > SLOTS_SECONDS:
            self._slots = max(1, slots(self._resources))
            self._asked = time.monotonic()
        return self._slots


class _Ticker(tune.Callback):
    """Passes the controller's steps on to the progress."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def on_step_end(self, *_arguments: Any, **_info: Any) -> None:
        self._progress.tick()


@contextmanager
def _sigterm_stops() -> Iterator[None]:
    """SIGTERM stops like Ctrl-C, which Tune handles: finish the interval, then end."""

    def pass_on(_number: int, _frame: FrameType | None) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGTERM, pass_on)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
