"""The report as a file: what it says, what it holds, and that user text stays text."""

import base64
import csv
import gzip
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from plotly.offline import get_plotlyjs

from analysis import report
from analysis.findings import Findings
from analysis.results import Results, from_record
from analysis.sections import verdict
from analysis.write import page as html
from analysis.write.blocks import Figure, Table

Build = Callable[..., Any]


class Page(HTMLParser):
    """Elements, the text a reader sees, and the JSON of the figures."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.data: dict[str, Any] = {}
        self._script: dict[str, str | None] | None = None
        self._section = ""
        self.sections: dict[str, str] = {}
        self.plotly = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._script = dict(attrs)
        if tag == "section":
            self._section = str(dict(attrs)["id"])

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._script = None

    def handle_data(self, data: str) -> None:
        if self._script is None:
            self.text.append(data)
            self.sections[self._section] = self.sections.get(self._section, "") + data
        elif self._script.get("id") == "figures":
            self.data |= json.loads(_unpacked(data))
        elif self._script.get("id") == "plotly":
            self.plotly += _unpacked(data)

    def count(self, tag: str) -> int:
        """Elements of a kind."""
        return sum(name == tag for name, _ in self.tags)


def _unpacked(text: str) -> str:
    return gzip.decompress(base64.b64decode(text)).decode()


@pytest.fixture(scope="module")
def page(simulated_report: Path) -> Page:
    return Page(simulated_report.read_text())


def _said(results: Results) -> str:
    """The text of the verdict."""
    page = Page(html.render(results, [verdict.section(Findings(results))]))
    return " ".join(page.sections["verdict"].split())


def test_sections_in_order(page: Page, simulated: Results) -> None:
    keys = [attrs["id"] for tag, attrs in page.tags if tag == "section"]
    assert keys == [section.key for section in report.sections(Findings(simulated))]
    assert keys[:3] == ["glance", "verdict", "main-table"]
    assert keys[-3:] == ["budget", "failures", "provenance"]
    assert len(set(keys)) == len(keys)
    links = [str(attrs["href"]) for tag, attrs in page.tags if tag == "a"]
    inside = [link for link in links if link.startswith("#") and link != "#report"]
    assert inside == [*(f"#{key}" for key in keys), "#verdict"]


def test_names_are_unique_and_safe(simulated: Results) -> None:
    blocks = [block for part in report.sections(Findings(simulated)) for block in part.blocks]
    for kind in (Figure, Table):
        names = [block.name for block in blocks if isinstance(block, kind)]
        assert len(set(names)) == len(names)
        assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in names)


def test_files(simulated_report: Path) -> None:
    folder = simulated_report.parent
    assert simulated_report.name == "report.html"
    assert simulated_report.stat().st_size < 8_000_000
    assert {p.name for p in folder.iterdir()} == {"figures", "report.html", "report.md", "tables"}
    names = {p.name for p in (folder / "tables").iterdir()}
    assert {"main.csv", "main.md", "main.tex", "failed-rows.csv", "numbers.csv"} <= names


def test_an_earlier_report_leaves_nothing_behind(study: Build, cell: Build, tmp_path: Path) -> None:
    results = from_record(study(cell(planned_trials=3, planned_seeds=2)))
    kept = tmp_path / "tables" / "notes.txt"
    for name in ("main-9.csv", "main-9.tex", "notes.txt"):
        (tmp_path / "tables" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "tables" / name).write_text("old")
    path = report.write_results(results, tmp_path)
    assert not list(tmp_path.rglob("main-9.*"))
    assert kept.read_text() == "old"
    assert report.write_results(results, tmp_path) == path  # and again, over the first


def test_page_asks_no_host_for_anything(page: Page) -> None:
    assert page.count("link") == 1  # the empty icon
    sources = [attrs.get(key) for _, attrs in page.tags for key in ("src", "href", "data")]
    beside = [s for s in sources if s and not s.startswith(("#", "data:"))]
    assert all(re.fullmatch(r"(tables|figures)/[a-z0-9-]+\.[a-z]+", address) for address in beside)
    policy = next(attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_plotly_is_embedded_once(page: Page) -> None:
    assert page.plotly == get_plotlyjs()


def test_figures_carry_the_numbers(page: Page, simulated: Results) -> None:
    figure = page.data["imratio-curves"]
    bars = {trace["name"]: trace for trace in figure["data"]}
    mine = simulated.confirm[simulated.confirm["method"] == "ce"].groupby("imratio")["test_auroc"]
    assert bars["ce"]["y"] == pytest.approx(mine.mean().tolist(), abs=1e-6)
    assert bars["ce"]["error_y"]["array"] == pytest.approx(mine.std(ddof=1).tolist(), abs=1e-6)
    assert "template" not in figure["layout"]


def test_every_method_has_one_colour(page: Page) -> None:
    colours: dict[str, set[str]] = {}
    for name in ("imratio-curves", "tuning", "convergence-interval"):
        for trace in page.data[name]["data"]:
            colours.setdefault(trace["legendgroup"], set()).add(trace["line"]["color"])
    assert set(colours) == {"ce", "auc_m", "auc_mixup", "ct_auc"}
    assert all(len(used) == 1 for used in colours.values())


def test_legend_names_each_method_that_is_drawn(page: Page) -> None:
    for name, figure in page.data.items():
        lines = [t for t in figure["data"] if t.get("mode", "markers") != "markers" and t["x"]]
        drawn = {t["legendgroup"] for t in lines}
        shown = [t["name"] for t in figure["data"] if t.get("showlegend") and t["x"]]
        assert drawn <= set(shown), name
        assert len(shown) == len(set(shown)), name


def test_pruned_trials_are_drawn_apart(page: Page) -> None:
    traces = page.data["sensitivity-1-0"]["data"]
    traces = [t for t in traces if "marker" in t]  # all but the bands
    crosses = [t for t in traces if t["marker"]["symbol"] == "x-thin-open"]
    assert crosses
    assert all(t["yaxis"] >= "y100" for t in crosses)
    assert all("pruned" in words for t in crosses for words in t["text"])
    others = [t for t in traces if t["marker"]["symbol"] != "x-thin-open"]
    assert not [words for t in others for words in t.get("text", ()) if "pruned" in words]


def test_partial_study_says_so(simulated: Results, finished: Results) -> None:
    assert "Partial report" in _said(simulated)
    assert "Still missing: 2 confirm trials" in _said(simulated)
    assert "Partial" not in _said(finished)


def test_failed_cell_is_named(page: Page) -> None:
    text = page.sections["failures"]
    assert "ct_auc__cifar10-resnet20__0.01" in text
    assert "none of its 40 search trials finished" in text
    assert "The loss became NaN in interval 1: the trial diverged." in text
    assert "no result" in page.sections["main-table"]
    assert "No result: ct_auc." in page.sections["verdict"]


def test_study_without_a_row_makes_a_report(study: Build, cell: Build, tmp_path: Path) -> None:
    results = from_record(study(cell(planned_trials=3, planned_seeds=2), provenance={}))
    page = Page(report.write_results(results, tmp_path).read_text())
    assert "Still missing: 3 search trials and 2 confirm trials" in page.sections["verdict"]
    assert "sensitivity" not in page.sections


def test_tables_trace_to_rows(simulated: Results, simulated_report: Path, page: Page) -> None:
    folder = simulated_report.parent / "tables"
    with (folder / "main.csv").open() as stream:
        rows = {row["cell"]: row for row in csv.DictReader(stream)}
    row = rows["auc_mixup__cifar10-resnet20__0.1"]
    assert row["rows"] == "0;1;2"
    frame = simulated.confirm[simulated.confirm["cell"] == row["cell"]]
    assert float(row["mean"]) == frame["test_auroc"].mean()
    traces = [
        attrs["data-rows"] for tag, attrs in page.tags if tag == "button" and "data-rows" in attrs
    ]
    assert "auc_mixup__cifar10-resnet20__0.1/confirm/0-2" in traces
    with (folder / "numbers.csv").open() as stream:
        numbers = [row for row in csv.DictReader(stream) if row["table"] == "main"]
    traced = {(row["row"], row["column"]): row["trials"].split(";") for row in numbers}
    assert traced["auc_mixup", "cifar10-resnet20, 10 %"] == [
        "auc_mixup__cifar10-resnet20__0.1/confirm/0-2"
    ]
    lines = (folder / "main.md").read_text().splitlines()
    assert lines[2] == "| Method | cifar10-resnet20, 1 % | cifar10-resnet20, 10 % |"
    assert lines[3] == "| --- | ---: | ---: |"
    assert len(lines) == 8


def test_user_text_stays_text(evil: Results, evil_report: Path) -> None:
    source = evil_report.read_text()
    hostile = Page(source)
    assert hostile.count("img") == 0
    assert hostile.count("script") == 8  # facts, plotly, figures, and five of our own
    assert "<script>alert" not in source
    assert "onerror=alert(2)>" not in source
    for key in ("verdict", "main-table", "sensitivity", "failures", "provenance"):
        assert evil.study.name in hostile.sections[key], key
    markdown = (evil_report.parent / "tables" / "main.md").read_text()
    assert "<script>" not in markdown
    assert len({line.replace("\\|", "").count("|") for line in markdown.splitlines()[2:]}) == 1


def test_figure_text_is_escaped_for_plotly(evil_report: Path) -> None:
    page = Page(evil_report.read_text())
    words = json.dumps(page.data)
    assert "<img" not in words
    assert "<script" not in words
    templates = {
        trace["hovertemplate"]
        for figure in page.data.values()
        for trace in figure["data"]
        if trace.get("hovertemplate")
    }
    assert all(template.count("%{") == 1 for template in templates)
