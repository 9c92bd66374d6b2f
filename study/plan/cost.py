"""What a study will cost, before it runs: images, trials, and hours from timed steps."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from study.cell import Cell
from study.cells import cells
from study.machine import cores, fits
from study.plan.evaluations import in_diagnostics, in_test, in_training
from study.plan.images import Labels, labels_of, trained
from study.plan.timing import Timing
from study.spec import Dataset, Resources, StudySpec, Task, data_root, ratios
from trainables.averages.options import Options
from trainables.datasets.cut.part_counts import PartCount, part_counts

__all__ = [
    "CellPlan",
    "StudyPlan",
    "asha_share",
    "local_slots",
    "plan_study",
]


@dataclass(frozen=True)
class CellPlan:
    """One cell.

    Attributes:
        train, val, test: images of each part; where the cut hangs on groups or on several labels,
            those of one data seed.
        steps: of a trial that runs to its end.
        searches: independent ones.
        search_trials, confirm_trials, profile_trials: rows, over all searches.
        gradient_evaluations: of a trial that runs to its end.
        search_seconds: likewise.
        confirm_seconds: likewise, and the test set.
        profile_seconds: likewise, with the test set where the profile meets it.
        waits: seconds of one search trial of each cell whose search comes before this one's.
    """

    method: str
    task: str
    dataset: str
    imratio: float | None
    train: PartCount
    val: PartCount
    test: PartCount
    steps: int
    searches: int
    search_trials: int
    confirm_trials: int
    profile_trials: int
    gradient_evaluations: int
    search_seconds: float
    confirm_seconds: float
    profile_seconds: float
    waits: float = 0.0

    @property
    def chain(self) -> float:
        """Seconds of one trial of each phase that the cell has, after those it waits for."""
        phases = (
            (self.search_trials, self.search_seconds),
            (self.confirm_trials, self.confirm_seconds),
            (self.profile_trials, self.profile_seconds),
        )
        return self.waits + sum(seconds for trials, seconds in phases if trials)

    @property
    def parts(self) -> tuple[PartCount, PartCount, PartCount]:
        """Training, validation and test images."""
        return self.train, self.val, self.test


@dataclass(frozen=True)
class StudyPlan:
    """The whole study.

    Attributes:
        cells: in the study's order.
        slots: trials that run side by side.
        search_share: by task, the share of a full trial that a search trial gets, in (0, 1].
        data: by task, the labels of its data set.
    """

    cells: tuple[CellPlan, ...]
    slots: int
    search_share: Mapping[str, float]
    data: Mapping[str, Labels] = field(default_factory=dict)

    @property
    def trials(self) -> int:
        """All rows of the study."""
        return sum(c.search_trials + c.confirm_trials + c.profile_trials for c in self.cells)

    @property
    def most_seconds(self) -> float:
        """Seconds on ``slots`` if no trial is stopped early."""
        return self._seconds(dict.fromkeys(self.search_share, 1.0))

    @property
    def seconds(self) -> float:
        """Seconds on ``slots`` if ASHA stops as many trials as it is made to stop."""
        return self._seconds(self.search_share)

    def _seconds(self, share: Mapping[str, float]) -> float:
        seconds = sum(
            cell.search_trials * cell.search_seconds * share[cell.task]
            + cell.confirm_trials * cell.confirm_seconds
            + cell.profile_trials * cell.profile_seconds
            for cell in self.cells
        )
        # However many slots: a cell's phases come one after the other.
        return max(seconds / max(1, self.slots), *(cell.chain for cell in self.cells))


def asha_share(intervals: int, grace: int, reduction: int) -> float:
    """Share of a full trial's intervals that a trial gets on average, if every rung passes
    1 in ``reduction`` on. Asynchronous ASHA passes on more at first, so it is a lower end.
    """
    spent, alive, reached = 0.0, 1.0, 0
    rung = grace
    while rung < intervals:
        spent += alive * (rung - reached)
        alive /= reduction
        reached, rung = rung, rung * reduction
    return (spent + alive * (intervals - reached)) / intervals


def local_slots(resources: Resources) -> int:
    """Trials that this machine can run side by side; 0 if not one."""
    import torch

    return fits(resources, cores(), torch.cuda.device_count())


def plan_study(
    spec: StudySpec,
    timings: Mapping[tuple[str, str], Timing],
    slots: int,
    labels: Callable[[Dataset, Path], Labels] = labels_of,
) -> StudyPlan:
    """The study in numbers.

    Args:
        spec: a spec that ``check_environment`` found good.
        timings: by (method, name of the task).
        slots: trials that can run side by side.
        labels: reads those of a data set below a folder.
    """
    asha = spec.search.pruner == "asha"
    tasks = {task.name: task for task in spec.tasks}
    planned = cells(spec)
    data = {name: labels(task.dataset, data_root(spec)) for name, task in tasks.items()}
    images = {
        (name, imratio): part_counts(
            data[name], imratio, task.validation, task.easy_positives, long_tail=task.long_tail
        )
        for name, task in tasks.items()
        for imratio in ratios(spec, task)
    }
    plans = {
        cell.id: _plan(
            cell,
            tasks[cell.task],
            images[cell.task, cell.imratio],
            timings[cell.method, cell.task],
        )
        for cell in planned
    }
    for cell in sorted(planned, key=lambda cell: -(cell.imratio or 0.0)):
        if cell.neighbour is not None:  # at a larger ratio, so that it is done
            before = plans[cell.neighbour]
            waits = before.waits + (before.search_seconds if before.search_trials else 0.0)
            plans[cell.id] = replace(plans[cell.id], waits=waits)
    return StudyPlan(
        cells=tuple(plans.values()),
        slots=slots,
        search_share={
            task.name: asha_share(task.intervals, spec.search.grace, spec.search.reduction)
            if asha
            else 1.0
            for task in spec.tasks
        },
        data={name: trained(task, data[name]) for name, task in tasks.items()},
    )


def _plan(cell: Cell, task: Task, images: Mapping[str, PartCount], timing: Timing) -> CellPlan:
    steps = _steps(cell, task, images["train"].images, timing)
    options = Options(**cell.run.get("evaluation", {}))
    forward = timing.validation / images["validation"].images
    seconds = steps * timing.step + task.intervals * timing.validation
    seconds += forward * in_training(options, task, images)
    tested = seconds + forward * (images["test"].images + in_test(options, task, images))
    looked_at = forward * in_diagnostics(task, images) if cell.diagnostics else 0.0
    moves = cell.moves
    return CellPlan(
        method=cell.method,
        task=cell.task,
        dataset=cell.dataset,
        imratio=cell.imratio,
        train=images["train"],
        val=images["validation"],
        test=images["test"],
        steps=steps,
        searches=cell.repeats,
        search_trials=cell.repeats * cell.trials,
        confirm_trials=cell.seeds,
        # At most: a value that is the selected one in the end needs no trial of its own.
        profile_trials=0 if moves is None else moves.seeds * len(moves.around({})),
        gradient_evaluations=round(steps * timing.evaluations),
        search_seconds=seconds,
        confirm_seconds=tested + looked_at,
        profile_seconds=tested if cell.tests_profile else seconds,
    )


def _steps(cell: Cell, task: Task, images: int, timing: Timing) -> int:
    """Steps of a trial; how many fit into its budget hangs on what a step of the method costs."""
    from trainables.methods import METHODS
    from trainables.names import resolve

    if task.seconds is not None:
        return math.ceil(task.seconds / timing.step)
    of_task = min(task.batch_size, images)
    in_all = task.epochs * (images // of_task) * of_task
    if task.budget == "gradient_evaluations":
        return math.ceil(in_all / timing.evaluations)
    method = resolve("method", METHODS, cell.base)(**cell.fixed)
    return max(1, round(in_all / min(method.images_a_batch(task.batch_size), images)))
