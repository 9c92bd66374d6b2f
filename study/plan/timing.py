"""What a step of each method and a validation take here: a few of them, timed."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from study.cell import Cell
from study.cells import cells
from study.errors import SpecError
from study.spec import StudySpec, Task, ratios
from trainables.config import TrialConfig
from trainables.errors import in_one_line
from trainables.host_memory import keep_freed

if TYPE_CHECKING:
    from trainables.loop import TrainingRun

__all__ = ["TIMED_SEEDS", "Timing", "time_study", "time_task"]

TIMED_STEPS = 3
TIMED_STEPS_AT_MOST = 50
TIMED_SECONDS = 1.0
TIMED_SEEDS = {"data_seed": 0, "init_seed": 0, "order_seed": 0}


@dataclass(frozen=True)
class Timing:
    """What one method costs on one task.

    Attributes:
        step: seconds of a training step.
        validation: seconds of a validation.
        evaluations: gradient evaluations of a step.
        at_work: share of the timed seconds in which a processor worked for it, in [0, 1]: near 1
            on a machine with nothing else to do. Of a GPU this is not known, and 1.
    """

    step: float
    validation: float
    evaluations: float
    at_work: float = 1.0


def time_study(spec: StudySpec) -> dict[tuple[str, str], Timing]:
    """`time_task` of every task, by (method, name of the task).

    Raises:
        SpecError: a method fails in a training step.
    """
    return {
        (method, task.name): timing
        for task in spec.tasks
        for method, timing in time_task(spec, task).items()
    }


def time_task(spec: StudySpec, task: Task) -> dict[str, Timing]:
    """Train a few steps of every method at its defaults, as a study's workers do.

    The validation is timed once, since it is the same for every method.

    Raises:
        SpecError: a method fails in a training step.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    keep_freed()
    try:
        runs = {
            cell.method: _run(cell)
            for cell in cells(spec)
            if (cell.task, cell.imratio) == (task.name, ratios(spec, task)[0])
        }
        started = time.perf_counter()
        next(iter(runs.values())).validate()
        validation = time.perf_counter() - started
        return {method: _tried(task, method, run, validation) for method, run in runs.items()}
    finally:
        torch.set_num_threads(threads)


def _run(cell: Cell) -> "TrainingRun":
    from trainables.loop import TrainingRun

    return TrainingRun(TrialConfig(**cell.trial({}, TIMED_SEEDS)), embed=False)


def _tried(task: Task, method: str, run: "TrainingRun", validation: float) -> Timing:
    try:
        return _timing(run, validation)
    except Exception as error:
        raise SpecError(
            f"Every method must be able to train a step; {method} on {task.name} fails in one with "
            f"{in_one_line(error)}. Mend it, or take it out of methods."
        ) from error


def _timing(run: "TrainingRun", validation: float) -> Timing:
    from trainables.steps.step_graph import WARM_UP

    # The first steps also pay for set-up: on a GPU for libraries and the capture of a graph.
    for _ in range(WARM_UP + 1 if run.config.device == "cuda" else 1):
        run.train_step().item()
    before = run.gradient_evaluations
    steps, started, seconds = 0, time.perf_counter(), 0.0
    worked = time.process_time()
    while steps < TIMED_STEPS or (seconds < TIMED_SECONDS and steps < TIMED_STEPS_AT_MOST):
        run.train_step().item()
        steps += 1
        seconds = time.perf_counter() - started
    at_work = 1.0
    if run.config.device == "cpu":
        at_work = min(1.0, (time.process_time() - worked) / seconds)
    evaluations = (run.gradient_evaluations - before) / steps
    return Timing(seconds / steps, validation, evaluations, at_work)
