"""The report as one HTML page that needs nothing beside it."""

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from analysis.labels import short_setting
from analysis.results import Results
from analysis.write.blocks import Block, Figure, Panels, Section
from analysis.write.palette import Palette
from analysis.write.theme import TEMPLATES

__all__ = ["pack", "render"]

SCRIPTS = ("chapters.js", "figures.js", "tables.js", "filter.js", "origins.js")
_TEMPLATES = Path(__file__).parent / "templates"

# Inside <script>, "</" and "<!--" would end or open markup; as escapes they are plain JSON.
_JSON_ESCAPES = {ord("<"): r"\u003c", ord(">"): r"\u003e", ord("&"): r"\u0026"}


def render(results: Results, parts: Sequence[Section]) -> str:
    """The whole page.

    Plotly's script and the figures stand in it compressed, which makes the file a third of its
    size; the page unpacks them by itself, and draws a figure when it comes near the window.
    """
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    figures = {
        name: _figure(figure)
        for part in parts
        for block in part.blocks
        for name, figure in _figures(block)
    }
    settings = [short_setting(*pair) for pair in results.settings]
    facts = {
        "templates": TEMPLATES,
        "dark": Palette(results.methods, results.ratios).swap,
        "directory": str(results.study.directory),
        "origins": {cell: [str(o.directory), o.cell] for cell, o in results.origins.items()},
    }
    return environment.get_template("page.html").render(
        study=results.study,
        results=results,
        sections=parts,
        settings=settings,
        made=datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC"),
        css=_source("style.css"),
        scripts=[_source(name) for name in SCRIPTS],
        facts=_json(facts),
        plotly=_plotly(),
        figures=pack(json.dumps(figures)),
    )


def pack(text: str) -> Markup:
    """Base64 of the gzip of ``text``: letters that mean nothing in HTML."""
    return Markup(base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode())


@cache
def _plotly() -> Markup:
    return pack(get_plotlyjs())


def _figures(block: Block) -> list[tuple[str, go.Figure]]:
    """The figures of a block, by the names under which the page holds them."""
    if isinstance(block, Figure):
        return [(block.name, block.figure)]
    if isinstance(block, Panels):
        return [(f"{block.name}-{i}", figure) for i, (_, figure) in enumerate(block.panels)]
    return []


def _figure(figure: go.Figure) -> Mapping[str, Any]:
    """Data and layout; the template is left out, the page holds it once a theme."""
    plain: dict[str, Any] = json.loads(figure.to_json())
    plain["layout"].pop("template", None)
    return plain


def _json(data: Any) -> Markup:
    return Markup(json.dumps(data, ensure_ascii=True).translate(_JSON_ESCAPES))


def _source(name: str) -> Markup:
    return Markup((_TEMPLATES / name).read_text(encoding="utf-8"))
