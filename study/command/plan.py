"""What ``aucstudy plan`` works out: on this machine by timing, for another one from tables."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

import typer

from study.command.warn import warn
from study.embedding import forecasts
from study.errors import SpecError
from study.plan.deciding import decided
from study.spec import StudySpec, check_environment

if TYPE_CHECKING:
    from study.plan.cost import StudyPlan
    from study.plan.timing import Timing

__all__ = ["plan"]

IDLE = 0.8
"""Share of a processor from which on a step counts as timed undisturbed: measured were .999 and 1
on an idle machine, .38 beside four busy processes on two cores."""


def plan(
    study: StudySpec, where: str | None, seconds_per_step: float | None
) -> tuple["StudyPlan", str, str]:
    """The plan, the machine that it is for, and what its times rest on.

    Args:
        study: loaded.
        where: another machine, such as "8x H100"; None: this one.
        seconds_per_step: of a pass over a batch there; None: as was measured.

    Raises:
        SpecError: the study cannot run there, or an option stands without the other.
    """
    if where is None:
        if seconds_per_step is not None:
            raise SpecError(
                "--seconds-per-step is for another machine: name it with --for, as in "
                '--for "8x H100". On this one steps are timed.'
            )
        planned, timings = _here(study)
        timed = ["Timed on a few steps at default hyperparameters.", *_disturbed(timings)]
        return planned, "this machine", " ".join([*timed, *forecasts(study)])
    from study.plan.elsewhere import machine, plan_elsewhere

    chosen = machine(where)
    planned, notes = plan_elsewhere(study, chosen, seconds_per_step)
    given = f"Times: {seconds_per_step:g} s a pass over a batch, as given." if not notes else ""
    return planned, str(chosen), " ".join(notes) or given


def _here(study: StudySpec) -> tuple["StudyPlan", "Mapping[tuple[str, str], Timing]"]:
    from study.plan.cost import local_slots, plan_study
    from study.plan.timing import time_study

    check_environment(study)
    study = decided(study, partial(typer.echo, err=True))
    warn(study)
    typer.echo("Timing a few steps of every method on every task ...", err=True)
    timings = time_study(study)
    return plan_study(study, timings, local_slots(study.resources)), timings


def _disturbed(timings: "Mapping[tuple[str, str], Timing]") -> Iterator[str]:
    """A sentence, if other work slowed the timed steps."""
    at_work = min(timing.at_work for timing in timings.values())
    if at_work < IDLE:
        yield (
            f"Other work went on meanwhile, and some of these steps had {at_work:.0%} of a "
            "processor: the hours are too many. Plan again when the machine is idle."
        )
