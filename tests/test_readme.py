"""The README is short, and names the two commands that a newcomer and CI begin with.

What its commands, snippets and links do is tested with those of the guide, in tests/guide.
"""

import re
from pathlib import Path

from tests.guide.pages import blocks

README = (Path(__file__).parent.parent / "README.md").read_text()


def test_the_two_commands_come_first() -> None:
    first, *_ = blocks(README, "bash")
    assert re.findall(r"^(.*?) +#", first, re.MULTILINE) == ["make quickstart", "make test"]


def test_it_is_short_and_has_one_study_and_one_picture() -> None:
    assert len(README.splitlines()) <= 160
    assert len(blocks(README, "yaml")) == 1
    assert len(re.findall(r"^!\[", README, re.MULTILINE)) == 1


def test_its_figures_are_those_of_the_results() -> None:
    results = (Path(__file__).parent.parent / "docs" / "results.md").read_text()
    figures = re.findall(r"0\.\d{4}(?: ± 0\.\d{4})?", README)
    assert figures
    assert all(figure in results for figure in figures)
