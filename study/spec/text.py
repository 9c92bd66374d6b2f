"""YAML text to plain data, keeping the lines so that an error can name its place."""

import difflib
import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from study.errors import SpecError
from study.places import Places

__all__ = [
    "Document",
    "did_you_mean",
    "is_there",
    "preset_names",
    "preset_text",
    "read_document",
]


class _Loader(yaml.SafeLoader):
    """Safe loading; refuses a key that stands twice; reads numbers as people write them."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            plain = isinstance(key, yaml.ScalarNode)
            if not plain or key.value in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"the key {key.value!r} stands twice" if plain else "a key is no word",
                    problem_mark=key.start_mark,
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)

    def as_written(self, node: yaml.ScalarNode) -> object:
        """The number, or the text where YAML 1.1 makes another number of it than people do.

        It reads 064 as 52 (octal) and 1:30 as 90 (to the base of 60). Of the text "064" a key for
        whole numbers makes 64; "1:30" is refused wherever a number is wanted.
        """
        text: str = self.construct_scalar(node)
        if re.fullmatch(r"[-+]?0[0-7_]+|.*:.*", text):
            return text
        whole = node.tag == INT
        return self.construct_yaml_int(node) if whole else self.construct_yaml_float(node)


INT, FLOAT = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"
_Loader.add_constructor(INT, _Loader.as_written)
_Loader.add_constructor(FLOAT, _Loader.as_written)
# YAML 1.1 wants a dot and a signed exponent in a number; everybody else writes 1e-3.
_Loader.add_implicit_resolver(
    FLOAT,
    re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


@dataclass(frozen=True)
class Document:
    """Where a spec came from.

    Attributes:
        title: the file or preset, for messages.
        data: the plain data, as the file has it.
        node: the YAML tree, for lines; None for data from Python.
        directory: the study's directory if the spec lies in one that ``run`` wrote.
    """

    title: str
    data: object
    node: yaml.Node | None = None
    directory: Path | None = None

    def line(self, path: Sequence[str | int]) -> int | None:
        """Line (from 1) of the value at ``path``, or of the nearest thing above it."""
        node, line = self.node, None
        if node is None:
            return None
        for step in path:
            entry = _child(node, step)
            if entry is None:
                break
            line, node = entry
        return line


def _child(node: yaml.Node, step: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line + 1, node.value[step]
    return None


def preset_names() -> list[str]:
    """The presets that come with the package."""
    folder = files("study").joinpath("presets")
    return sorted(
        p.name.removesuffix(".yaml") for p in folder.iterdir() if p.name.endswith(".yaml")
    )


def preset_text(name: str) -> str:
    """The YAML of a preset."""
    return files("study").joinpath("presets", f"{name}.yaml").read_text(encoding="utf-8")


def did_you_mean(wrong: str, right: Sequence[str]) -> str:
    """``" (did you mean 'x'?)"`` for a likely typing error, else nothing."""
    close = difflib.get_close_matches(wrong, right, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def read_document(spec: str) -> Document:
    """The plain data of a preset, a YAML file, or a study's directory.

    A bare name of a preset means the preset, even if a file of that name exists; write ``./name``
    for the file.

    Raises:
        SpecError: there is no such thing, or it is not readable YAML.
    """
    if spec in preset_names():
        return _parse(f"preset {spec}", preset_text(spec), None)
    path = Path(spec).expanduser()
    folder = is_there(path, Path.is_dir)
    file = Places(path).spec if folder else path
    if not is_there(file, Path.is_file):
        looked = f"{spec} holds no study.yaml" if folder else f"there is no file {spec}"
        raise SpecError(
            f"SPEC must be a YAML file, a study's directory or one of the presets "
            f"({', '.join(preset_names())}), but {looked}{did_you_mean(spec, preset_names())}."
        )
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{file} cannot be read as UTF-8 text: {error}.") from error
    # A study.yaml with a provenance beside it was written by ``run`` and belongs to that study.
    places = Places(file.parent)
    own = file.name == places.spec.name and places.provenance.exists()
    return _parse(str(file), text, file.parent.absolute() if own else None)


def is_there(path: Path, kind: Callable[[Path], bool]) -> bool:
    """``kind(path)``, of ``Path.is_dir`` and ``Path.is_file``.

    Raises:
        SpecError: it cannot be looked at: its name is too long, or a folder above is closed.
    """
    try:
        return kind(path)
    except OSError as error:
        raise SpecError(
            f"SPEC must be a file or directory that can be read; {path} gave: {error.strerror}."
        ) from error


def _parse(title: str, text: str, directory: Path | None) -> Document:
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        data = None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise SpecError(f"{title}{line}: is not valid YAML: {error.problem}.") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        # A reader's error (odd characters), nesting without end, a date that does not exist.
        reason = str(error).splitlines()[0]
        raise SpecError(f"{title}: is not valid YAML: {reason}.") from error
    return Document(title, data, node, directory)
