"""Figures of runs as Markdown."""

import statistics
from collections.abc import Iterable, Sequence

from tests.benchmarks.bench.figures import Found, changes
from tests.benchmarks.bench.parts import CONVOLUTIONS, KINDS, REST

__all__ = ["report", "section"]

TOP = """# Trials an hour, beside the peer's loop

    make bench

writes this file, `bench.png` and the raw figures (`bench-*.json`, one a kind of machine) anew; with
`ROUNDS=2` it only prints what a quick run finds. Every contender takes its turn in every round, so
that what else a machine does hits all alike; the tables give medians over rounds, and ratios are
taken within a round.

A trial is one of ours: 100 epochs of the training images, evaluated after each (the GPU check
counts 21,700 steps, as if no image of CIFAR-10 were held out). All take as many steps; a step of
`ct_auc` is two batches. LibAUC's loop is that of its examples: its losses,
optimizers and sampler, transforms image by image, and the AUROC of training and test set every
epoch. The plain loop has PyTorch's SGD, or PESG tensor by tensor, and validates only, as ours do.
Network, data and batch are the same for all. Evaluation is timed on a part of the images and taken
in proportion.

"Of the peak" is the share of the most that a core or a GPU multiplies in that precision, measured
in the same run, while it trains. "Of the limit" compares trials an hour with a machine that does
nothing but train, at its best peak in any precision.

![Trials an hour](bench.png)
"""


def report(runs: Sequence[Found]) -> str:
    """All kinds of machine, one after the other."""
    return "\n".join([TOP, *(section(each) for each in runs)])


def section(found: Found) -> str:
    """One kind of machine."""
    parts = [f"## {found.kind}", _conditions(found), *found.left_out]
    parts += ["### One process", _single(found)]
    parts += ["### The whole machine", _whole(found)]
    parts += ["### What stands in the way", _obstacles(found)]
    parts += ["### Since the last run", _since(found)]
    return "\n\n".join(parts) + "\n"


def _conditions(found: Found) -> str:
    peaks = ", ".join(f"{each / 1e9:,.0f} in {name}" for name, each in found.peaks.items())
    return (
        f"{found.when}, torch {found.torch}, {found.data}. Medians of {found.rounds} rounds. A "
        f"trial is {found.steps:,} steps and {found.evaluations} evaluations. An image costs "
        f"{found.flops / 1e6:.0f} MFLOP, forward and backward; the peak of one core or GPU is "
        f"{peaks} GFLOP/s."
    )


def _single(found: Found) -> str:
    first = found.first
    rows = []
    for method, ways in found.rates().items():
        for name, rate in ways.items():
            step, trial = found.step[method], found.trials[method]
            rows.append(
                [
                    method,
                    name,
                    f"{1e3 * rate.step:.2f}",
                    f"{rate.images:,.0f}",
                    _ratio(step[first], step[name]),
                    f"{rate.trial:,.0f}",
                    f"{3600 / rate.trial:.2f}",
                    _ratio(trial[first], trial[name]),
                    f"{rate.of_peak:.0%}",
                ]
            )
    head = ["method", "way", "ms a step", "images/s", f"times {first}", "s a trial", "trials/h"]
    return _table([*head, f"times {first}", "of the peak"], rows)


def _whole(found: Found) -> str:
    first = found.first
    rows = []
    for machine in found.machines:
        for method, ways in machine.timed.items():
            theirs = found.trials_an_hour(machine, method, first)
            for name in ways:
                trials = found.trials_an_hour(machine, method, name)
                rows.append(
                    [
                        method,
                        name,
                        f"{machine.processes} by {machine.sharing}",
                        f"{found.images_a_second(machine, method, name):,.0f}",
                        f"{statistics.median(trials):.2f}",
                        _ratio(trials, theirs),
                        f"{statistics.median(trials) / found.limit(method):.0%}",
                    ]
                )
    head = ["method", "way", "processes", "images/s", "trials/h", f"times {first}"]
    return _table([*head, "of the limit"], rows)


def _obstacles(found: Found) -> str:
    rows = []
    for method, ways in found.profiled.items():
        for name, shares in ways.items():
            if not shares:
                continue
            reached = found.rate(method, name).of_peak / shares[CONVOLUTIONS]
            rows.append(
                [method, name, *(f"{each:.0%}" for each in shares.values()), f"{reached:.0%}"]
            )
    alone = "; ".join(f"{name} {1e3 * each:.2f} ms" for name, each in found.alone.items())
    table = _table(["method", "way", *KINDS, REST, "their share of the peak"], rows)
    return (
        f"Shares of a step by the profiler, and how near its {CONVOLUTIONS} by themselves come to "
        f"the peak. Of a compiled step the rest holds all that is fused.\n\n{table}\n\n"
        f"By themselves: {alone}."
    )


def _since(found: Found) -> str:
    if found.before is None:
        return "This is the first run on this kind of machine."
    rows = [
        [
            method,
            name,
            "not there" if then is None else f"{then:.2f}",
            "left out" if now is None else f"{now:.2f}",
            f"{now / then:.2f}" if now and then else "",
        ]
        for method, name, then, now in changes(found)
    ]
    head = ["method", "way", "trials/h then", "now", "times"]
    return f"Against that of {found.before['when']}, one process:\n\n{_table(head, rows)}"


def _ratio(above: Iterable[float], below: Iterable[float]) -> str:
    """The median of ratios within a round."""
    ratios = [each / other for each, other in zip(above, below, strict=True)]
    return f"{statistics.median(ratios):.2f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Names in the first two columns, figures in the others."""
    rule = ["---", "---"] + ["--:"] * (len(head) - 2)
    return "\n".join(f"| {' | '.join(each)} |" for each in (head, rule, *rows))
