"""Methods that a user might bring: busy, with a bug, hanging, dying, out of room."""

import errno
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from optuna.distributions import FloatDistribution
from torch import Tensor

from search_spaces.ranges import Range
from trainables.hyperparameters import hyperparameter
from trainables.method import Method
from trainables.recipe import Batch, Context, Recipe, Stage

__all__ = [
    "Buggy",
    "Busy",
    "DiesOnce",
    "Diverges",
    "FullDiskOnce",
    "HangsOnce",
    "NoGpuMemory",
    "Sleepy",
]

SPACE = {"x": Range(FloatDistribution(0.0, 1.0), grid=(0.5,), source="a test")}


class _Still:
    """An update that trains nothing; each step calls ``act``."""

    def __init__(self, act: Any) -> None:
        self._act = act

    def step(self, batches: Sequence[Batch]) -> tuple[Tensor, int]:
        return torch.tensor(float(self._act() or 0.0)), len(batches[0].targets)

    def decay(self) -> None: ...

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        yield

    def metrics(self, probe: Callable[[], Batch]) -> dict[str, float]:  # noqa: ARG002
        return {}

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


@dataclass(frozen=True)
class _Odd(Method):
    SPACE: ClassVar[dict[str, Range]] = SPACE
    x: float = hyperparameter(0.5, help="does nothing", source="a test", low=0, high=1)

    def act(self) -> float | None:
        raise NotImplementedError

    def recipe(self, context: Context) -> Recipe:  # noqa: ARG002
        return Recipe([Stage(lambda: _Still(self.act))])


@dataclass(frozen=True)
class Busy(_Odd):
    """A step keeps its core busy for ``milliseconds``."""

    milliseconds: float = hyperparameter(6.0, help="of one step", source="a test", low=0)

    def act(self) -> None:
        end = time.perf_counter() + self.milliseconds / 1000
        while time.perf_counter() < end:
            pass


@dataclass(frozen=True)
class Sleepy(_Odd):
    """A step sleeps."""

    seconds: float = hyperparameter(1.0, help="of one step", source="a test", low=0)

    def act(self) -> None:
        time.sleep(self.seconds)


@dataclass(frozen=True)
class Buggy(_Odd):
    """Every step raises."""

    def act(self) -> None:
        raise RuntimeError("a bug in a user's method")


@dataclass(frozen=True)
class Diverges(_Odd):
    """The loss is NaN where x is above one half."""

    def act(self) -> float:
        return float("nan") if self.x > 0.5 else 0.0


@dataclass(frozen=True)
class NoGpuMemory(_Odd):
    """Every step asks the GPU for more than it has."""

    def act(self) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")


@dataclass(frozen=True)
class _Once(_Odd):
    """Its worst happens in the first step that finds no file of AUCSTUDY_TEST_MARK."""

    def act(self) -> None:
        mark = Path(os.environ["AUCSTUDY_TEST_MARK"])
        if not mark.exists():
            mark.touch()
            self.worst()

    def worst(self) -> None:
        raise NotImplementedError


@dataclass(frozen=True)
class DiesOnce(_Once):
    """Its worker is killed."""

    def worst(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class HangsOnce(_Once):
    """A step that never ends."""

    def worst(self) -> None:
        time.sleep(3600)


@dataclass(frozen=True)
class FullDiskOnce(_Once):
    """The disk is full."""

    def worst(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "predictions")
