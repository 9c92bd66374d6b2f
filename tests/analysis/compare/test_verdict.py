"""What the verdict says, and above all what it does not say."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from analysis.findings import Findings
from analysis.results import Results, from_record
from analysis.sections import verdict

Build = Callable[..., Any]
UP = (0.900, 0.903, 0.905, 0.902, 0.906)
DOWN = (0.800, 0.802, 0.806, 0.801, 0.807)
WIDE = (0.88, 0.92, 0.87, 0.93, 0.89)
NEAR = (0.901, 0.902, 0.905, 0.902, 0.905)


@pytest.fixture
def make(study: Build, cell: Build, trial: Build, confirm: Build) -> Callable[..., Results]:
    """One setting from {method: test AUROCs by seed}; ``fields`` of the first method's cell."""

    def build(scores: dict[str, Sequence[float]], **fields: Any) -> Results:
        cells = [
            cell(
                method,
                **{
                    "search": (trial(value=0.9),),
                    "confirm": tuple(confirm(i, v, value=v) for i, v in enumerate(values)),
                    "selected": 0,
                }
                | (fields if place == 0 else {}),
            )
            for place, (method, values) in enumerate(scores.items())
        ]
        return from_record(study(*cells))

    return build


def said(results: Results) -> str:
    """The verdict as text."""
    parts = []
    for block in verdict.section(Findings(results)).blocks:
        text = getattr(block, "text", None)
        parts += [text] if text is not None else list(getattr(block, "items", ()))
    return " ".join(str(part) for part in parts)


@pytest.mark.parametrize(
    ("scores", "best", "reading", "near"),
    [
        ({"a": [], "b": []}, None, "none", ()),
        ({"a": [0.8, 0.9], "b": []}, "a", "alone", ()),
        ({"a": [0.9], "b": [0.1]}, "a", "untested", ("b",)),
        ({"a": [0.9, 0.91], "b": [0.1, 0.2]}, "a", "untested", ("b",)),
        ({"a": [0.9, 0.91, 0.92], "b": [0.8, 0.81, 0.82]}, "a", "untested", ("b",)),
        ({"a": UP, "b": NEAR}, "a", "no evidence", ("b",)),
        ({"a": UP, "b": DOWN}, "a", "all", ()),
        ({"a": UP, "b": DOWN, "c": NEAR}, "a", "some", ("c",)),
        ({"a": UP, "b": UP}, "a", "untested", ("b",)),
    ],
)
def test_readings(
    make: Callable[..., Results],
    scores: dict[str, list[float]],
    best: str | None,
    reading: str,
    near: tuple[str, ...],
) -> None:
    (each,) = Findings(make(scores)).verdicts
    assert each.best is None if best is None else each.best and each.best.method == best
    assert (each.reading, each.near) == (reading, near)
    beaten = each.claim.better_than if each.claim else ()
    assert {*beaten, *each.near} == {*each.rivals}


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ({"a": [0.8, 0.81]}, "nothing to compare it with"),
        ({"a": [0.9], "b": [0.1]}, "Too few paired seeds or searches"),
        ({"a": UP, "b": WIDE}, "No evidence of a difference from b."),
        ({"a": UP, "b": NEAR}, "a has the highest mean test AUROC, 0.9032"),
        ({"a": UP, "b": NEAR}, "In 1 setting others are equal to it within 0.01."),
        ({"a": UP, "b": NEAR}, "It and b are equal within 0.01 (two one-sided tests, Holm"),
        (
            {"a": UP, "b": NEAR},
            "In no setting do the tests tell the configuration of the best",
        ),
        (
            {"a": UP, "b": DOWN},
            "Its configuration is better than that of b on other seeds with this",
        ),
        ({"a": UP, "b": DOWN, "c": NEAR}, "from some of them in 1 of 1 setting."),
        ({"a": UP, "b": DOWN, "c": DOWN}, "Its configuration is better than those of all 2 others"),
    ],
)
def test_words(make: Callable[..., Results], scores: dict[str, list[float]], words: str) -> None:
    assert words in said(make(scores))


@pytest.mark.parametrize("scores", [{"a": [0.9], "b": [0.1]}, {"a": UP, "b": NEAR}, {"a": UP}])
def test_better_is_not_said_without_a_test(
    make: Callable[..., Results], scores: dict[str, list[float]]
) -> None:
    text = said(make(scores)).replace(verdict.READING, "")
    assert "better" not in text
    assert "ahead" not in text
    assert "p =" not in text
    assert "p <" not in text


def test_one_fixed_configuration_is_said_to_be_one(make: Callable[..., Results]) -> None:
    fixed = {"search": (), "selected": None, "planned_trials": 0}
    assert "Nothing was searched for a: what is compared is one fixed configuration" in said(
        make({"a": UP, "b": DOWN}, **fixed)
    )
    assert "Nothing was searched for any method" in said(make({"a": UP}, **fixed))
    assert "Nothing was searched" not in said(make({"a": UP, "b": DOWN}))


