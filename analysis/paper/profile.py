"""Profiles: what moving one hyperparameter of the selected configurations does."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.compare.profile import SIDES, Part, drawn, named, parts, reach, shown_side
from analysis.findings import Findings
from analysis.labels import short_setting
from analysis.paper.style import key, looks, panels
from analysis.write.figures import log_ticks
from analysis.write.palette import Palette

__all__ = ["draw"]


def draw(findings: Findings) -> Figure | None:
    """Differences from the selected configurations, a panel a hyperparameter and setting."""
    results, table = findings.results, findings.profiles
    if table.empty:
        return None
    palette = Palette(results.methods, results.ratios)
    side = shown_side(table)
    shown = [*parts(table, results.settings)]
    titles = [f"{part.name}, {short_setting(part.task, part.ratio)}" for part in shown]
    figure, axes = panels(titles, f"{SIDES[side]} AUROC, difference", results.methods)
    for part, axis in zip(shown, axes, strict=True):
        axis.axhline(0, color="#808a96", linewidth=0.6)
        for method in results.methods:
            _line(axis, part, method, palette, side)
        _ticks(axis, part)
        axis.set_ylim(*reach(table, side))
        axis.set_xlabel(part.name)
    key(figure, results.methods)
    return figure


def _line(axis: Axes, part: Part, method: str, palette: Palette, side: str) -> None:
    rows = part.rows[part.rows["method"] == method]
    if rows.empty:
        return
    style = looks(palette.method(method))
    line, own = drawn(rows, side)
    y = line[f"{side}_difference"]
    axis.errorbar(
        line["place"],
        y,
        yerr=(line[f"{side}_high"] - y).fillna(0),
        label=method,
        capsize=1.5,
        elinewidth=0.8,
        **style,
    )
    rings = {"linestyle": "none", "markerfacecolor": "none", "markersize": 6}
    axis.plot(own["place"], [0.0] * len(own), **style | rings)


def _ticks(axis: Axes, part: Part) -> None:
    tried = part.rows.drop_duplicates("text").sort_values("place")
    if part.rows["log"].all():
        axis.set_xscale("log")
        axis.set_xticks(*log_ticks(tried["place"].min(), tried["place"].max()))
        axis.minorticks_off()
    elif named(tried):
        axis.set_xticks(tried["place"], tried["text"])
