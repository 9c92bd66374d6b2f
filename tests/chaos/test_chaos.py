"""The short form; ``make chaos`` runs the long one."""

import random
from collections import Counter
from pathlib import Path

import pytest

from tests.chaos.chaos import KINDS, chaos, run_undisturbed

pytestmark = [pytest.mark.ray, pytest.mark.whole, pytest.mark.timeout(900)]


def test_kills_of_driver_worker_and_raylet_lose_and_double_nothing(tmp_path: Path) -> None:
    for name in ("undisturbed", "killed"):
        (tmp_path / name).mkdir()
    expected = run_undisturbed(tmp_path / "undisturbed")
    wanted = Counter(dict.fromkeys(KINDS, 2))
    outcome = chaos(tmp_path / "killed", expected, random.Random(1), wanted)
    assert outcome.sound, outcome
    assert outcome.kills == wanted
