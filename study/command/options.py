"""Arguments and options that several commands have."""

from typing import Annotated

import typer

from study.command.completion import specs

__all__ = ["Json", "Spec", "Study"]

Spec = Annotated[
    str,
    typer.Argument(
        metavar="SPEC", help="A YAML file, a preset, or a study's directory.", autocompletion=specs
    ),
]
Study = Annotated[
    str,
    typer.Argument(
        metavar="DIR", help="A study's directory, or the SPEC that made it.", autocompletion=specs
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print JSON and nothing else; docs/json.md has the keys.")
]
