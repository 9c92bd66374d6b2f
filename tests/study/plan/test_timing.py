"""What is timed for a plan: the steps that a study trains, and no others."""

import math
import time
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any, cast

import pytest

from study.cell import confirm_seeds
from study.cells import cells
from study.command.plan import _disturbed
from study.errors import SpecError
from study.plan.timing import Timing, _run, _timing, time_task
from study.spec import parse_spec
from trainables.config import TrialConfig
from trainables.steps.step_graph import WARM_UP


class _Loss:
    def __init__(self, slow: bool) -> None:
        self.slow = slow

    def item(self) -> None:
        if self.slow:
            time.sleep(0.4)


class _Run:
    """The first steps are slow, as where a graph is captured."""

    def __init__(self, device: str) -> None:
        self.config = SimpleNamespace(device=device)
        self.steps = 0

    @property
    def gradient_evaluations(self) -> int:
        return 64 * self.steps

    def train_step(self) -> _Loss:
        self.steps += 1
        return _Loss(self.steps <= WARM_UP + 1)


def test_what_is_timed_is_what_a_study_trains() -> None:
    task = {
        "dataset": "digits",
        "model": "mlp",
        "epochs": 4,
        "batch_size": 64,
        "easy_positives": 0.5,
        "label_noise": 0.1,
        "ablation_seed": 3,
        "budget": "gradient_evaluations",
    }
    spec = parse_spec(
        {
            "name": "odd",
            "methods": ["ce"],
            "tasks": [task],
            "imratios": [0.1],
            "search": {"trials": 1},
        }
    )
    (cell,) = cells(spec)
    timed = asdict(_run(cell).config)
    wanted = TrialConfig(**cell.trial({}, confirm_seeds(cell, 0)))
    seeds = {"data_seed", "init_seed", "order_seed"}
    assert all(timed[key] == value for key, value in asdict(wanted).items() if key not in seeds)
    assert timed["label_noise"] == 0.1
    assert timed["budget"] == "gradient_evaluations"


def test_a_method_that_fails_in_its_step_is_told_in_words() -> None:
    name = "tests.study.odd_methods:Buggy"
    task = {"dataset": "digits", "model": "mlp", "epochs": 1}
    raw = {"name": "odd", "methods": [name], "tasks": [task], "search": {"trials": 0}}
    spec = parse_spec(raw | {"imratios": [0.1], "confirm": {"seeds": 1}})
    with pytest.raises(SpecError, match=rf"{name} on digits-mlp fails in one with .*\(odd_methods"):
        time_task(spec, spec.tasks[0])


def test_on_a_gpu_the_warm_up_and_the_capture_are_not_timed() -> None:
    found = _timing(cast(Any, _Run("cuda")), validation=1.0)
    assert found.step < 0.01
    assert found.evaluations == 64
    assert _timing(cast(Any, _Run("cpu")), validation=1.0).step > 0.1


def test_a_timing_says_how_much_of_a_processor_it_had() -> None:
    waited = _timing(cast(Any, _Run("cpu")), validation=1.0)
    assert waited.at_work < 0.5
    assert _timing(cast(Any, _Run("cuda")), validation=1.0).at_work == 1
    alone = Timing(step=1.0, validation=2.0, evaluations=128)
    (told,) = _disturbed({("ce", "a"): waited, ("ct_auc", "a"): alone})
    assert f"some of these steps had {waited.at_work:.0%} of a processor: the hours are too" in told
    assert not list(_disturbed({("ct_auc", "a"): alone}))


def test_timing_is_of_real_steps() -> None:
    task = {"dataset": "digits", "model": "mlp", "epochs": 4, "batch_size": 64}
    raw = {"name": "small", "methods": ["ce", "ct_auc"], "tasks": [task], "imratios": [0.1, None]}
    spec = parse_spec(raw | {"search": {"trials": 1}})
    timings = time_task(spec, spec.tasks[0])
    assert list(timings) == ["ce", "ct_auc"]
    for timing in timings.values():
        assert timing.step > 0
        assert math.isfinite(timing.validation)
        assert timing.validation > 0
    assert timings["ce"].evaluations == 64
    assert timings["ct_auc"].evaluations == 2 * 64  # PDSCA: inner_steps + 1 passes
