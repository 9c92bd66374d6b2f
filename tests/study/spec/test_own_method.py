"""A method of the user's own: taken if it is sound, else refused in words."""

from pathlib import Path

import pytest
from optuna.distributions import FloatDistribution

from study.errors import SpecError
from study.spec import fixed_params, parse_spec, tuned_space
from study.spec.space import named_pairs
from tests.study.specs import SPEC, plain

MODULE = """
from dataclasses import dataclass

from optuna.distributions import CategoricalDistribution, FloatDistribution

from search_spaces.ranges import Range
from trainables.hyperparameters import hyperparameter
from trainables.method import Method
from trainables.methods.ce import CE


def smoothing(default=0.1):
    return hyperparameter(default, help="how smooth", source="a test", low=0, high=1)


@dataclass(frozen=True)
class Mine(CE):
    SPACE = {"momentum": Range(FloatDistribution(0.0, 0.9), (0.9,), "ours")}


@dataclass(frozen=True)
class Spaceless(CE):
    pass


@dataclass(frozen=True)
class Plain(CE):
    smoothing: float = 0.1
    SPACE = {}


class Undecorated(CE):
    smoothing: float = smoothing()
    SPACE = {}


@dataclass(frozen=True)
class Recipeless(Method):
    SPACE = {}


@dataclass(frozen=True)
class Outside(CE):
    smoothing: float = smoothing(2.0)
    SPACE = {}


@dataclass(frozen=True)
class Typo(CE):
    SPACE = {"momentun": Range(FloatDistribution(0.0, 0.9), (0.9,), "ours")}


@dataclass(frozen=True)
class Paired(CE):
    SPACE = {}
    PAIRS = (("lr", "momentum"), ("lr", "imratio"))


@dataclass(frozen=True)
class Unpaired(CE):
    SPACE = {}
    PAIRS = ("lr", "momentum")


@dataclass(frozen=True)
class Bare(CE):
    SPACE = {"lr": FloatDistribution(0.1, 1.0)}


@dataclass(frozen=True)
class TooFar(CE):
    SPACE = {"lr": Range(FloatDistribution(-1.0, 1.0), (0.1,), "ours")}


@dataclass(frozen=True)
class OddChoice(CE):
    SPACE = {"momentum": Range(CategoricalDistribution([0.5, 1.5]), (0.5,), "ours")}


Größe = Grüße = Mine__x = Mine
"""


@pytest.fixture(autouse=True)
def _modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own_for_spec.py").write_text(MODULE)
    (tmp_path / "own_broken.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)


def test_it_brings_its_search_space() -> None:
    name = "own_for_spec:Mine"
    spec = parse_spec(SPEC | {"methods": ["ce", name]})
    assert tuned_space(spec, plain(name)) == {"momentum": FloatDistribution(0, 0.9)}
    assert fixed_params(
        parse_spec(SPEC | {"methods": [name], "search": {"trials": 0}}), plain(name)
    ) == {"momentum": 0.0}


def test_it_may_name_pairs() -> None:
    named = {name: named_pairs(f"own_for_spec:{name}") for name in ("Paired", "Mine")}
    assert named == {"Paired": (("lr", "momentum"), ("lr", "imratio")), "Mine": None}
    assert named_pairs("ce_mixup") == (("mixup_alpha", "lr"),)
    assert named_pairs("ce") == ()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("own_broken:Mine", "fails to import .ZeroDivisionError"),
        ("own_for_spec:Nothing", "Nothing"),
        ("own_for_spec:dataclass", "dataclass must be a class that inherits"),
        ("own_for_spec:Spaceless", "must carry its search space in an attribute SPACE"),
        ("own_for_spec:Plain", "field 'smoothing' of Plain must be made by .*hyperparameter"),
        ("own_for_spec:Undecorated", r"must stand under @dataclass\(frozen=True\)"),
        ("own_for_spec:Recipeless", "must work at its defaults.*recipe"),
        ("own_for_spec:Outside", "must work at its defaults.*smoothing must be .*not 2.0"),
        ("own_for_spec:Typo", "not 'momentun' .did you mean 'momentum'"),
        ("own_for_spec:Unpaired", r"must name in PAIRS two .*, not \('lr', 'momentum'\)"),
        ("own_for_spec:Bare", "Range in SPACE, and lr is a FloatDistribution"),
        ("own_for_spec:TooFar", "must search allowed values: lr must be .*not -1.0"),
        ("own_for_spec:OddChoice", "must search allowed values: momentum must be .*not 1.5"),
    ],
)
def test_what_is_wrong_is_one_sentence(name: str, words: str) -> None:
    with pytest.raises(SpecError, match=rf"^spec: methods\[0\]: .*{words}") as refusal:
        parse_spec(SPEC | {"methods": [name]})
    assert len(str(refusal.value).splitlines()) == 1


def test_two_methods_whose_names_make_one_cell_are_refused() -> None:
    """A cell's name is made safe for files, and one of the two results would vanish."""
    for names in (["Größe", "Grüße"], ["Grüße", "Größe"]):
        methods = [f"own_for_spec:{name}" for name in names]
        words = rf"methods\[1\]: {methods[1]} on .* and {methods[0]} on .* would share the cell"
        with pytest.raises(SpecError, match=words):
            parse_spec(SPEC | {"methods": methods})


def test_a_method_and_a_task_whose_names_run_into_another_are_refused() -> None:
    tasks = [SPEC["tasks"][0] | {"name": name} for name in ("x__y", "y")]
    methods = ["own_for_spec:Mine", "own_for_spec:Mine__x"]
    with pytest.raises(SpecError, match=r"would share the cell own_for_spec-Mine__x__y__0\.1"):
        parse_spec(SPEC | {"methods": methods, "tasks": tasks})
    parse_spec(SPEC | {"methods": methods, "tasks": tasks[:1]})
