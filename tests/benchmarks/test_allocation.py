"""The benchmark of kept memory trains what it says, and compares like with like."""

import pytest

from tests.benchmarks.allocation import CASES, PHOTOS, Case, table, timed
from tests.benchmarks.bench.work import RANDOM


def test_ratios_are_of_medians_and_pages_stand_beside() -> None:
    def times(*seconds: float) -> list[dict[str, float]]:
        return [{"seconds": each, "pages": 1000 * each, "peak": 500.0} for each in seconds]

    line = table({"a": {False: times(9.0, 3.0, 1.0), True: times(1.5, 2.0, 1.0)}}).splitlines()[-1]
    assert line == "| a | 3.000 | 1.500 | 2.00 | 3,000 | 1,500 | 500 | 500 |"


def test_every_case_has_a_name_of_its_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    assert CASES[0].name == "resnet20, 32 pixels, batch 128, f32"
    assert CASES[-1].name == "resnet50, 224 pixels, batch 55, f32, an embedding"


@pytest.mark.parametrize(
    "case", [Case("small_cnn", RANDOM, 16), Case("small_cnn", PHOTOS, 4, trained=False)]
)
def test_a_step_is_timed(case: Case) -> None:
    # The process of the tests goes on: it is not told to keep anything.
    found = timed(case, 2, kept=False)
    assert 0 < found["seconds"] < 60
    assert found["peak"] > 100
