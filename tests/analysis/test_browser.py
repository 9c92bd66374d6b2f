"""The report in a real browser: drawn, sortable, offline, within 1280 px, light, dark, printed."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis import report
from analysis.results import Results

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not on the PATH")

READY = "'ready' in document.documentElement.dataset"
DRAWN = "[...document.querySelectorAll('.plot')].map(p => p.querySelectorAll('.main-svg').length)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def address(simulated: Results, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the report of the simulated study lies."""
    return report.write_results(simulated, tmp_path_factory.mktemp("report")).as_uri()


def _open(browser: Any, address: str, **options: Any) -> tuple[Any, list[str]]:
    """The report in a tab, and what it does that it should not."""
    tab = browser.new_page(viewport={"width": 1280, "height": 800}, offline=True, **options)
    noise: list[str] = []

    def requested(request: Any) -> None:
        if not request.url.startswith(("file://", "data:")):
            noise.append(f"request: {request.url}")

    def asked(dialog: Any) -> None:
        noise.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    tab.on("console", lambda message: noise.append(f"console: {message.text}"))
    tab.on("pageerror", lambda error: noise.append(f"error: {error}"))
    tab.on("request", requested)
    tab.on("dialog", asked)
    tab.goto(address)
    _scroll_through(tab)
    return tab, noise


def _scroll_through(tab: Any) -> None:
    """Figures are drawn when they come near the window: go past each of them."""
    tab.wait_for_function(READY)
    for plot in tab.locator(".plot").all():
        plot.scroll_into_view_if_needed()
        plot.locator(".main-svg").first.wait_for()
    tab.evaluate("scrollTo(0, 0)")


@pytest.fixture(scope="module", params=["light", "dark"])
def opened(request: pytest.FixtureRequest, browser: Any, address: str) -> Iterator[Any]:
    """The report in a tab, the noise it made, and the colour scheme."""
    tab, noise = _open(browser, address, color_scheme=request.param)
    yield tab, noise, request.param
    tab.close()


@pytest.fixture
def page(opened: tuple[Any, list[str], str]) -> Any:
    """The report in a tab."""
    return opened[0]


def test_every_figure_is_drawn_in_silence(opened: tuple[Any, list[str], str]) -> None:
    page, noise, _ = opened
    drawn = page.evaluate(DRAWN)
    assert len(drawn) == 8
    assert all(drawn)
    assert noise == []


def test_hostile_names_are_shown_letter_by_letter(
    browser: Any, evil: Results, tmp_path: Path
) -> None:
    page, noise = _open(browser, report.write_results(evil, tmp_path).as_uri())
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
    wide = "[...document.querySelectorAll('.table')].filter(t => t.scrollWidth > t.clientWidth)"
    assert page.evaluate(f"{wide}.map(t => t.firstElementChild.id)") == []


def test_theme_reaches_page_and_figures(opened: tuple[Any, list[str], str]) -> None:
    page, _, scheme = opened
    dark = scheme == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(21, 24, 28)" if dark else "rgb(255, 255, 255)"
    )
    figure = "document.getElementById('figure-imratio-curves')"
    assert page.evaluate(f"{figure}._fullLayout.font.color") == ("#e6e8ea" if dark else "#1d2125")
    assert page.evaluate(f"{figure}._fullData[0].line.color") == ("#4a92e8" if dark else "#10559a")


def test_labels_of_figures_do_not_overlap(page: Any) -> None:
    script = """
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
    assert page.locator(".plot .xtick text, .plot .xtitle, .plot .legendtext").count() > 50
    assert page.evaluate(script) == []


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
    head.nth(0).locator("button").click()
    assert page.locator(cells.format(1)).all_inner_texts() == sorted(first)
    assert head.nth(1).get_attribute("aria-sort") == "none"


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
        "addEventListener('beforeprint', () => { const f = document.querySelector('.plot');"
        " window.printed = [f._fullLayout.width, f._fullLayout.font.color]; })"
    )
    sheet.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    assert sheet.evaluate("window.printed") == [660, "#1d2125"]
    assert all(sheet.evaluate(DRAWN))
    sheet.wait_for_function("document.querySelector('.plot')._fullLayout.width > 900")
    sheet.close()
