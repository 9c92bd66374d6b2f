"""What ``aucstudy run`` does: run the study, say how it ended, and write the report."""

from functools import partial

import typer

from study.command.reporting import reporting
from study.command.terminal import say
from study.command.warn import warn
from study.run import run as run_study
from study.spec import directory_of, load_spec
from study.tune.stop import duration
from study.words import plural

__all__ = ["run"]


def run(
    spec: str,
    limit: str | None = None,
    accept_changes: bool = False,
    report_every: str | None = None,
) -> None:
    """Start, resume or extend the study of ``spec``; report once it is finished.

    Args:
        spec: a YAML file, a preset, or a study's directory.
        limit: a clean stop after this time ("2h", "90m", "1d12h"); None: no limit.
        accept_changes: go on although data or the user's own code changed.
        report_every: also write the report so often while it runs; None: at the end alone.

    Raises:
        typer.Exit: with 130, stopped at once by a second Ctrl-C; with 1, no trial gave a result.
        StudyError: the spec, the machine or the database does not allow it.
    """
    study, seconds = load_spec(spec), None if limit is None else duration(limit)
    often = None if report_every is None else duration(report_every)
    warn(study)
    try:
        summary = run_study(
            study,
            seconds,
            reporting(often, directory_of(study)),
            accept_changes,
            partial(typer.echo, err=True),
        )
    except KeyboardInterrupt:
        say(f"Stopped at once; nothing that was told is lost. To go on: aucstudy run {spec}")
        raise typer.Exit(130) from None
    if summary.finished and not summary.ran:
        say("The study is finished: there is nothing to run.")
    for cell in summary.failed_cells:
        say(f"Every search trial of {cell} failed; the report says why.")
    for cell in summary.unconfirmed_cells:
        say(f"Every confirm trial of {cell} failed; the report says why.")
    if summary.finished:
        from analysis.report import write  # it takes more than a second to import

        say(f"Report: {write(summary.directory)}")
    else:
        say(
            f"Stopped ({summary.stopped}) with {plural(summary.left, 'trial')} left; "
            f"to go on: aucstudy run {spec}"
        )
    if summary.failed:
        typer.echo("No trial of the study gave a result.", err=True)
        raise typer.Exit(1)
