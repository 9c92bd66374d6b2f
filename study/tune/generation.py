"""One Tune run of a study: from the ledger as it stands until nothing is left, or a stop."""

import errno
import shutil
import signal
from collections.abc import Callable
from typing import IO, Any

from ray import tune
from ray.tune.experiment import Trial

from study.errors import ClusterError
from study.ledger.cell_ledger import CellLedger
from study.ledger.ledger import Ledger
from study.ledger.phases import over_searches
from study.ledger.rows import Row
from study.machine import cluster_address
from study.places import Places
from study.spec import Resources
from study.tune.cluster import Size
from study.tune.log import EventLog
from study.tune.multiplexer import Multiplexer
from study.tune.progress import Progress
from study.tune.quiet import quiet
from study.tune.scheduler import CellScheduler
from study.tune.stop import Stop
from trainables.checkpoint import remove_checkpoints
from trainables.config import Outcome
from trainables.trainable import Job, MethodTrainable

__all__ = ["run_generation"]


def run_generation(
    ledger: Ledger,
    resources: Resources,
    places: Places,
    progress_of: Callable[[IO[str]], Progress],
    stop: Stop,
) -> None:
    """Run rows until the ledger is finished or the study is to stop.

    Args:
        ledger: opened, with its lease held.
        resources: of one trial.
        places: of the study, in a directory that all nodes see.
        progress_of: makes the ``Progress`` from the terminal's stream.
        stop: whether the study is to stop.

    Raises:
        StudyError: something forbids going on; no row was told after it.
        KeyboardInterrupt: the user did not wait for intervals under way.
    """
    shutil.rmtree(places.scratch, ignore_errors=True)
    size = Size(resources)
    if cluster_address() is None and (wanted := size.waits_for()):
        raise ClusterError(
            f"A trial must fit on this machine, and Ray would wait for {wanted}: lower resources, "
            "or set RAY_ADDRESS to a cluster."
        )
    events = EventLog(places.events)
    events.write("generation started", {"rows left": ledger.remaining()})

    def gone(error: OSError) -> None:
        """Whoever closes what shows a study wants it to end: `run | head`, or a lost connection.

        The display may meet a hung-up terminal before its signal is heard.
        """
        hung_up = error.errno == errno.EIO
        stop.ask(signal.SIGHUP.name if hung_up else "nobody reads its output")

    with quiet(places.ray_log, gone) as terminal:
        progress: Progress = progress_of(terminal)

        def told(row: Row, outcome: Outcome) -> None:
            remove_checkpoints(places.checkpoint(row.name))
            told = {"row": row.name, "state": row.state, "value": row.value}
            spent = {"seconds": outcome.seconds, "reason": outcome.reason}
            events.write("row finished", told | spent)
            progress.told(row)

        waited: str | None = None

        def waits_for() -> str | None:
            nonlocal waited
            if (wanted := size.waits_for()) != waited:
                waited = wanted
                events.waits(wanted)
            return wanted

        scheduler, stopper = CellScheduler(ledger, stop), _Stopper(stop)
        searcher = Multiplexer(
            ledger,
            job=lambda cell, row: _job(cell, row, places, resources).config(),
            # One more than can run, so that a worker that is free finds its next trial waiting.
            slots=lambda: size() + 1,
            on_told=told,
            on_died=lambda row, why: events.write("worker died", {"row": row.name, "why": why}),
            stop=stop,
            interrupted=scheduler.interrupted,
            why_died=scheduler.why_died,
        )
        progress.start(ledger, size)
        try:
            tune.Tuner(
                tune.with_resources(
                    MethodTrainable, {"cpu": resources.cpus, "gpu": resources.gpus}
                ),
                tune_config=tune.TuneConfig(
                    search_alg=searcher,
                    scheduler=scheduler,
                    # The multiplexer ends the run; -1 would print 9223372036854775807.
                    num_samples=10 * ledger.remaining() + 100,
                    reuse_actors=True,
                    trial_name_creator=lambda trial: trial.trial_id,
                    trial_dirname_creator=lambda trial: trial.trial_id,
                ),
                run_config=tune.RunConfig(
                    name="generation",
                    storage_path=str(places.scratch.resolve()),
                    # The multiplexer hands a row whose worker died out again.
                    failure_config=tune.FailureConfig(max_failures=0),
                    # The trainable keeps its own, see there.
                    checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                    stop=stopper,
                    callbacks=[_Ticker(progress, searcher, stopper, stop, waits_for)],
                    verbose=0,
                ),
            ).fit()
        finally:
            progress.stop()
            ended = {"rows left": ledger.remaining(), "stopped by": stop.reason}
            events.write("generation ended", ended)
    if stop.error is not None:
        raise stop.error
    _sweep(ledger, places)
    shutil.rmtree(places.scratch, ignore_errors=True)


def _job(cell: CellLedger, row: Row, places: Places, resources: Resources) -> Job:
    plan = cell.cell
    seed = over_searches(row.seed, row.repeat, plan.seeds // plan.repeats)
    trial = plan.trial(row.params, row.seeds)
    if plan.diagnostics and row.phase == "confirm":
        trial["diagnostics"] = True
    return Job(
        row={
            "cell": row.cell,
            "phase": row.phase,
            "repeat": row.repeat,
            "number": row.number,
            "name": row.name,
        },
        trial=trial,
        directory=str(places.directory.resolve()),
        checkpoint=str(places.checkpoint(row.name).relative_to(places.directory)),
        predictions=str(places.predicted(row.name).relative_to(places.directory)),
        reported=max(row.validations, default=0),
        hang_after=resources.hang_after,
        test=row.phase == "confirm" or (row.phase == "profile" and plan.tests_profile),
        embeddings=row.phase == "confirm" and seed is not None and seed < plan.embeddings,
        gpus=resources.gpus,
        data_memory=resources.data_memory,
    )


def _sweep(ledger: Ledger, places: Places) -> None:
    """Remove what rows that are finished left (a worker may save once more as it ends)."""
    running = {row.name for cell in ledger.cells.values() for row in cell.running()}
    for file in places.checkpoints.glob("*"):
        name = file.name.removesuffix(".pt").removesuffix(".previous")
        if file.suffix != ".pt" or name not in running:
            file.unlink(missing_ok=True)


class _Stopper(tune.Stopper):
    """Ends the Tune run once a study that is to stop has no trial under way.

    Tune itself gives trials 5 s to end before it kills them; intervals may be longer.
    """

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._idle = False

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:  # noqa: ARG002
        return False

    def stop_all(self) -> bool:
        return self._stop.reason is not None and (self._idle or self._stop.impatient)

    def look(self, trials: list[Trial]) -> None:
        """Tune's trials, after each of its steps."""
        if self._stop.reason is not None:
            self._idle = all(trial.status != Trial.RUNNING for trial in trials)


class _Ticker(tune.Callback):
    """Passes the controller's steps on."""

    def __init__(
        self,
        progress: Progress,
        searcher: Multiplexer,
        stopper: _Stopper,
        stop: Stop,
        waits_for: Callable[[], str | None],
    ) -> None:
        self._progress = progress
        self._searcher = searcher
        self._stopper = stopper
        self._stop = stop
        self._waits_for = waits_for

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def setup(self, *_arguments: Any, **_info: Any) -> None:
        self._stop.listen()  # Tune has just taken SIGUSR1 for itself

    def on_step_end(self, iteration: int, trials: list[Trial], **_info: Any) -> None:  # noqa: ARG002
        self._searcher.flush()
        self._stopper.look(trials)
        self._progress.tick(self._waits_for())
