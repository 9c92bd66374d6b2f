"""What is said of a spec before it is planned or run, and does not forbid it."""

import typer

from study.command.mps import mps_warning
from study.plan.bf16 import bf16_warning
from study.spec import StudySpec, remarks

__all__ = ["warn"]


def warn(spec: StudySpec) -> None:
    """To stderr, one line each; whether bf16 pays is measured, which takes a second or two."""
    for sentence in remarks(spec):
        typer.echo(sentence, err=True)
    for warning in (bf16_warning(spec), mps_warning(spec)):
        if warning:
            typer.echo(warning, err=True)
