"""The report's first screen, its chapters and its filter, in a real browser and by keyboard."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis import report
from analysis.findings import Findings
from analysis.results import Results
from tests.analysis.browsing import launch, opened

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

AXE = os.environ.get("AXE_CORE", "")
"""Path of axe-core's axe.min.js, where it is at hand (``npm install axe-core``)."""
OPEN = "document.querySelectorAll('details.chapter[open]').length"
WINDOWS = [{"width": 1280, "height": 800}, {"width": 390, "height": 844}]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    with playwright.sync_playwright() as driver:
        chromium = launch(driver)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any, simulated_report: Path) -> Iterator[Any]:
    """The report of the simulated study, as it opens."""
    tab, noise = opened(browser, simulated_report.as_uri())
    yield tab
    assert noise == []
    tab.close()


@pytest.mark.parametrize("window", WINDOWS, ids=["desk", "hand"])
def test_the_first_screen_has_sentences_and_figure(
    browser: Any, simulated_report: Path, window: dict[str, int]
) -> None:
    page, noise = opened(browser, simulated_report.as_uri(), viewport=window)
    page.locator("#figure-glance-0 .main-svg").first.wait_for()
    bottom = "(s) => document.querySelector(s).getBoundingClientRect().bottom"
    assert page.evaluate(bottom, "#glance > p") < window["height"]
    assert page.evaluate(bottom, "#figure-glance-0") < window["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= window["width"]
    assert page.evaluate(OPEN) == 0
    assert noise == []
    page.close()


def test_the_contents_list_says_what_was_found(page: Any, simulated: Results) -> None:
    parts = report.sections(Findings(simulated))
    said = page.locator("nav li").all_inner_texts()
    assert [" ".join(text.split()) for text in said] == [
        f"{part.title} {part.finding}".strip() for part in parts
    ]
    found = page.locator("nav .found").all_inner_texts()
    assert found == [part.finding for part in parts if part.found]
    assert any("failed trials" in text for text in found)


def test_a_link_opens_its_chapter_and_so_does_an_address(
    browser: Any, simulated_report: Path, page: Any
) -> None:
    chapter = page.locator("#failures > details")
    assert not chapter.evaluate("one => one.open")
    link = page.locator('nav a[href="#failures"]')
    for _ in range(2):  # the second time the address does not change
        link.focus()
        page.keyboard.press("Enter")
        page.wait_for_function("document.querySelector('#failures > details').open")
        page.locator("#failures summary").focus()
        page.keyboard.press("Enter")
        page.wait_for_function("!document.querySelector('#failures > details').open")
    tab, _ = opened(browser, simulated_report.as_uri() + "#table-budget")
    assert tab.locator("#table-budget").is_visible()
    tab.close()


def test_the_keyboard_reaches_everything_in_order(page: Any) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "report"
    page.locator("#verdict summary").focus()
    page.keyboard.press("Space")
    assert page.locator("#verdict > details > p").first.is_visible()


def test_chapters_are_open_on_paper_and_folded_again_after(page: Any, tmp_path: Path) -> None:
    page.evaluate(f"addEventListener('beforeprint', () => {{ window.printed = {OPEN}; }})")
    page.pdf(path=tmp_path / "report.pdf")
    chapters = page.locator("details.chapter").count()
    assert chapters > 10
    assert page.evaluate("window.printed") == chapters
    page.wait_for_function(f"{OPEN} === 0")


def test_the_filter_hides_rows_and_lines_and_says_so(page: Any) -> None:
    page.locator("#unfold").click()
    page.locator("#figure-imratio-curves").scroll_into_view_if_needed()
    page.locator("#figure-imratio-curves .main-svg").first.wait_for()
    rows = page.locator("#table-main tbody tr")
    assert rows.filter(visible=True).count() == 4
    page.locator("#filter summary").click()
    page.get_by_label("auc_m", exact=True).focus()
    page.keyboard.press("Space")
    shown = rows.filter(visible=True).locator("th").all_inner_texts()
    assert shown == ["ce", "auc_mixup", "ct_auc"]
    lines = "document.getElementById('figure-imratio-curves')._fullData"
    assert page.evaluate(f"{lines}.filter(t => t.visible).map(t => t.name)") == [
        "ce",
        "auc_mixup",
        "ct_auc",
    ]
    # Pairs name both; a figure that is drawn later leaves them out, too.
    pairs = page.locator("#table-pairwise tbody tr").filter(visible=True).all_inner_texts()
    assert pairs
    assert not any("auc_m\t" in row for row in pairs)
    said = page.locator("#filter-said")
    assert "without auc_m" in said.inner_text()
    assert "whole study" in said.inner_text()
    page.get_by_role("button", name="Show all").click()
    page.wait_for_function("document.getElementById('filter-said').hidden")
    assert rows.filter(visible=True).count() == 4


@pytest.mark.skipif(not AXE, reason="AXE_CORE does not name axe-core's axe.min.js")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", WINDOWS, ids=["desk", "hand"])
def test_axe_finds_nothing_serious(
    browser: Any, simulated_report: Path, scheme: str, window: dict[str, int]
) -> None:
    address = simulated_report.as_uri()
    page, _ = opened(browser, address, viewport=window, color_scheme=scheme, bypass_csp=True)
    page.add_script_tag(path=AXE)
    for _ in ("folded", "open"):
        found = page.evaluate("axe.run()")["violations"]
        assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
        page.locator("#unfold").click()
    page.close()
