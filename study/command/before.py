"""Commands that come before a study runs: init, data, plan, list and doctor."""

from pathlib import Path
from typing import Annotated

import typer

from study.command.options import Json, Spec
from study.command.terminal import show, tell
from trainables.files import save_atomically

__all__ = ["data", "doctor", "init", "list_", "plan"]


def init(
    file: Annotated[Path, typer.Argument(help="Where to write it.")] = Path("study.yaml"),
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: the defaults.")] = False,
) -> None:
    """Ask for data, methods, ratios and budget, and write a commented YAML."""
    from study.command.init import Answers, ask, spec_text, write

    write(spec_text(Answers() if yes else ask(), file), file)
    typer.echo(f"{file} is written. What it runs: aucstudy plan {file}", err=True)


def data(
    spec: Spec,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The contact sheet; default <study>-data.html here."),
    ] = None,
) -> None:
    """Read the data of SPEC once: count them, and write a page with some images of each class."""
    from study.command.contact_sheet import contact_sheet
    from study.command.data import examined, tables
    from study.spec import load_spec
    from trainables.datasets.store.place import kept, store_place

    study = load_spec(spec)
    sheet = (out or Path(f"{study.name}-data.html")).absolute()
    found = []
    for each in examined(study):
        found.append(each)
        show(*tables(each))
    page = contact_sheet(study.name, found).encode()
    save_atomically(sheet, lambda file: file.write(page))
    typer.echo(f"Contact sheet: {sheet}")
    typer.echo(f"Store of images: {kept()} in {store_place()}")


def plan(
    spec: Spec,
    where: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="MACHINE",
            help='Another machine: "8x H100", "64 cores"; this one needs neither GPU nor data.',
        ),
    ] = None,
    seconds_per_step: Annotated[
        float | None,
        typer.Option(help="With --for: of a pass over a batch there, trials side by side."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show what SPEC runs, about how long it takes here, and what it will be able to show."""
    from study.command.as_json import plan_data
    from study.command.plan import plan as made
    from study.command.tables import plan_tables
    from study.spec import load_spec

    study = load_spec(spec)
    planned, machine, timed = made(study, where, seconds_per_step)
    if as_json:
        tell(plan_data(study.name, planned, machine, timed))
    else:
        show(*plan_tables(planned, machine, timed))


def list_(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[WHAT]", help="methods, datasets, models or presets; or the NAME of one."
        ),
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Argument(
            metavar="[PATTERN]",
            help="Of models alone: names to look for, as '*net*' or 'timm:*resnet*'.",
        ),
    ] = None,
    image_size: Annotated[
        int | None,
        typer.Option(min=1, help="Pixels a side for which networks are counted; default 32 (28)."),
    ] = None,
    channels: Annotated[int, typer.Option(min=1, help="Of these images.")] = 3,
    as_json: Json = False,
) -> None:
    """List methods, data sets, models and presets, a line each; of a NAME, all that is known.

    Of a method, that is every hyperparameter with its default, range, meaning and source. `list
    models` counts parameters and GFLOP an image, and says what timm and MONAI bring.
    """
    from study.command.listing import (
        KINDS,
        details,
        details_data,
        models,
        models_data,
        overview,
        overview_data,
    )
    from study.command.models import Images

    images = Images(channels, image_size)
    if pattern is not None and what != "models":
        raise typer.BadParameter("is for models, as in: list models 'timm:*resnet*'")
    if what == "models":
        tell(models_data(pattern, images)) if as_json else show(*models(pattern, images))
    elif what is None or what in KINDS:
        tell(overview_data(what)) if as_json else show(*overview(what))
    else:
        tell(details_data(what, images)) if as_json else show(*details(what, images))


def doctor(
    spec: Annotated[
        str | None, typer.Argument(metavar="[SPEC]", help="Also look at what this study needs.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Look whether this machine is fit for a study, and say what to do if it is not."""
    from study.command.as_json import findings_data
    from study.command.doctor import Finding, examine
    from study.command.tables import findings_table
    from study.plan.bf16 import bf16_warning
    from study.spec import data_root, default_data_root, directory_of, load_spec

    if spec is None:
        findings = examine(Path("studies").absolute(), default_data_root(), None, [])
    else:
        study = load_spec(spec)
        datasets = [task.dataset for task in study.tasks]
        findings = examine(
            directory_of(study), data_root(study), study.storage, datasets, study.resources.gpus
        )
        if warning := bf16_warning(study):
            findings.append(Finding("precision", "warn", "bf16", warning))
    if as_json:
        tell(findings_data(findings))
    else:
        show(findings_table(findings))
    if any(finding.verdict == "fail" for finding in findings):
        raise typer.Exit(1)
