"""The figure: trials an hour of every way, in one process and on the whole machine."""

import statistics
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.bench.figures import Found

__all__ = ["draw"]


def draw(runs: Sequence[Found], file: Path) -> None:
    """One row a kind of machine; on the left one process, on the right the whole machine.

    A cross is where the whole machine would be at its limit.
    """
    from matplotlib import pyplot as plt

    figure = plt.figure(figsize=(13, 4.5 * len(runs)), layout="constrained")
    rows = figure.subplots(len(runs), 2, squeeze=False)
    for found, (one, whole) in zip(runs, rows, strict=True):
        single = {
            method: {name: 3600 / rate.trial for name, rate in ways.items()}
            for method, ways in found.rates().items()
        }
        _bars(one, single)
        one.set(title=f"{found.kind}: one process", xlabel="trials an hour")
        together: dict[str, dict[str, float]] = {method: {} for method in single}
        for machine in found.machines:
            for method, ways in machine.timed.items():
                for name in ways:
                    trials = found.trials_an_hour(machine, method, name)
                    label = f"{name}, {machine.processes} by {machine.sharing}"
                    together[method][label] = statistics.median(trials)
        _bars(whole, together)
        whole.set(title=f"{found.kind}: the whole machine", xlabel="trials an hour")
    figure.savefig(file, dpi=110)
    plt.close(figure)


def _bars(axes: object, values: dict[str, dict[str, float]]) -> None:
    """Horizontal bars, grouped by method, the first contender on top."""
    from matplotlib.axes import Axes

    assert isinstance(axes, Axes)
    names = list(dict.fromkeys(name for ways in values.values() for name in ways))
    labels, place = [], 0.0
    for method, ways in values.items():
        for name, value in ways.items():
            axes.barh(place, value, color=f"C{names.index(name)}")
            axes.text(value, place, f" {value:.2f}", va="center", fontsize=7)
            labels.append((place, f"{method}: {name}"))
            place += 1
        place += 0.6
    axes.set_yticks([at for at, _ in labels], [text for _, text in labels], fontsize=7)
    axes.invert_yaxis()
    axes.margins(x=0.12)
