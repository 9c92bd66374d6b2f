"""Every command of the README and the guide is one, with real options."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from itertools import takewhile
from typing import Any

import pytest
from typer.main import get_command

from study.cli import app
from tests.guide.pages import PAGES, ROOT, blocks, text_of

NOT_OURS = {"export", "source", "sbatch", "kubectl", "nvidia-cuda-mps-control", "echo"}
TARGETS = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def lines() -> Iterator[str]:
    """Every command of a shell block, without its comment and where its output goes."""
    for path in PAGES:
        for block in blocks(path.read_text(), "bash"):
            for line in block.splitlines():
                words = shlex.split(line, comments=True)
                if words:
                    yield shlex.join(takewhile(lambda word: word not in (">", "|"), words))


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


@pytest.mark.parametrize("line", sorted(set(lines())))
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


def test_an_option_that_is_none_is_found() -> None:
    with pytest.raises(Exception, match="No such option"):
        parse(*found(["plan", "quickstart", "--fo", "8x H200"]))
    with pytest.raises(AssertionError):
        found(["plam", "quickstart"])
