"""The benchmark of the start: its moments come in order, and add up."""

from pathlib import Path

import pytest

from tests.benchmarks.start import STAGES, moments, spent


def test_stages_are_what_lies_between_moments() -> None:
    at = {"asked": 10.0, "spec": 11.0, "written": 13.0, "ready": 16.0, "trains": 20.0}
    assert list(spent(at).values()) == [1, 2, 3, 4]
    assert list(spent(at)) == list(STAGES.values())[1:]


@pytest.mark.ray
def test_a_real_start_is_told_in_order(tmp_path: Path) -> None:
    found = moments(tmp_path)
    assert list(found) == list(STAGES)
    assert all(seconds > 0 for seconds in spent(found).values())