def test_a_study_without_a_result(study: Build, cell: Build, trial: Build) -> None:
    text = said(from_record(study(cell(search=(trial(state="RUNNING", value=None),)))))
    assert "No confirm trial has finished" in text
    assert verdict.READING not in text


@pytest.mark.parametrize(
    ("doubt", "fields", "words"),
    [
        ("budget", {"gradient_evaluations": 1300}, "larger budget"),
        ("failed", {}, "survived"),
        ("partial", {}, "Trials are still to come"),
    ],
)
def test_doubts_take_the_word_back(
    study: Build,
    cell: Build,
    trial: Build,
    confirm: Build,
    doubt: str,
    fields: dict[str, Any],
    words: str,
) -> None:
    rows = {
        name: [confirm(i, v, value=v) for i, v in enumerate(values)]
        for name, values in (("a", UP), ("b", DOWN))
    }
    lost = {"state": "FAIL", "value": None, "reason": "diverged"}
    going = {"state": "RUNNING", "value": None}
    rows["a"] += [confirm(5, None, **lost)] if doubt == "failed" else []
    rows["b"] += [confirm(5, None, **going)] if doubt == "partial" else []
    cells = [
        cell("a", search=(trial(value=0.9, **fields),), confirm=tuple(rows["a"])),
        cell("b", search=(trial(value=0.9),), confirm=tuple(rows["b"])),
    ]
    results = from_record(study(*cells))
    assert [each.doubts for each in Findings(results).verdicts] == [(doubt,)]
    text = said(results).replace(verdict.READING, "")
    assert "Its configuration is ahead of that of b" in text
    assert words in text
    assert "better" not in text
    assert "1 of these carries a doubt" in text


def test_longer_runs_without_a_search_are_a_doubt(
    study: Build, cell: Build, confirm: Build
) -> None:
    cells = [
        cell(
            name,
            confirm=tuple(
                confirm(i, v, value=v, gradient_evaluations=spent) for i, v in enumerate(values)
            ),
            selected=None,
        )
        for name, values, spent in (("a", UP, 2000), ("b", DOWN, 1000))
    ]
    results = from_record(study(*cells))
    assert [each.doubts for each in Findings(results).verdicts] == [("budget",)]
    text = said(results).replace(verdict.READING, "")
    assert "Its configuration is ahead of that of b" in text
    assert "in each confirm trial" in text
    assert "Budgets were unequal (a and b)" in text


def test_a_warm_start_that_the_others_lack_is_a_doubt(
    study: Build, cell: Build, trial: Build, confirm: Build
) -> None:
    def results(**origins: str) -> Results:
        return from_record(
            study(
                *(
                    cell(
                        name,
                        search=(trial(value=0.9, origin=origins[name]),),
                        confirm=tuple(confirm(i, v, value=v) for i, v in enumerate(values)),
                    )
                    for name, values in (("a", UP), ("b", DOWN))
                )
            )
        )

    warm = Findings(results(a="warm-started", b="random"))
    assert [each.doubts for each in warm.verdicts] == [("budget",)]
    assert warm.budget["unequal"].tolist() == [
        "warm-started where another method's search was not",
        "",
    ]
    for origins in ({"a": "random", "b": "warm-started"}, dict.fromkeys("ab", "warm-started")):
        assert [each.doubts for each in Findings(results(**origins)).verdicts] == [()]


def test_a_smaller_budget_is_no_doubt(
    study: Build, cell: Build, trial: Build, confirm: Build
) -> None:
    cells = [
        cell(
            name,
            search=(trial(value=0.9, gradient_evaluations=spent),),
            confirm=tuple(confirm(i, v, value=v) for i, v in enumerate(values)),
        )
        for name, values, spent in (("a", UP, 1000), ("b", DOWN, 2000))
    ]
    results = from_record(study(*cells))
    assert [each.doubts for each in Findings(results).verdicts] == [()]
    assert "Budgets were unequal" in said(results)


def test_noise_of_validation_is_named(
    study: Build, cell: Build, trial: Build, confirm: Build
) -> None:
    cells = [
        cell(
            name,
            search=(trial(value=0.9),),
            confirm=tuple(
                confirm(i, v, value=val)
                for i, (v, val) in enumerate(zip(values, vals, strict=True))
            ),
        )
        for name, values, vals in (("a", UP, (0.6, 0.7, 0.8, 0.9, 1.0)), ("b", DOWN, DOWN))
    ]
    assert "partly luck" in said(from_record(study(*cells)))


def test_a_leader_is_compared_even_if_it_only_leads_without_pairing(
    make: Callable[..., Results],
) -> None:
    """The best mean over all seeds can be behind on the seeds that both have."""
    results = make({"a": (0.80, 0.81, 0.82, 0.99, 0.99), "b": (0.85, 0.862, 0.868)})
    (each,) = Findings(results).verdicts
    assert each.best
    assert each.best.method == "a"
    assert each.near == ("b",)
    assert each.reading == "no evidence"
