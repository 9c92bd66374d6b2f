"""Every chapter of the report has its line in the guide."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.guide.pages import ROOT, page


def _parts(left: ast.expr, right: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    """What an assignment gives to what."""
    if isinstance(left, ast.Tuple) and isinstance(right, ast.Tuple):
        return list(zip(left.elts, right.elts, strict=True))
    return [(left, right)]


def titles(path: Path) -> Iterator[str]:
    """The titles of the sections that a file makes, written in the call or named before it."""
    named: dict[str, str] = {}
    calls: list[ast.expr] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Assign):
            for name, value in _parts(node.targets[0], node.value):
                if isinstance(name, ast.Name) and isinstance(value, ast.Constant):
                    named[name.id] = str(value.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            calls += node.args[1:2] if node.func.id == "Section" else []
    for title in calls:
        yield named[title.id] if isinstance(title, ast.Name) else ast.literal_eval(title)


def test_every_chapter_is_explained_and_none_besides() -> None:
    files = (ROOT / "analysis" / "sections").glob("*.py")
    found = {title for path in files for title in titles(path)}
    assert {"At a glance", "How much a hyperparameter matters", "Importance"} < found
    explained = re.findall(r"^\| \*\*([^*]+)\*\* \|", page("6"), re.MULTILINE)
    assert set(explained) == found
