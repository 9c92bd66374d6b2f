"""Durations, ranges and searched spaces in words."""

from typing import Any

import pytest

from study.words import duration, searched, span


def test_durations() -> None:
    said = [duration(seconds) for seconds in (0, 0.042, 42, 210, 44280, 4e6)]
    assert said == ["0.0 s", "0.042 s", "42.0 s", "3.5 min", "12.3 h", "1,111.1 h"]


def test_a_span_of_one_value_is_that_value() -> None:
    assert span(0.02, 0.91234) == "0.02 to 0.912"
    assert span(0.5, 0.5) == "0.5"
    assert span(1, 3, "{:.1f} %".format) == "1.0 % to 3.0 %"


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"low": 0.01, "high": 1.0, "log": True, "step": None}, "0.01 to 1 (log)"),
        ({"low": 1, "high": 3, "log": False, "step": 1}, "1 to 3"),
        ({"low": 0.2, "high": 0.6, "log": False, "step": 0.2}, "0.2 to 0.6 (step 0.2)"),
        ({"choices": (1, 2, "auto")}, "{1, 2, auto}"),
    ],
)
def test_searched_spaces(entry: dict[str, Any], words: str) -> None:
    assert searched(entry) == words
