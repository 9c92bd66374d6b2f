"""compile: auto is true where it pays, and says why where it does not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch._inductor.config

from study.plan import compiling
from study.plan.deciding import decided
from study.spec import check_environment, parse_spec
from study.spec.model import StudySpec
from trainables.steps.compiled import compiled, compiler

SPEC: dict[str, Any] = {
    "name": "s",
    "methods": ["ce", "auc_m"],
    "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 3}],
    "imratios": [0.1, None],
    "search": {"trials": 4},
    "space": {"auc_m": {"lr": 0.1}},
    "compile": "auto",
}


@pytest.fixture
def nothing_compiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """As in a new process of a new user: their cache."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    compiled.cache_clear()
    torch.compiler.reset()
    yield tmp_path
    compiled.cache_clear()
    torch.compiler.reset()


def spec(**changes: Any) -> StudySpec:
    return parse_spec({**SPEC, **changes})


def test_what_is_decided_already_stays() -> None:
    for value in (True, False):
        said: list[str] = []
        assert decided(spec(compile=value), said.append) == spec(compile=value)
        assert not said


@pytest.mark.parametrize(
    ("changes", "compiler", "why"),
    [
        ({"resources": {"gpus": 0.5}}, "g++", "trials are on a GPU"),
        ({}, "no-such-compiler", "there is no C++ compiler"),
        ({}, "cat", "the shortest trial takes about"),
    ],
)
def test_it_is_false_where_it_cannot_pay(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], compiler: str, why: str
) -> None:
    monkeypatch.setenv("CXX", compiler)
    said: list[str] = []
    found = decided(spec(**changes), said.append)
    assert found == spec(**changes).model_copy(update={"compile": False})
    assert said[-1].startswith(f"compile: auto is false here: {why}")


def test_the_shortest_trial_counts() -> None:
    """A study of two tasks, one of them long."""
    tasks = [
        {**SPEC["tasks"][0], "name": name, "epochs": e} for name, e in (("a", 3), ("b", 60_000))
    ]
    both, long = (compiling._shortest_trial(spec(tasks=chosen)) for chosen in (tasks, tasks[1:]))
    assert both < compiling.LONG < long


@pytest.mark.usefixtures("nothing_compiled")
def test_a_network_that_cannot_be_compiled_is_left_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(compiling, "LONG", 0.0)
    said: list[str] = []
    with torch._inductor.config.patch({"cpp.cxx": (None, "no-such-compiler")}):
        assert decided(spec(), said.append).compile is False
    assert said[-1].startswith("compile: auto is false here: the network cannot be compiled (")


@pytest.mark.whole
@pytest.mark.skipif(compiler() is None, reason="no C++ compiler")
def test_it_is_true_where_trials_are_long(nothing_compiled: Path) -> None:
    said: list[str] = []
    long = spec(tasks=[{**SPEC["tasks"][0], "epochs": 60_000}])
    assert decided(long, said.append) == long.model_copy(update={"compile": True})
    assert said[-1] == "compile: auto is true here."
    assert [*nothing_compiled.iterdir()]  # what the trials will find


def test_true_needs_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    from study.errors import SpecError

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(SpecError, match=r"compile: true needs a C\+\+ compiler, and none is found"):
        check_environment(spec(compile=True))
    monkeypatch.setenv("CXX", "cat")
    check_environment(spec(compile=True))
