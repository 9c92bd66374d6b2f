"""Hyperparameters: what is allowed, and what the refusal says."""

from dataclasses import dataclass

import pytest

from trainables.hyperparameters import (
    Hyperparameter,
    hyperparameter,
    hyperparameters,
    listed_after,
    listed_last,
)
from trainables.methods import METHODS


@dataclass(frozen=True)
class Example:
    rate: float = hyperparameter(0.1, help="a rate", source="here", low=0, open_low=True)
    count: int = hyperparameter(1, help="a count", source="here", low=1, high=3, unit="steps")
    on: bool = hyperparameter(True, help="a switch", source="here")
    word: str = hyperparameter("x", help="a word", source="here", choices=("x", "y"))
    bound: float | None = hyperparameter(None, help="a bound", source="here", low=0)
    share: float | str = hyperparameter(
        "all", help="a share", source="here", low=0, high=1, open_high=True, choices=("all",)
    )


KNOWN = hyperparameters(Example)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("rate", [1e-9, 1, 1e9]),
        ("count", [1, 3]),
        ("on", [True, False]),
        ("word", ["x", "y"]),
        ("bound", [None, 0, 2.5]),
        ("share", ["all", 0, 0.5]),
    ],
)
def test_allowed_values_pass(name: str, values: list[object]) -> None:
    for value in values:
        KNOWN[name].check(value)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("rate", [0, -1, float("nan"), float("inf"), None, "1", True]),
        ("count", [0, 4, 1.0, 2.5, None, True]),
        ("on", [0, 1, None, "true"]),
        ("word", ["z", None, 1]),
        ("bound", [-0.1, "none", False]),
        ("share", [1, -0.1, "some", None]),
    ],
)
def test_other_values_are_refused(name: str, values: list[object]) -> None:
    for value in values:
        with pytest.raises(ValueError, match=f"^{name} must be .*, not "):
            KNOWN[name].check(value)


def test_the_refusal_names_what_is_allowed_and_what_arrived() -> None:
    with pytest.raises(ValueError) as raised:
        KNOWN["share"].check(1.5)
    assert str(raised.value) == "share must be 'all' or a number in [0, 1), not 1.5."
    assert KNOWN["rate"].domain == "a number in (0, inf)"
    assert KNOWN["count"].domain == "a whole number in [1, 3]"
    assert KNOWN["on"].domain == "true or false"
    assert KNOWN["bound"].domain == "a number in [0, inf) or null"


def test_fields_are_read_in_order_with_their_meaning() -> None:
    assert list(KNOWN) == ["rate", "count", "on", "word", "bound", "share"]
    assert KNOWN["count"] == Hyperparameter(
        "count", 1, int, "a count", "here", "steps", low=1, high=3
    )
    assert Example().rate == 0.1


def test_a_plain_field_is_refused() -> None:
    @dataclass(frozen=True)
    class Plain:
        rate: float = 0.1

    with pytest.raises(TypeError, match="'rate' of Plain must be made by"):
        hyperparameters(Plain)


def count(default: int = 1) -> int:
    return hyperparameter(default, help="a count", source="here", low=1)


@dataclass(frozen=True)
class Grown(Example):
    last: int = count()
    second: int = listed_after("rate", count())
    third: int = listed_after("second", count())


def test_what_is_added_stands_last_or_where_it_belongs() -> None:
    order = ["rate", "second", "third", "count", "on", "word", "bound", "share", "last"]
    assert list(hyperparameters(Grown)) == order

    @dataclass(frozen=True)
    class Changed(Grown):
        second: int = count(2)
        own: int = count()

    known = hyperparameters(Changed)
    assert list(known) == [*order, "own"]
    assert known["second"].default == Changed().second == 2


def test_what_is_listed_last_stays_there_unless_a_subclass_places_it() -> None:
    @dataclass(frozen=True)
    class Base:
        one: int = listed_last(count())
        two: int = listed_last(count())
        rate: int = count()

    @dataclass(frozen=True)
    class Plain(Base):
        one: int = count(2)
        own: int = count()
        behind: int = listed_after("one", count())

    @dataclass(frozen=True)
    class Placed(Base):
        own: int = count()
        two: int = listed_after("rate", count())

    assert list(hyperparameters(Plain)) == ["rate", "own", "one", "behind", "two"]
    assert list(hyperparameters(Placed)) == ["rate", "two", "own", "one"]
    with pytest.raises(TypeError, match=r"^listed_last\(...\) takes what hyperparameter\(\) gave"):
        listed_last(0.1)


def test_a_place_after_what_is_not_there_is_refused() -> None:
    with pytest.raises(TypeError, match=r"takes what hyperparameter\(\) gave, not 0.1"):
        listed_after("rate", 0.1)

    @dataclass(frozen=True)
    class Lost(Example):
        own: int = listed_after("ratee", count())

    with pytest.raises(
        TypeError, match=r"'own' of Lost .*before it \(rate, count.*not after 'ratee"
    ):
        hyperparameters(Lost)


@pytest.mark.parametrize(
    ("method", "order"),
    [
        (
            "auc_s",
            "lr epoch_decay reference weight_decay score_map prior momentum clip optimizer dual_lr "
            "sam_rho mix mixup_alpha mixup_draw",
        ),
        (
            "auc_m",
            "lr margin epoch_decay reference weight_decay score_map prior project_alpha momentum "
            "clip optimizer dual_lr sam_rho mix mixup_alpha mixup_draw",
        ),
        (
            "auc_mixup",
            "lr margin mix mixup_alpha epoch_decay reference weight_decay score_map mixup_draw "
            "mixup_variance project_alpha momentum clip optimizer dual_lr sam_rho",
        ),
    ],
)
def test_users_read_a_method_s_own_among_those_of_its_base(method: str, order: str) -> None:
    assert list(hyperparameters(METHODS[method])) == order.split()
