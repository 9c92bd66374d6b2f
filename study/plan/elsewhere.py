"""A plan for a machine that is not this one: its slots, and times from what was measured."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from study.cell import Cell
from study.cells import cells
from study.errors import SpecError
from study.machine import fits
from study.plan.cost import StudyPlan, plan_study
from study.plan.images import PUBLISHED, Labels, published, trained
from study.plan.speeds import BATCH, MODEL, PIXELS, SHARING, SHARING_BY_MPS, SPEEDS, Way
from study.plan.steps import spent
from study.plan.timing import Timing
from study.spec import StudySpec, Task, data_root, ratios
from study.spec.sentences import spec_error
from study.spec.several_labels import for_one_label
from study.spec.text import Document
from study.words import plural
from trainables.errors import DataError, in_one_line
from trainables.methods import METHODS
from trainables.names import resolve

__all__ = ["Machine", "machine", "plan_elsewhere"]

FORWARD = 1 / 3
"""Of a pass forward and backward, what a forward pass alone takes, about."""

ENOUGH = 1e6
"""Cores beside GPUs."""

_WRITTEN = re.compile(r"(?:(\d+)\s*[x*]\s*)?(.*\S)\s*", re.IGNORECASE)
_CORES = re.compile(r"(\d+)\s*(?:cpus?|cores?)", re.IGNORECASE)


@dataclass(frozen=True)
class Machine:
    """Where a study is to run.

    Attributes:
        count: GPUs, or nodes without one.
        gpu: name of the GPU; None: nodes of ``cores``.
        cores: of a node; 0 beside GPUs, which are taken to have cores enough.
    """

    count: int
    gpu: str | None
    cores: int = 0

    def __str__(self) -> str:
        return f"{self.count} x {self.gpu or plural(self.cores, 'core')}"

    def slots(self, spec: StudySpec) -> int:
        """Trials of ``spec`` side by side.

        Raises:
            SpecError: its trials take a GPU and there is none, or the other way round.
        """
        wanted = spec.resources
        if (self.gpu is None) != (wanted.gpus == 0):
            raise SpecError(
                f"The machine must be of the kind that the study's trials take (resources.gpus is "
                f"{wanted.gpus:g}), not {self}: write, for example, --for "
                f'"{"8x H200" if wanted.gpus else "4x 64 cores"}", or change resources.gpus.'
            )
        if self.gpu:
            return fits(wanted, ENOUGH, self.count)
        return self.count * fits(wanted, self.cores, 0)


def machine(text: str) -> Machine:
    """The machine of ``8x H100``, ``H200``, ``64 cores`` or ``4x 64 cores``.

    Raises:
        SpecError: the text is none of these.
    """
    found = _WRITTEN.fullmatch(text.strip())
    count = int(found[1] or 1) if found else 0
    if found is None or count == 0:
        raise SpecError(
            f'A machine is written like "8x H100", "H200", "64 cores" or "4x 64 cores", not '
            f"{text!r}."
        )
    cores = _CORES.fullmatch(found[2])
    if cores and int(cores[1]):
        return Machine(count, None, int(cores[1]))
    return Machine(count, re.sub(r"(?i)^nvidia\s+", "", found[2]))


def plan_elsewhere(
    spec: StudySpec, where: Machine, seconds_per_step: float | None = None
) -> tuple[StudyPlan, list[str]]:
    """The plan of ``spec`` on ``where``; neither hardware nor data of this machine are needed.

    Args:
        spec: loaded; nothing else is checked.
        where: the machine.
        seconds_per_step: of one pass over a batch there, with as many trials side by side as the
            plan has; None: what was measured, and NaN where nothing was.

    Returns:
        The plan, and sentences on what its times rest on.

    Raises:
        SpecError: the study does not suit the machine, a data set's size is not known, or what is
            for one label meets several.
    """
    if seconds_per_step is not None and not 0 < seconds_per_step < math.inf:
        raise SpecError(f"--seconds-per-step must be above 0, not {seconds_per_step:g}.")
    slots = where.slots(spec)
    labels = {task.dataset.shown: published(task.dataset, data_root(spec)) for task in spec.tasks}
    problems = [
        problem
        for index, task in enumerate(spec.tasks)
        for shown in (_trained(task, labels[task.dataset.shown]),)
        for problem in for_one_label(spec, task, index, shown.labels, shown.train_labels)
    ]
    if problems:
        raise spec_error(Document(f"study {spec.name}", None), problems)
    tasks = {task.name: task for task in spec.tasks}
    timings, said = {}, dict[str, None]()
    for cell in cells(spec):
        task = tasks[cell.task]
        if cell.imratio != ratios(spec, task)[0]:
            continue
        batch, evaluations = _evaluations(cell, task)
        if seconds_per_step is None:
            step, note = _measured(spec, cell, task, where, batch, evaluations)
            said[note] = None
        else:
            step = seconds_per_step * evaluations / batch
        if math.isnan(step) and task.budget == "seconds":
            raise SpecError(
                f"How many steps fit into {task.seconds:g} seconds hangs on what a step of "
                f"{task.name} takes, which was not measured on {where}: give --seconds-per-step."
            )
        shown = labels[task.dataset.shown]
        val = len(shown.train_labels) * float(shown.validation_share)
        validation = FORWARD * step / evaluations * val
        timings[cell.method, cell.task] = Timing(step, validation, evaluations)
    planned = plan_study(spec, timings, slots, labels=lambda dataset, _: labels[dataset.shown])
    return planned, [note for note in said if note]


def _trained(task: Task, labels: Labels) -> Labels:
    try:
        return trained(task, labels)
    except DataError as error:
        raise SpecError(f"Task {task.name}: {error}") from error


def _evaluations(cell: Cell, task: Task) -> tuple[int, float]:
    """Images of a batch, and gradient evaluations of a step: counted on a tiny network.

    Raises:
        SpecError: the method fails in that step.
    """
    try:
        method = resolve("method", METHODS, cell.base)(**cell.fixed)
        size = method.images_a_batch(task.batch_size)
        return size, spent(method, size)
    except Exception as error:
        raise SpecError(
            f"Every method must be able to train a step; {cell.method} fails in one with "
            f"{in_one_line(error)}. Mend it, or take it out of methods."
        ) from error


def _measured(
    spec: StudySpec, cell: Cell, task: Task, where: Machine, batch: int, evaluations: float
) -> tuple[float, str]:
    """Seconds of a step, NaN if nothing near was measured, and what they rest on."""
    execution = "eager" if where.gpu is None or spec.execution == "eager" else "graph"
    if spec.compile is True:
        execution = "compiled"
    ran = f"{execution}, channels last" if spec.channels_last else execution
    precision = spec.precision
    if precision == "auto":
        precision = "bf16" if where.gpu else "f32"
    if precision == "tf32" and where.gpu is None:
        precision = "f32"
    device = where.gpu.upper() if where.gpu else "cpu"
    names = {way.device for way in SPEEDS}
    device = next((name for name in names if name in device.split()), device)
    way = Way(device, precision, execution, spec.channels_last)
    speeds = SPEEDS.get(way)
    if speeds is None or task.model.shown != MODEL:
        kinds = ", ".join(map(str, sorted(SPEEDS)))
        return math.nan, (
            f"No step of {task.model.shown} in {precision} ({ran}) was timed on "
            f"{where.gpu or 'a core'}, so that hours are unknown; {MODEL} was, on: {kinds}. Give "
            "--seconds-per-step."
        )
    known = cell.base if cell.base in speeds else "auc_m"
    passes = 2 if known == "ct_auc" else 1
    published_as = PUBLISHED.get(task.dataset.name)
    size = published_as.pixels if published_as else PIXELS
    scale = (size / PIXELS) ** 2 * batch / BATCH
    if where.gpu:
        # Its kernels are too small for it as it is: smaller batches take as long.
        scale = max(1.0, scale)
    beside = max(1, int(1 / spec.resources.gpus + 1e-9)) if spec.resources.gpus else 1
    gain = _gain(SHARING[execution], beside) if where.gpu else 1.0
    step = speeds[known] * scale * evaluations / (passes * batch) * beside / gain
    note = (
        f"Times: {MODEL} at {PIXELS} x {PIXELS} and batches of {BATCH} as measured on {device} "
        f"({precision}, {ran}) with {', '.join(speeds)}"
    )
    if beside > 1:
        kind = (execution, execution == "graph" and precision == "bf16")
        times = _gain(SHARING_BY_MPS[kind], beside) / gain
        note += f", {beside} trials on a GPU without CUDA MPS, with which it is {times:.1f} times "
        note += "as fast"
    return step, f"{note}; other methods as auc_m, by their passes."


def _gain(shared: Mapping[int, float], beside: int) -> float:
    """Of so many trials on a GPU, or of the next fewer that were measured."""
    return shared[max(count for count in shared if count <= beside)]
