"""The README and the pages of the guide, and what stands in them."""

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest

__all__ = ["GUIDE", "PAGES", "ROOT", "blocks", "module", "page", "spec_of", "text_of"]

ROOT = Path(__file__).parents[2]
GUIDE = sorted((ROOT / "docs" / "guide").glob("*.md"))
PAGES = [ROOT / "README.md", *GUIDE]
_FENCE = re.compile(r"^( *)```([\w ]*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


def page(name: str) -> str:
    """The text of the page of the guide whose name begins so."""
    (found,) = [path for path in GUIDE if path.name.startswith(name)]
    return found.read_text()


def blocks(text: str, language: str) -> list[str]:
    """What stands between fences of exactly this language."""
    return [
        textwrap.dedent(block)
        for _, found, block in _FENCE.findall(text)
        if found.strip() == language
    ]


def text_of(text: str) -> str:
    """``text`` without what stands between fences."""
    return _FENCE.sub("", text)


def spec_of(**changes: Any) -> dict[str, Any]:
    """The smallest spec with some of its keys replaced."""
    return {
        "name": "shown",
        "methods": ["ce"],
        "tasks": [{"dataset": "digits", "model": "small_cnn", "epochs": 4}],
        "imratios": [0.2],
        "search": {"trials": 1},
        **changes,
    }


def module(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the module that a page shows as ``# NAME.py`` where Python finds it, as a user does."""
    (text,) = [
        block
        for path in PAGES
        for block in blocks(path.read_text(), "python")
        if block.startswith(f"# {name}.py\n")
    ]
    folder.mkdir(exist_ok=True)
    (folder / f"{Path(name).name}.py").write_text(text)
    monkeypatch.syspath_prepend(str(folder))
