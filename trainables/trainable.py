"""The Ray Tune Trainable around ``TrainingRun``: one step is one interval."""

import errno
import json
import logging
import socket
import time
from collections import deque
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ray import tune

from trainables.checkpoint import load_checkpoint, save_checkpoint
from trainables.config import Outcome, TrialConfig
from trainables.datasets.store.progress import beating
from trainables.errors import DataError, DivergedError, in_words
from trainables.files import save_atomically
from trainables.gpu_memory import limit_memory
from trainables.host_memory import begin_peak, give_back, keep_freed, peak_memory
from trainables.loop import TrainingRun
from trainables.watchdog import Watchdog

__all__ = [
    "BUFFER_SECONDS",
    "CHECKPOINT_SECONDS",
    "Job",
    "MethodTrainable",
]

CHECKPOINT_SECONDS = 20.0
"""A trial is saved at most this often: what a crash costs, against the time that saving takes."""

BUFFER_SECONDS = 0.25
"""How late an interval may be reported, and so how far a trial may run past ASHA's verdict."""

UNUSABLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
"""The disk is full, over quota, read-only or broken: no fault of a trial."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """What a worker gets: a row of the ledger, its trial, and where the study lies.

    Attributes:
        row: {"cell", "phase", "repeat", "number", "name"} of the row.
        trial: fields of ``TrialConfig``.
        directory: the study's directory, the same for all nodes.
        checkpoint, predictions: the row's files, relative to it.
        reported: intervals that the ledger already knows of.
        hang_after: seconds without a training step after which the worker is ended.
        test: the trial meets the test set at its end.
        embeddings: keep the embeddings of the test set beside its scores.
        gpus: that the trial takes; with a part of one it may use as much of its memory.
        data_memory: bytes that its images may take, see ``TrainingRun``.
    """

    row: dict[str, Any]
    trial: dict[str, Any]
    directory: str
    checkpoint: str
    predictions: str
    reported: int
    hang_after: float
    test: bool = False
    embeddings: bool = False
    gpus: float = 0.0
    data_memory: int | None = None

    @property
    def checkpoint_file(self) -> Path:
        """Where the row keeps its checkpoint while it runs."""
        return Path(self.directory, self.checkpoint)

    @property
    def hang_file(self) -> Path:
        """Where the row leaves word of where it hung."""
        return self.checkpoint_file.with_suffix(".hang")

    def config(self) -> dict[str, Any]:
        """What Tune carries: it copies and flattens a config again and again, but not a text."""
        return {"row": self.row, "job": json.dumps(asdict(self))}

    @classmethod
    def of(cls, config: dict[str, Any]) -> "Job":
        """The job in a config."""
        return cls(**json.loads(config["job"]))


class MethodTrainable(tune.Trainable):
    """Trains any method of ``METHODS``; its config is that of a ``Job``.

    A result carries the interval, its ``value`` (what a search selects by: validation AUROC, or
    another metric) and the ``Outcome`` so far, as JSON text,
    since Tune keeps books of every other figure. A loss that diverges and any exception become the
    last result with a reason, so that a study goes on and a worker lives. What no other trial would
    fare better with (the disk is full, the data set is not on this node) is the last result as
    ``stuck``, a sentence without an outcome.

    Checkpoints are this class's own, not Tune's: the row's file is found again by whatever
    worker gets the row next, in this Tune run or in the one after a driver's death.
    """

    _run: TrainingRun | None = None
    _memory: int | None = None

    def setup(self, config: dict[str, Any]) -> None:
        """A worker's first trial. One thread: two such trials side by side give 1.8 times the
        throughput of one trial with two threads.
        """
        torch.set_num_threads(1)
        keep_freed()
        self._take(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """The next trial in the same worker: its process, imports and data are kept."""
        self._take(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """One interval; with the last one of a confirm trial, the test set."""
        try:
            with Watchdog(self._job.hang_file, self._job.hang_after) as self._watchdog:
                return self._interval()
        except DivergedError as error:
            return self._failed(str(error), crashed=False)
        except torch.OutOfMemoryError as error:
            said = _no_memory(error, self._job.gpus, self._memory)
            failed = self._failed(said, crashed=True)
            torch.cuda.empty_cache()
            return failed
        except Exception as error:
            if _no_fault_of_the_trial(error):
                self._run = None
                return {"stuck": f"On {socket.gethostname()}: {error}".rstrip("."), "done": True}
            logger.exception("trial %s failed", self._job.row["name"])
            return self._failed(in_words(error), crashed=True)

    def train_buffered(self, *_bounds: float) -> list[dict[str, Any]]:
        """Intervals for up to BUFFER_SECONDS, so that short ones cost the driver one message.

        It replaces Ray's method, which is handed its two bounds in the wrong order (2.60).
        """
        end = time.monotonic() + BUFFER_SECONDS
        results = [self.train()]
        while not results[-1]["done"] and time.monotonic() < end:
            results.append(self.train())
        return results

    def cleanup(self) -> None:
        """The worker ends: a trial in the middle is saved, so that it goes on from here."""
        if self._run is not None and not self._run.finished and self._run.step:
            # Ray kills a worker that has not ended 10 s after it was told to, and a slow disk with
            # many trials takes longer.
            self._save(lasting=False)

    def _take(self, config: dict[str, Any]) -> None:
        self._job = Job.of(config)
        self._saved = time.monotonic()
        self._run = None
        self._unreported: deque[dict[str, float]] = deque()

    def _interval(self) -> dict[str, Any]:
        if self._run is None:
            self._run = self._start()
        if self._unreported:
            return self._result(self._unreported.popleft(), self._outcome(), done=False)
        result = self._run.train_interval(self._after_step)
        outcome = self._outcome()
        if self._run.finished and self._job.test:
            outcome = self._tested(outcome)
        return self._result(result, outcome, done=self._run.finished)

    def _result(
        self, interval: dict[str, float], outcome: Outcome, *, done: bool
    ) -> dict[str, Any]:
        value = interval[f"val_{self._job.trial.get('select', 'auroc')}"]
        reported = {"interval": interval["interval"], "value": value}
        return {**reported, "outcome": json.dumps(outcome.to_json()), "done": done}

    def _start(self) -> TrainingRun:
        begin_peak()
        self._memory = limit_memory(self._job.gpus)
        with beating(self._watchdog.beat):
            run = TrainingRun(TrialConfig(**self._job.trial), self._job.data_memory)
        give_back()  # what reading the data took
        if state := load_checkpoint(self._job.checkpoint_file, run.config.device):
            run.load_state_dict(state)
            # A stop or a crash came between the end of an interval and its report.
            self._unreported.extend(run.curve[self._job.reported :])
        return run

    def _after_step(self) -> None:
        self._watchdog.beat()
        if time.monotonic() - self._saved > CHECKPOINT_SECONDS:
            self._save()

    def _save(self, *, lasting: bool = True) -> None:
        """A checkpoint that cannot be written costs time after a crash, and nothing else."""
        if self._run is None:
            return
        try:
            save_checkpoint(self._job.checkpoint_file, self._run.state_dict(), lasting=lasting)
        except OSError as error:
            logger.warning("no checkpoint of %s: %s", self._job.row["name"], error)
        self._saved = time.monotonic()

    def _outcome(self) -> Outcome:
        place = Outcome(host=socket.gethostname(), device=_device_name(), peak_memory=peak_memory())
        if self._run is None:
            return place
        return replace(
            place,
            execution=self._run.execution,
            seconds=self._run.seconds,
            gradient_evaluations=self._run.gradient_evaluations,
            images=self._run.images,
            curve=self._run.curve,
        )

    def _tested(self, outcome: Outcome) -> Outcome:
        if self._run is None:
            raise AssertionError("a trial is tested after its last interval")
        tested = self._run.test(embeddings=self._job.embeddings, beat=self._watchdog.beat)
        figures = {name: tested.pop(name) for name in list(tested) if name.startswith("test_")}
        figures["without"] = tested.pop("without", None)
        file = Path(self._job.directory, self._job.predictions)
        save_atomically(file, lambda target: np.savez(target, **tested))
        return replace(outcome, **figures, predictions=self._job.predictions)

    def _failed(self, reason: str, *, crashed: bool) -> dict[str, Any]:
        outcome = replace(self._outcome(), reason=reason, crashed=crashed)
        self._run = None
        return {"outcome": json.dumps(outcome.to_json()), "done": True}


def _no_fault_of_the_trial(error: Exception) -> bool:
    return isinstance(error, DataError) or (isinstance(error, OSError) and error.errno in UNUSABLE)


def _no_memory(error: torch.OutOfMemoryError, gpus: float, limit: int | None) -> str:
    """What was asked for is in the error's own words; ``limit``: bytes, None if there is none."""
    share = "" if limit is None else f", whose share ({gpus:g}) is {limit / 2**30:.1f} GiB"
    return (
        f"The GPU has too little memory for this trial{share}: "
        f"{str(error).splitlines()[0]} Lower batch_size, or give a trial more of the GPU "
        "(resources.gpus)."
    )


def _device_name() -> str:
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
