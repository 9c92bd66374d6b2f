"""Links lead somewhere: files are there, and so are the headings that they name."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests.guide.pages import GUIDE, PAGES, ROOT, text_of

ALL = sorted({*PAGES, *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").rglob("*.md")})
LINK = re.compile(r"\[[^][]*\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.*)$", re.MULTILINE)


def anchors(path: Path) -> set[str]:
    """The addresses of a page's headings, as GitHub makes them; of equal ones the first."""
    headings = HEADING.findall(text_of(path.read_text()))
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_the_page_leads_somewhere(path: Path) -> None:
    for link in LINK.findall(text_of(path.read_text())):
        if link.startswith(("https://", "http://")):
            continue
        name, _, anchor = link.partition("#")
        there = (path.parent / name).resolve() if name else path
        assert there.exists(), link
        assert not anchor or anchor in anchors(there), link


def test_the_lists_of_pages_are_whole_and_in_order() -> None:
    names = [path.name for path in GUIDE]
    for path in (ROOT / "README.md", ROOT / "docs" / "README.md"):
        listed = re.findall(r"guide/([\w-]+\.md)\)", path.read_text())
        assert listed == names


def test_each_page_leads_to_the_next() -> None:
    numbered = [path for path in GUIDE if path.name[0].isdigit()]
    for path, following in pairwise(numbered):
        assert LINK.findall(path.read_text().splitlines()[-1]) == [following.name]
