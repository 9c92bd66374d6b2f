"""The report in a real browser: drawn, sortable, offline, within 1280 px, light, dark, printed.

Two of the reports are of real studies, whose ledgers lie in ``data/``: all twelve methods on
CIFAR-10 (without the files of predictions), and mixup on BreastMNIST and PneumoniaMNIST.
"""

import shlex
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis import report
from analysis.read.several import read_together
from analysis.results import Results, load
from tests.analysis.browsing import READY, launch, opened
from tests.analysis.patients import patients_study

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

DATA = Path(__file__).parent / "data"
REAL = ("cifar10-methods", "medmnist-mixup")
SORTED = """
() => [...document.querySelectorAll('table[data-sortable]')].flatMap(table => {
  const rows = () => [...table.tBodies[0].rows];
  const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  const before = new Set(rows());
  return heads.flatMap((head, i) => ['first', 'second'].flatMap(click => {
    head.querySelector('button').click();
    const numeric = head.classList.contains('number');
    const value = cell => numeric ? cell.dataset.sort : cell.textContent.trim();
    const shown = rows().map(row => value(row.cells[i]));
    const filled = shown.filter(value => value !== '');
    const sign = head.getAttribute('aria-sort') === 'ascending' ? 1 : -1;
    const words = (a, b) => a.localeCompare(b, undefined, { numeric: true });
    const order = (a, b) => sign * (numeric ? a - b : words(a, b));
    const rising = filled.every((value, j) => !j || order(filled[j - 1], value) <= 0);
    const last = shown.slice(0, filled.length).every(value => value !== '');
    const kept = rows().length === before.size && rows().every(row => before.has(row));
    return rising && last && kept ? [] : [`${table.id}, column ${i}, ${click} click`];
  }));
})
"""
CLASHES = """
() => [...document.querySelectorAll('.plot')].flatMap(plot => {
  const texts = [...plot.querySelectorAll('.xtick text, .ytick text, .xtitle, .ytitle,' +
    ' .annotation-text, .legendtext')].map(t => [t.textContent, t.getBoundingClientRect()]);
  const clash = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 &&
    a.top < b.bottom - 1 && b.top < a.bottom - 1;
  return texts.flatMap(([s, a], i) => texts.slice(i + 1)
    .filter(([, b]) => a.width && b.width && clash(a, b))
    .map(([t]) => `${plot.id}: ${s} / ${t}`));
})
"""
WIDE = "[...document.querySelectorAll('.table')].filter(t => t.scrollWidth > t.clientWidth)"
DRAWN = "[...document.querySelectorAll('.plot')].map(p => p.querySelectorAll('.main-svg').length)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    with playwright.sync_playwright() as driver:
        chromium = launch(driver)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def address(simulated_report: Path) -> str:
    """Where the report of the simulated study lies."""
    return simulated_report.as_uri()


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the real studies."""
    folder = tmp_path_factory.mktemp("real")
    for name in REAL:
        with tarfile.open(DATA / f"{name}.tar.xz") as archive:
            archive.extractall(folder, filter="data")
    return folder


def _open(browser: Any, address: str, **options: Any) -> tuple[Any, list[str]]:
    """The report with all chapters open and all figures drawn, and what it should not do."""
    tab, noise = opened(browser, address, **options)
    _scroll_through(tab)
    return tab, noise


def _scroll_through(tab: Any) -> None:
    """Figures are drawn when they come near the window: go past each of them."""
    tab.wait_for_function(READY)
    tab.locator("#unfold").click()
    for plot in tab.locator(".plot").all():
        plot.scroll_into_view_if_needed()
        plot.locator(".main-svg").first.wait_for()
    tab.evaluate("scrollTo(0, 0)")


@pytest.fixture(scope="module", params=["light", "dark"])
def shown(request: pytest.FixtureRequest, browser: Any, address: str) -> Iterator[Any]:
    """The report in a tab, the noise it made, and the colour scheme."""
    tab, noise = _open(browser, address, color_scheme=request.param)
    yield tab, noise, request.param
    tab.close()


@pytest.fixture
def page(shown: tuple[Any, list[str], str]) -> Any:
    """The report in a tab."""
    return shown[0]


def test_every_figure_is_drawn_in_silence(shown: tuple[Any, list[str], str]) -> None:
    page, noise, _ = shown
    drawn = page.evaluate(DRAWN)
    assert len(drawn) >= 8
    assert all(drawn)
    assert noise == []


@pytest.mark.parametrize("which", [*REAL, "both"])
def test_report_of_a_real_study(browser: Any, real: Path, tmp_path: Path, which: str) -> None:
    places = [real / name for name in REAL]
    results = read_together(places) if which == "both" else load(real / which)
    path = report.write_results(results, tmp_path)
    assert path.stat().st_size < 8_000_000
    page, noise = _open(browser, path.as_uri(), color_scheme="dark")
    assert len(page.evaluate(DRAWN)) > 3
    assert all(page.evaluate(DRAWN))
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert page.evaluate(f"{WIDE}.map(t => t.firstElementChild.id)") == []
    assert page.evaluate(CLASHES) == []
    assert page.locator("table[data-sortable]").count() > 5
    assert page.evaluate(SORTED) == []
    page.set_viewport_size({"width": 800, "height": 900})
    # Tables scroll within themselves there; figures follow the window in a moment.
    page.wait_for_function("document.documentElement.scrollWidth <= 800")
    assert noise == []
    page.close()


def test_report_of_many_labels_patients_and_subgroups(browser: Any, tmp_path: Path) -> None:
    """As many labels as chest radiographs have, some with long names."""
    labels = [f"Finding {i}" if i % 4 else f"Enlarged something {i} (any)" for i in range(14)]
    gaps = {"ce": 1.0, "auc_m": 1.6, "ct_auc": 1.5}
    rng = np.random.default_rng(0)
    results = patients_study(
        tmp_path, gaps, rng, labels=labels, seeds=2, metrics=["auroc", "auprc"]
    )
    path = report.write_results(results, tmp_path / "report")
    page, noise = _open(browser, path.as_uri(), color_scheme="dark")
    assert all(page.evaluate(DRAWN))
    for name in ("label-intervals-0", "subgroups-0", "roc-labels-0", "convergence-labels-0"):
        assert page.locator(f"#figure-{name}").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert page.evaluate(f"{WIDE}.map(t => t.firstElementChild.id)") == []
    assert page.evaluate(CLASHES) == []
    assert page.evaluate(SORTED) == []
    # A dot of a label opens the trials behind it.
    dot = "document.getElementById('figure-label-intervals-0')._fullData[0].meta"
    assert page.evaluate(dot) == "ce__chexpert-small__natural/confirm/0-1"
    assert noise == []
    page.close()


def test_hostile_names_are_shown_letter_by_letter(
    browser: Any, evil: Results, evil_report: Path
) -> None:
    page, noise = _open(browser, evil_report.as_uri())
    assert all(page.evaluate(DRAWN))
    assert page.locator("h1").inner_text() == evil.study.name
    legends = page.locator(".legendtext").all_text_contents()
    assert evil.study.name in legends
    assert page.locator("img").count() == 0
    page.locator("#table-main").scroll_into_view_if_needed()
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert noise == []
    page.close()


def test_no_horizontal_scroll(page: Any) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    assert page.evaluate(f"{WIDE}.map(t => t.firstElementChild.id)") == []


def test_theme_reaches_page_and_figures(shown: tuple[Any, list[str], str]) -> None:
    page, _, scheme = shown
    dark = scheme == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(21, 24, 28)" if dark else "rgb(255, 255, 255)"
    )
    figure = "document.getElementById('figure-imratio-curves')"
    assert page.evaluate(f"{figure}._fullLayout.font.color") == ("#e6e8ea" if dark else "#1d2125")
    assert page.evaluate(f"{figure}._fullData[0].line.color") == ("#4a92e8" if dark else "#10559a")


def test_labels_of_figures_do_not_overlap(page: Any) -> None:
    assert page.locator(".plot .xtick text, .plot .xtitle, .plot .legendtext").count() > 50
    assert page.evaluate(CLASHES) == []


def test_a_number_opens_its_trials(page: Any) -> None:
    cell = "auc_mixup__cifar10-resnet20__0.1"
    number = page.locator(f'#table-main button[data-rows="{cell}/confirm/0-2"]')
    panel = page.locator("#origin")
    assert panel.is_hidden()
    number.focus()
    page.keyboard.press("Enter")  # by keyboard as by click
    assert panel.is_visible()
    assert panel.locator("output").inner_text() == number.inner_text()
    assert panel.locator("li").all_inner_texts() == [f"{cell}/confirm/{seed}" for seed in range(3)]
    command = f"aucstudy rerun studies/margin-study {cell}/confirm/$trial"
    assert panel.locator("pre").inner_text() == f"for trial in $(seq 0 2); do {command}; done"
    page.keyboard.press("Escape")
    assert panel.is_hidden()
    assert number.evaluate("n => n === document.activeElement")
    page.locator(f'#table-selection-gap button[data-rows^="{cell}/search/"]').first.click()
    assert panel.locator("li").count() == 1
    assert panel.locator("pre").inner_text().startswith("aucstudy rerun studies/margin-study ")
    panel.get_by_role("button", name="Copy").click()
    assert panel.locator(".copy").inner_text() in ("Copied", "Selected: press Ctrl+C")
    panel.get_by_role("button", name="Close").click()
    assert panel.is_hidden()


def test_a_point_opens_its_trials(page: Any) -> None:
    plot = page.locator("#figure-sensitivity-1-0")
    plot.scroll_into_view_if_needed()
    place = """plot => {
      const trace = plot._fullData.find(t => t.mode === 'markers' && t.meta);
      const [x, y] = [plot._fullLayout.xaxis, plot._fullLayout.yaxis];
      const box = plot.getBoundingClientRect();
      // The first dot that no other stands near.
      const at = [...trace.x].map((v, i) => [x.d2p(v), y.d2p(trace.y[i])]);
      const free = at.findIndex((p, i) =>
        at.every((q, j) => i === j || Math.hypot(p[0] - q[0], p[1] - q[1]) > 12));
      const [left, top] = [x._offset + at[free][0], y._offset + at[free][1]];
      return [box.left + left, box.top + top, trace.meta + trace.customdata[free]];
    }"""
    left, top, trial = plot.evaluate(place)
    page.mouse.move(left, top)
    page.mouse.click(left, top)
    panel = page.locator("#origin")
    panel.wait_for(state="visible")
    assert panel.locator("li").all_inner_texts() == [trial]
    page.keyboard.press("Escape")


def test_the_command_is_quoted_for_a_shell(browser: Any, address: str) -> None:
    page = browser.new_page()
    page.goto(address)
    page.locator("#unfold").click()
    name = "a b'; rm -rf $HOME #"
    page.evaluate(
        "name => document.querySelector('#table-main button.from').dataset.rows = name",
        f"{name}/confirm/3",
    )
    page.locator("#table-main button.from").first.click()
    command = page.locator("#origin pre").inner_text()
    assert shlex.split(command)[-1] == f"{name}/confirm/3"
    page.close()


def test_tables_sort(page: Any) -> None:
    cells = "#table-main tbody tr > :nth-child({})"
    head = page.locator("#table-main thead tr:last-child th")
    first = page.locator(cells.format(1)).all_inner_texts()
    head.nth(2).locator("button").click()
    means = page.locator(cells.format(3)).evaluate_all("c => c.map(x => +x.dataset.sort)")
    assert means == sorted(means, reverse=True)
    assert head.nth(2).get_attribute("aria-sort") == "descending"
    head.nth(2).locator("button").click()
    rising = page.locator(cells.format(3)).evaluate_all("c => c.map(x => +x.dataset.sort)")
    assert rising == sorted(means)
    # A missing result stays last, whichever way the column is sorted.
    for _ in range(2):
        head.nth(1).locator("button").click()
        assert page.locator(cells.format(1)).all_inner_texts()[-1] == "ct_auc"
    head.nth(0).locator("button").focus()
    page.keyboard.press("Enter")  # by keyboard as by click
    assert page.locator(cells.format(1)).all_inner_texts() == sorted(first)
    assert head.nth(1).get_attribute("aria-sort") == "none"


def test_every_table_sorts(page: Any) -> None:
    assert page.evaluate(SORTED) == []


def test_theme_can_change_while_the_report_is_open(browser: Any, address: str) -> None:
    sheet = browser.new_page(color_scheme="light")
    sheet.goto(address)
    _scroll_through(sheet)
    colour = "document.getElementById('figure-tuning')._fullLayout.font.color"
    assert sheet.evaluate(colour) == "#1d2125"
    sheet.emulate_media(color_scheme="dark")
    sheet.wait_for_function(f"{colour} === '#e6e8ea'")
    sheet.close()


def test_print_is_light_and_fits_the_page(browser: Any, address: str, tmp_path: Path) -> None:
    sheet = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    sheet.goto(address)
    sheet.wait_for_function(READY)
    assert not all(sheet.evaluate(DRAWN))  # those far below wait
    sheet.evaluate(
        "addEventListener('beforeprint', () => {"
        " const f = document.getElementById('figure-tuning');"
        " window.printed = [f._fullLayout.width, f._fullLayout.font.color]; })"
    )
    sheet.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    assert sheet.evaluate("window.printed") == [660, "#1d2125"]
    assert all(sheet.evaluate(DRAWN))
    sheet.wait_for_function("document.querySelector('#figure-glance-0')._fullLayout.width > 400")
    sheet.close()
