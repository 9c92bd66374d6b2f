"""Every command of the README and the guide is one, with real options."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from study.cli import app
from tests.guide.pages import PAGES, ROOT, blocks, text_of

NOT_OURS = {"export", "source", "sbatch", "kubectl", "nvidia-cuda-mps-control", "echo"}
TARGETS = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def lines(path: Path) -> Iterator[str]:
    """Every command of a page's shell blocks, without its comment and where its output goes."""
    for block in blocks(path.read_text(), "bash"):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words:
                yield shlex.join(takewhile(lambda word: word not in (">", "|"), words))


def runs() -> Iterator[tuple[Path, str]]:
    """Those that look, print or write a file, and so can be run in a second or two."""
    for path in PAGES:
        for line in lines(path):
            _, *words = shlex.split(line)
            elsewhere = words[:1] == ["plan"] and "--for" in words
            printed = words[:1] == ["launch"] and words[1] != "local-cluster"
            if words[:1] in (["list"], ["init"]) or elsewhere or printed:
                yield path, line


def inline() -> Iterator[str]:
    """Every `aucstudy ...` within a sentence."""
    for path in PAGES:
        for words in re.findall(r"`([^`\n]+)`", text_of(path.read_text())):
            if words.startswith("aucstudy "):
                yield words


def found(words: list[str]) -> tuple[Any, list[str]]:
    """The command that ``aucstudy`` and these words name, and the words after it."""
    command: Any = get_command(app)
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        assert words[0] in command.commands, words[0]
        command, words = command.commands[words[0]], words[1:]
    return command, words


def parse(command: Any, words: list[str]) -> None:
    """Read the words as its arguments and options, and run nothing."""
    command.make_context(command.name, list(words))


@pytest.mark.parametrize("line", sorted({line for path in PAGES for line in lines(path)}))
def test_a_command_of_a_shell_block_is_one(line: str) -> None:
    first, *words = shlex.split(line)
    if first == "aucstudy":
        parse(*found(words))
    elif first == "make":
        assert set(words) <= TARGETS
    elif first == "pip":
        assert set(re.findall(r"\[(\w+)\]", line)) <= set(PROJECT["optional-dependencies"])
    elif first == ".venv/bin/pytest":
        assert (ROOT / words[0]).is_dir()
    else:
        assert first in NOT_OURS


@pytest.mark.parametrize("line", sorted(set(inline())))
def test_a_command_in_a_sentence_is_one(line: str) -> None:
    """Its name alone may stand there; with words after it they must be right, too."""
    command, words = found(shlex.split(line)[1:])
    if words == ["--install-completion"]:
        assert words[0] in {option for each in command.params for option in each.opts}
    elif words:
        parse(command, words)


@pytest.mark.parametrize(
    ("path", "line"), list(runs()), ids=lambda each: getattr(each, "name", each)
)
def test_a_command_that_is_quick_runs(
    path: Path, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where ``study.yaml`` is the whole spec that its page shows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUCSTUDY_STORAGE", "postgresql://user@host/database")
    words = shlex.split(line)[1:]
    if "study.yaml" in words:
        (spec,) = [each for each in blocks(path.read_text(), "yaml") if each.startswith("name: ")]
        Path("study.yaml").write_text(spec)
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output


def test_an_option_that_is_none_is_found() -> None:
    with pytest.raises(Exception, match="No such option"):
        parse(*found(["plan", "quickstart", "--fo", "8x H200"]))
    with pytest.raises(AssertionError):
        found(["plam", "quickstart"])
