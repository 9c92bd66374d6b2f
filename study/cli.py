"""The command ``aucstudy``. Every command imports what it needs itself, so that --help is quick."""

from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from analysis.errors import AnalysisError
from study.command import before
from study.command.launch import launch
from study.command.options import Json, Spec, Study
from study.command.terminal import plain_where_needed, show, tell
from study.errors import StudyError
from trainables.errors import TrainableError

__all__ = ["app", "main"]


class Tracker(StrEnum):
    """For whom ``export`` can write."""

    TENSORBOARD = "tensorboard"
    MLFLOW = "mlflow"
    WANDB = "wandb"


class Format(StrEnum):
    """What ``export`` can write."""

    CSV = "csv"
    PARQUET = "parquet"
    BOTH = "both"


class _Commands(TyperGroup):
    """Turns the errors that a user can mend into a sentence and exit code 2."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (StudyError, TrainableError, AnalysisError) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(2) from None


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Studies of deep AUC maximisation: one YAML file in, one report out.",
)
app.add_typer(launch, name="launch")


def main() -> None:
    """The console script."""
    plain_where_needed()
    app()


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("aucstudy"))
        raise typer.Exit


@app.callback()
def _of_every_command(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it.")
    ] = False,
) -> None:
    """What stands before the name of a command."""


app.command()(before.init)
app.command()(before.data)
app.command()(before.plan)


@app.command()
def run(
    spec: Spec,
    limit: Annotated[
        str | None,
        typer.Option("--for", metavar="2h", help="Stop cleanly after this time: 2h, 90m, 1d12h."),
    ] = None,
    report_every: Annotated[
        str | None,
        typer.Option(metavar="30m", help="Also write the report so often while it runs."),
    ] = None,
    accept_changes: Annotated[
        bool,
        typer.Option(
            "--accept-changes",
            help="Go on although data or your own code changed; the provenance keeps a note.",
        ),
    ] = False,
) -> None:
    """Run SPEC: start it, resume it after a stop or a crash, or extend it; then report.

    Exit code 1 if it has come to its end without any result.
    """
    from study.command.run import run as start

    start(spec, limit, accept_changes, report_every)


@app.command()
def status(
    study: Study,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on showing it until the study is finished.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show how far a study is, while it runs or after."""
    from study.command.as_json import status_data
    from study.command.tables import status_tables
    from study.places import Places
    from study.reader import read_study
    from study.tune.log import last_wait

    directory = _directory(study)
    if watch:
        from study.command.watch import watch as look

        if as_json:
            raise typer.BadParameter(
                "shows tables or lines; --json is one look", param_hint="--watch"
            )
        look(directory)
        return
    seen = read_study(directory), last_wait(Places(directory).events)
    if as_json:
        tell(status_data(*seen))
    else:
        show(*status_tables(*seen))


@app.command()
def report(
    studies: Annotated[
        list[str], typer.Argument(metavar="DIR...", help="Directories of studies, or their SPECs.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Instead of report/ in the study's own.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a study's report anew, finished or not; of several studies, one report.

    With --json it prints the verdict.
    """
    from analysis.report import write_findings
    from analysis.verdict_data import verdict_data

    path, findings = write_findings(*map(_directory, studies), folder=out)
    if as_json:
        tell({"report": path, "settings": verdict_data(findings)})
    else:
        typer.echo(f"Report: {path}")


@app.command()
def export(
    study: Study,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Instead of export/ in the study's own.")
    ] = None,
    kind: Annotated[Format, typer.Option("--format", help="Kinds of files.")] = Format.BOTH,
    to: Annotated[
        Tracker | None, typer.Option(help="Runs for this tracker instead, in export/<tracker>.")
    ] = None,
) -> None:
    """Write a study's trials, curves, confirm results, predictions and budget as tables.

    With --to: parameters, curves, final figures and files, a run a trial.
    """
    from analysis.export import KINDS
    from analysis.export import export as write_frames
    from study.places import Places

    directory = _directory(study)
    if to is not None:
        from analysis.exporters import export_to
        from study.reader import read_study

        folder = out or Places(directory).export / to.value
        look, missing = export_to(to.value, read_study(directory), folder)
        for sentence in missing:
            typer.echo(sentence, err=True)
        typer.echo(f"Runs: {folder}; to look at them: {look}")
        return
    folder = out or Places(directory).export
    kinds = KINDS if kind is Format.BOTH else (kind.value,)
    for sentence in write_frames(directory, folder, kinds):
        typer.echo(sentence, err=True)
    typer.echo(f"Frames: {folder}")


@app.command()
def rerun(
    study: Study,
    trial: Annotated[str, typer.Argument(metavar="TRIAL", help="<cell>/<phase>/<number>.")],
) -> None:
    """Train one trial again as the ledger has it; exit code 1 if it comes out otherwise."""
    from study.command.rerun import rerun as train_again
    from study.command.tables import rerun_table

    done = train_again(_directory(study), trial)
    show(rerun_table(done))
    for when, text in (("The ledger says", done.reason), ("This time", done.again)):
        if text is not None:
            typer.echo(f"{when}: {text}")
    typer.echo("The same, bit for bit." if done.same else "Not the same.")
    if not done.same and done.differences:
        typer.echo(f"What may explain it: {'; '.join(done.differences)}.")
    if not done.same:
        raise typer.Exit(1)


@app.command()
def dashboard(
    study: Study,
    port: Annotated[int, typer.Option(help="Of this machine's loopback.")] = 8080,
) -> None:
    """Look at a study's trials in optuna-dashboard, while it runs or after."""
    from study.command.dashboard import serve

    serve(_directory(study), port)


app.command("list")(before.list_)
app.command()(before.doctor)


def _directory(study: str) -> Path:
    from study.spec import find_directory

    return find_directory(study)
