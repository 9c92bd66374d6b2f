"""The arrows between the rooms stay one-way, at import (in a fresh interpreter) and later."""

import ast
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import analysis
import search_spaces
import study
import trainables

PACKAGES = {
    "analysis": analysis,
    "search_spaces": search_spaces,
    "study": study,
    "trainables": trainables,
}
ROOMS = set(PACKAGES)


def modules_of(room: str) -> list[str]:
    found = [m.name for m in pkgutil.walk_packages(PACKAGES[room].__path__, f"{room}.")]
    assert found, f"{room} is empty"
    return [room, *(name for name in found if not name.endswith("__main__"))]


def loaded_by(names: list[str]) -> set[str]:
    """Every module that a fresh interpreter holds after importing ``names``."""
    code = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *names], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_trainables_know_no_other_room_and_no_ray() -> None:
    names = [name for name in modules_of("trainables") if name != "trainables.trainable"]
    loaded = loaded_by(names)
    assert not loaded & ((ROOMS - {"trainables"}) | {"ray", "optuna"})


def test_the_trainable_knows_no_other_room() -> None:
    loaded = loaded_by(["trainables.trainable"])
    assert "ray" in loaded
    assert not loaded & (ROOMS - {"trainables"})


def test_search_spaces_know_only_distributions() -> None:
    loaded = loaded_by(modules_of("search_spaces"))
    assert "optuna.distributions" in loaded
    assert not loaded & ((ROOMS - {"search_spaces"}) | {"ray", "torch", "sqlalchemy"})


def test_analysis_reads_records_and_knows_no_other_room() -> None:
    loaded = loaded_by(modules_of("analysis"))
    assert not loaded & {"ray", "torch", "trainables", "search_spaces"}
    assert not loaded & {
        "study.spec",
        "study.cells",
        "study.ledger.ledger",
        "study.run",
        "study.cli",
    }


def test_what_travels_to_a_trial_and_back_is_plain() -> None:
    loaded = loaded_by(["trainables.config"])
    assert {name for name in loaded if name.startswith("trainables.")} == {"trainables.config"}
    assert not loaded & {"ray", "torch", "numpy", "optuna"}


@pytest.mark.parametrize(
    "module",
    ["study.ledger.ledger", "study.reader", "study.records", "study.cell", "study.ledger.storage"],
)
def test_the_ledger_is_read_without_ray_and_torch(module: str) -> None:
    assert not loaded_by([module]) & {"ray", "torch"}


@pytest.mark.parametrize("module", ["study.spec", "study.cli"])
def test_a_spec_and_the_command_start_without_ray_and_torch(module: str) -> None:
    assert not loaded_by([module]) & {"ray", "torch"}


@pytest.mark.parametrize("room", ["study", "trainables"])
def test_a_room_by_itself_loads_nothing(room: str) -> None:
    assert not loaded_by([room]) & {"ray", "torch", "optuna", "numpy", "pydantic"}


def test_study_knows_no_analysis_but_for_the_command() -> None:
    names = [name for name in modules_of("study") if name != "study.cli"]
    assert "analysis" not in loaded_by(names)


COMMANDS = {("study", "cli.py"), ("study", "command/run.py")}
"""What a user starts ends with a report: these alone lead from study to analysis."""


def imported_in(room: str) -> Iterator[tuple[str, str]]:
    """(file, module) of every import in a room, those inside functions included."""
    top = Path(*PACKAGES[room].__path__)
    for file in top.rglob("*.py"):
        name = file.relative_to(top).as_posix()
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                yield from ((name, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield name, node.module


@pytest.mark.parametrize(
    ("room", "allowed"),
    [
        ("trainables", {"trainables"}),
        ("search_spaces", {"search_spaces"}),
        ("study", {"study", "trainables", "search_spaces"}),
        # study.plan.power, study.ledger.rules, study.before and study.words: formulas, rules and
        # words of the standard library alone, which the conductor and the report share.
        (
            "analysis",
            {"analysis"}
            | {
                "study.records",
                "study.reader",
                "study.errors",
                "study.places",
                "study.plan.power",
                "study.ledger.rules",
                "study.before",
                "study.words",
            },
        ),
    ],
)
def test_no_function_imports_what_its_room_may_not(room: str, allowed: set[str]) -> None:
    for file, module in imported_in(room):
        top = module.partition(".")[0]
        if top in PACKAGES and (room, file) not in COMMANDS:
            assert {top, module} & allowed, f"{room}/{file} imports {module}"


def folder_of(file: str) -> str:
    """The folder of a file within its room; "" for the doors that lie in the room itself."""
    return file.rpartition("/")[0]


def test_ray_is_imported_where_trials_are_run_alone() -> None:
    allowed = {"trainables": {"trainable.py"}, "study": {"tune", "launch"}}
    for room in ROOMS:
        for file, module in imported_in(room):
            if module.partition(".")[0] == "ray":
                walls = allowed.get(room, set())
                assert {file, folder_of(file)} & walls, f"{room}/{file} imports ray"


# What each folder may import of its own room, doors aside that every folder may use.
FLOORS = {
    "study": {
        "ledger": {"ledger"},
        "spec": {"spec"},
        "plan": {"plan", "spec"},
        "tune": {"tune", "ledger", "spec"},
        "launch": {"launch", "tune", "spec"},
        "command": {"command", "launch", "plan", "ledger", "tune", "spec"},
    },
    "analysis": {
        "read": {"read"},
        "search": {"search", "read"},
        "compare": {"compare", "read", "images"},
        "images": {"images", "read"},
        "ensembles": {"ensembles", "compare", "images", "read"},
        "write": {"write", "read"},
        "exporters": {"exporters"},
        "paper": {"paper", "compare", "search", "write"},
        "sections": {
            *("sections", "compare", "search", "images", "ensembles", "read", "write", "paper"),
        },
    },
}


@pytest.mark.parametrize("room", FLOORS)
def test_folders_keep_their_walls(room: str) -> None:
    floors = FLOORS[room]
    for file, module in imported_in(room):
        parts = module.split(".")
        if parts[0] == room and len(parts) > 1 and parts[1] in floors and folder_of(file):
            mine = folder_of(file).partition("/")[0]
            assert parts[1] in floors[mine], f"{room}/{file} imports {module}"


def test_what_is_found_is_known_to_those_who_show_it_alone() -> None:
    for file, module in imported_in("analysis"):
        if module == "analysis.findings":
            assert folder_of(file) in {"", "sections", "paper"}, f"analysis/{file} imports {module}"
