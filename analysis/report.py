"""One offline HTML file from one study, and its tables as CSV and Markdown beside it."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from analysis import export
from analysis.blocks import Figure, Section
from analysis.errors import AnalysisError
from analysis.palette import Palette
from analysis.results import Results, load
from analysis.sections import SECTIONS
from analysis.theme import TEMPLATES

__all__ = ["render", "sections", "write", "write_results"]

_TEMPLATES = Path(__file__).parent / "templates"

# Inside <script>, "</" and "<!--" would end or open markup; as escapes they are plain JSON.
_JSON_ESCAPES = {ord("<"): r"\u003c", ord(">"): r"\u003e", ord("&"): r"\u0026"}


def write(directory: Path) -> Path:
    """Report the study in ``directory``, finished or not.

    Returns:
        Path of ``report/report.html`` in the study's directory.

    Raises:
        study.errors.StudyError: the directory holds no study that can be read.
        AnalysisError: the report cannot be written there.
    """
    folder = directory / "report"
    try:
        return write_results(load(directory), folder)
    except OSError as error:
        raise AnalysisError(
            f"A report needs a folder that can be written; {folder} gave: {error}. "
            "Make room or give access, then run `aucstudy report` again."
        ) from error


def write_results(results: Results, folder: Path) -> Path:
    """Write ``report.html`` and ``tables/`` into ``folder``; each file appears whole or not."""
    parts = sections(results)
    export.write_tables((t for part in parts for t in part.tables()), folder / "tables")
    path = folder / "report.html"
    export.write_text(path, render(results, parts))
    return path


def sections(results: Results) -> list[Section]:
    """The sections that the study has something for, in order."""
    made = (build(results) for build in SECTIONS)
    return [section for section in made if section is not None]


def render(results: Results, parts: Sequence[Section]) -> str:
    """The whole page."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure_json"] = _figure_json
    return environment.get_template("page.html").render(
        study=results.study,
        results=results,
        sections=parts,
        made=datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC"),
        css=_source("style.css"),
        script=_source("page.js"),
        plotly=Markup(get_plotlyjs()),
        themes=_json({"templates": TEMPLATES, "dark": _palette(results).swap}),
    )


def _palette(results: Results) -> Palette:
    return Palette(results.methods, results.ratios)


def _figure_json(block: Figure) -> Markup:
    """Data and layout; the template is left out, the page holds it once a theme."""
    figure = json.loads(block.figure.to_json())
    figure["layout"].pop("template", None)
    return _json(figure)


def _json(data: Any) -> Markup:
    return Markup(json.dumps(data, ensure_ascii=True).translate(_JSON_ESCAPES))


def _source(name: str) -> Markup:
    return Markup((_TEMPLATES / name).read_text(encoding="utf-8"))
