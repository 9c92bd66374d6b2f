"""The figure: trials an hour of every way, in one process and on the whole machine."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.bench.figures import Found

__all__ = ["draw"]

Bars = dict[str, dict[str, tuple[str, float]]]
"""By method and label: the contender, and its trials an hour."""


def draw(runs: Sequence[Found], file: Path) -> None:
    """One row a kind of machine; on the left one process, on the right the whole machine."""
    from matplotlib import pyplot as plt

    figure = plt.figure(figsize=(13, 4.5 * len(runs)), layout="constrained")
    rows = figure.subplots(len(runs), 2, squeeze=False)
    for found, (one, whole) in zip(runs, rows, strict=True):
        names = [*found.evaluated]
        single = {
            method: {name: (name, 3600 / rate.trial) for name, rate in ways.items()}
            for method, ways in found.rates().items()
        }
        _bars(one, single, names)
        one.set(title=f"{found.kind}: one process", xlabel="trials an hour")
        together: Bars = {method: {} for method in single}
        for machine in found.machines:
            for method, ways in machine.timed.items():
                for name in ways:
                    trials = found.trials_an_hour(machine, method, name)
                    label = f"{name}, {machine.processes} by {machine.sharing}"
                    together[method][label] = name, statistics.median(trials)
        _bars(whole, together, names)
        whole.set(title=f"{found.kind}: the whole machine", xlabel="trials an hour")
    figure.savefig(file, dpi=110)
    plt.close(figure)


def _bars(axes: Any, values: Bars, names: Sequence[str]) -> None:
    """Horizontal bars, grouped by method, the first contender on top, a colour a contender."""
    labels, place = [], 0.0
    for method, ways in values.items():
        for label, (name, value) in ways.items():
            axes.barh(place, value, color=f"C{names.index(name)}")
            axes.text(value, place, f" {value:.2f}", va="center", fontsize=7)
            labels.append((place, f"{method}: {label}"))
            place += 1
        place += 0.6
    axes.set_yticks([at for at, _ in labels], [text for _, text in labels], fontsize=7)
    axes.invert_yaxis()
    axes.margins(x=0.12)
