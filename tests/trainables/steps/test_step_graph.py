"""What a step says of the way it went, by a pretence: the capture itself needs a GPU."""

from collections.abc import Callable
from typing import Any, cast

import pytest
import torch

from trainables.recipe import Update
from trainables.steps.step_graph import WARM_UP, Step, StepGraph

FIRST, SECOND, STAYS_EAGER = (cast(Update, object()) for _ in range(3))


class _Replay:
    def replay(self) -> None: ...


class _Pretence(StepGraph):
    """Captures every update but ``STAYS_EAGER``."""

    def _warm_up(self, step: Step, update: Update) -> int:
        self._eager_steps += 1
        if update is STAYS_EAGER and self._eager_steps == WARM_UP:
            self._refuse("the step waits for the device")
        return step()

    def _capture(self, step: Step) -> None:
        self._cost, self._graph = step(), cast(Any, _Replay())


@pytest.fixture
def go(monkeypatch: pytest.MonkeyPatch) -> Callable[[Update], str]:
    """Does enough steps of an update to capture it if that can be, and gives the way."""
    monkeypatch.setattr(torch.cuda, "synchronize", lambda *_: None)
    steps = _Pretence(torch.nn.Linear(1, 1), [])

    def train(update: Update) -> str:
        for _ in range(WARM_UP + 2):
            assert steps(lambda: 7, update) == 7
        return steps.way

    return train


def test_every_stage_is_captured(go: Callable[[Update], str]) -> None:
    assert [go(FIRST), go(SECOND)] == ["graph", "graph"]


def test_a_stage_that_stayed_eager_is_told_to_the_end(go: Callable[[Update], str]) -> None:
    fell_back = "eager: the step waits for the device"
    assert [go(FIRST), go(STAYS_EAGER), go(SECOND)] == ["graph", fell_back, fell_back]


def test_a_stage_after_one_that_stayed_eager_is_captured() -> None:
    steps = _Pretence(torch.nn.Linear(1, 1), [])
    for update in (STAYS_EAGER, SECOND):
        for _ in range(WARM_UP + 1):
            steps(lambda: 7, update)
    assert steps._graph is not None
