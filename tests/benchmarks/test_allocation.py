"""The benchmark of kept memory trains what it says, and compares like with like."""

from tests.benchmarks.allocation import CASES, Case, table, timed
from tests.benchmarks.bench.work import RANDOM


def test_ratios_are_of_medians_and_pages_stand_beside() -> None:
    def times(*seconds: float) -> list[dict[str, float]]:
        return [{"seconds": each, "pages": 1000 * each, "peak": 500.0} for each in seconds]

    line = table({"a": {False: times(9.0, 3.0, 1.0), True: times(1.5, 2.0, 1.0)}}).splitlines()[-1]
    assert line == "| a | 3.000 | 1.500 | 2.00 | 3,000 | 1,500 | 500 | 500 |"


def test_every_case_has_a_name_of_its_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
    assert CASES[-1].name == "densenet121, 224 pixels, batch 16, f32"


def test_a_step_is_timed() -> None:
    # The process of the tests goes on: it is not told to keep anything.
    found = timed(Case("mlp", RANDOM, 16), 2, kept=False)
    assert 0 < found["seconds"] < 60
    assert found["peak"] > 100
