"""What a run of the benchmark found, as plain JSON, and what follows from it by arithmetic."""

import json
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["Found", "Machine", "Rate", "changes", "limit", "load", "trial_seconds"]

Seconds = Mapping[str, Mapping[str, list[float]]]
"""By method and contender, one entry a round."""


@dataclass(frozen=True)
class Machine:
    """Trials side by side: one arrangement of processes.

    Attributes:
        processes: how many.
        sharing: by what they share the device: "cores", "time slices", "CUDA MPS".
        timed: by method and contender, a round: each process's seconds of a step and seconds of
            evaluating an image.
    """

    processes: int
    sharing: str
    timed: Mapping[str, Mapping[str, list[list[list[float]]]]]


@dataclass(frozen=True)
class Found:
    """All of one run.

    Attributes:
        kind: of machine, without its name: "2 x AVX-512 bf16 cores", "NVIDIA H200".
        when: date and time.
        torch: its version.
        data: what was trained on, in words.
        left_out: sentences about contenders that are not here, and why.
        rounds: interleaved rounds, of which medians are taken.
        images: by method, images that go forward and backward in a step.
        steps, evaluations: of a trial.
        evaluated: by contender, images of one evaluation.
        precisions: by contender.
        flops: floating point operations of an image, forward and backward.
        peaks: FLOP/s of one core or GPU, by precision.
        devices: how many cores or GPUs the machine has.
        step, evaluation: seconds of a step, and of evaluating an image, in one process.
        alone: seconds of parts of a step by themselves, by name.
        profiled: of a step, by method and contender, the share of each kind of kernel.
        machines: trials side by side.
        before: of the run of the same kind before: its ``when``, and by method and contender its
            trials an hour in one process; None if there was none.
    """

    kind: str
    when: str
    torch: str
    data: str
    left_out: list[str]
    rounds: int
    images: Mapping[str, int]
    steps: int
    evaluations: int
    evaluated: Mapping[str, int]
    precisions: Mapping[str, str]
    flops: float
    peaks: Mapping[str, float]
    devices: int
    step: Seconds
    evaluation: Seconds
    alone: Mapping[str, float]
    profiled: Mapping[str, Mapping[str, Mapping[str, float]]]
    machines: list[Machine]
    before: Mapping[str, Any] | None = None

    @property
    def file(self) -> str:
        """Name of the file for this kind of machine."""
        plain = "".join(each if each.isalnum() else "-" for each in self.kind.lower())
        return f"bench-{'-'.join(filter(None, plain.split('-')))}.json"

    def store(self, folder: Path) -> None:
        """As JSON; what was there of the same kind of machine is replaced."""
        (folder / self.file).write_text(json.dumps(asdict(self), indent=1) + "\n")

    @property
    def first(self) -> str:
        """The contender that the others are compared with."""
        return next(iter(next(iter(self.step.values()))))

    @property
    def trials(self) -> dict[str, dict[str, list[float]]]:
        """Seconds of a trial in one process, by method and contender, one entry a round."""
        return {
            method: {
                name: [
                    self._trial(name, step, image)
                    for step, image in zip(steps, self.evaluation[method][name], strict=True)
                ]
                for name, steps in ways.items()
            }
            for method, ways in self.step.items()
        }

    def rate(self, method: str, contender: str) -> "Rate":
        """Of one process by itself."""
        step = statistics.median(self.step[method][contender])
        image = statistics.median(self.evaluation[method][contender])
        images, peak = self.images[method], self.peaks[self.precisions[contender]]
        return Rate(
            step,
            images / step,
            self._trial(contender, step, image),
            images * self.flops / step / peak,
        )

    def rates(self) -> dict[str, dict[str, "Rate"]]:
        """By method and contender."""
        return {
            method: {name: self.rate(method, name) for name in ways}
            for method, ways in self.step.items()
        }

    def summary(self) -> dict[str, Any]:
        """What a later run is compared with: `before`."""
        trials = {
            method: {name: 3600 / rate.trial for name, rate in ways.items()}
            for method, ways in self.rates().items()
        }
        return {"when": self.when, "trials": trials}

    def _trial(self, contender: str, step: float, image: float) -> float:
        evaluated = self.evaluated[contender]
        return trial_seconds(self.steps, step, self.evaluations, evaluated, image)

    def trials_an_hour(self, machine: Machine, method: str, contender: str) -> list[float]:
        """Of all processes together, one entry a round."""
        return [
            sum(3600 / self._trial(contender, step, image) for step, image in processes)
            for processes in machine.timed[method][contender]
        ]

    def images_a_second(self, machine: Machine, method: str, contender: str) -> float:
        """While training, of all processes together."""
        return statistics.median(
            sum(self.images[method] / step for step, _ in processes)
            for processes in machine.timed[method][contender]
        )

    def limit(self, method: str) -> float:
        """Trials an hour of the whole machine if it did nothing but training, at its best peak."""
        return limit(self.steps, self.images[method], self.flops, self.peaks, self.devices)


@dataclass(frozen=True)
class Rate:
    """How fast one process is.

    Attributes:
        step: seconds.
        images: a second, while it trains.
        trial: seconds, with evaluation.
        of_peak: share of the peak of its precision, while it trains.
    """

    step: float
    images: float
    trial: float
    of_peak: float


def load(folder: Path) -> list[Found]:
    """All that is stored, by kind of machine."""
    return [_read(file) for file in sorted(folder.glob("bench-*.json"))]


def _read(file: Path) -> Found:
    raw = json.loads(file.read_text())
    return Found(**{**raw, "machines": [Machine(**each) for each in raw["machines"]]})


def trial_seconds(steps: int, step: float, evaluations: int, evaluated: int, image: float) -> float:
    """Of a trial: its steps, and its evaluations of so many images each."""
    return steps * step + evaluations * evaluated * image


def limit(steps: int, images: int, flops: float, peaks: Mapping[str, float], devices: int) -> float:
    """Trials an hour, at the best of ``peaks`` on so many devices."""
    return 3600 * devices * max(peaks.values()) / (steps * images * flops)


def changes(found: Found) -> Iterable[tuple[str, str, float | None, float | None]]:
    """Method, contender, trials an hour in one process before and now; None: not there."""
    if found.before is None:
        return
    then = found.before["trials"]
    now = found.rates()
    for method in dict.fromkeys([*then, *now]):
        was, has = then.get(method, {}), now.get(method, {})
        for name in dict.fromkeys([*was, *has]):
            yield method, name, was.get(name), 3600 / has[name].trial if name in has else None
