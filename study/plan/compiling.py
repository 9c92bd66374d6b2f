"""Does it pay to compile the networks of a study? Decided once, before its first trial."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from study.cells import cells
from study.plan.cost import plan_study
from study.plan.timing import TIMED_SEEDS, time_study
from study.spec import StudySpec
from study.words import duration
from trainables.steps.compiled import compiler

if TYPE_CHECKING:
    from study.cell import Cell

__all__ = ["LONG", "compiling_decided"]

LONG = 60.0
"""Seconds of a trial from which on it pays: a worker's first one takes some 5 s to load what was
compiled, the machine's first one half a minute or more to compile it."""


def compiling_decided(spec: StudySpec, say: Callable[[str], None] = lambda _: None) -> StudySpec:
    """``spec`` with ``compile: auto`` as true or false; any other spec as it is.

    A few steps are timed, and the networks compiled, which the study's trials then need not do on
    this machine.

    Args:
        spec: one that ``check_environment`` found good, of a study that has not begun.
        say: is told what was decided and why.

    Raises:
        SpecError: a method fails in a training step.
    """
    if spec.compile != "auto":
        return spec
    against = _against(spec, say)
    say(f"compile: auto is {'false here: ' + against if against else 'true here.'}")
    return spec.model_copy(update={"compile": not against})


def _against(spec: StudySpec, say: Callable[[str], None]) -> str:
    """Why not; "" if it pays."""
    if spec.resources.gpus > 0:
        return "trials are on a GPU"
    if compiler() is None:
        return "there is no C++ compiler"
    say("Timing a few steps, to see whether compiling the networks pays ...")
    shortest = _shortest_trial(spec)
    if shortest < LONG:
        return (
            f"the shortest trial takes about {duration(shortest)}, and it pays from "
            f"{duration(LONG)} on"
        )
    say("Compiling the networks, which takes a minute or so ...")
    try:
        for cell in _one_a_task(spec):
            _compile(cell)
    except RuntimeError as error:
        return f"the network cannot be compiled ({error})"
    return ""


def _shortest_trial(spec: StudySpec) -> float:
    """Seconds of it, with the first method: the others take as long, or some times as long."""
    first = spec.model_copy(update={"methods": spec.methods[:1], "compile": False})
    return min(cell.search_seconds for cell in plan_study(first, time_study(first), slots=1).cells)


def _one_a_task(spec: StudySpec) -> "list[Cell]":
    chosen = spec.model_copy(update={"methods": spec.methods[:1], "compile": True})
    return list({cell.task: cell for cell in cells(chosen)}.values())


def _compile(cell: "Cell") -> None:
    from trainables.config import TrialConfig
    from trainables.loop import TrainingRun

    TrainingRun(TrialConfig(**cell.trial({}, TIMED_SEEDS)), embed=False)
