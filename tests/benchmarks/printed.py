"""Validation curves of our studies beside the test curves that LibAUC's examples print.

    python -m tests.benchmarks.printed RUN --ours LABEL=STUDY:METHOD ... --figure FILE.png

RUN is one of ``printed.csv``, which holds the test AUROC after each epoch (from 1) as the output of
the notebooks in https://github.com/Optimization-AI/LibAUC/tree/main/examples has it: one seed each,
at 10 % positives, batches of 128, ResNet20, lr .1, divided by 10 at 50 % and 75 % of the epochs.

- "AUC-M, CIFAR-10, LibAUC 1.0.7": notebook 02, batches as they come; ends at epoch 71 of 100.
- "AUC-M, CIFAR-10, June 2023": notebook 02, a fifth of positives in a batch.
- "CT, CIFAR-10, June 2023": notebook 09, a fifth of positives in a batch.
- "CT, Cat&Dog, LibAUC 1.1.9": notebook 09, batches as they come, photos of 50 pixels, 200 epochs.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from analysis.results import load

__all__ = ["ours", "printed"]

FILE = Path(__file__).with_suffix(".csv")
TEN = 10


def printed(run: str) -> "pd.Series[float]":
    """Test AUROC by epoch of a run of ``printed.csv``."""
    runs = pd.read_csv(FILE)
    return runs[runs["run"] == run].set_index("epoch")["test_auroc"]


def ours(study: Path, method: str) -> "pd.Series[float]":
    """Validation AUROC by epoch of a method of a study of one task: means over its seeds."""
    results = load(study)
    (cell,) = (each for each in results.study.cells if each.method == method)
    curves = results.curves
    curves = curves[(curves["cell"] == cell.id) & (curves["phase"] == "confirm")]
    mean = curves.groupby("interval")["val_auroc"].mean()
    mean.index = mean.index * cell.epochs / cell.intervals
    return mean


def table(curves: dict[str, "pd.Series[float]"]) -> str:
    """Means over ten epochs each, in Markdown."""
    last = int(max(curve.index.max() for curve in curves.values()))
    ends = range(TEN, last + TEN, TEN)
    lines = ["| epochs | " + " | ".join(f"{end - TEN + 1} to {end}" for end in ends) + " |"]
    lines.append("| --- |" + " --: |" * len(ends))
    for name, curve in curves.items():
        means = [curve[(curve.index > end - TEN) & (curve.index <= end)].mean() for end in ends]
        lines.append(
            f"| {name} | " + " | ".join("" if pd.isna(m) else f"{m:.3f}" for m in means) + " |"
        )
    return "\n".join(lines)


def figure(curves: dict[str, "pd.Series[float]"], file: Path) -> None:
    from matplotlib import pyplot as plt

    axes = plt.figure(figsize=(8, 4.5), layout="constrained").subplots()
    for number, (name, curve) in enumerate(curves.items()):
        own = {"color": "black", "linewidth": 1} if number == 0 else {"linewidth": 1.8}
        axes.plot(curve.index, curve, label=name, **own)
    axes.set(xlabel="epoch", ylabel="AUROC")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    plt.savefig(file, dpi=110)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", choices=[*pd.read_csv(FILE)["run"].unique()], metavar="RUN")
    parser.add_argument("--ours", nargs="+", required=True, metavar="LABEL=STUDY:METHOD")
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args(arguments)
    curves = {f"printed by LibAUC's example ({options.run})": printed(options.run)}
    for each in options.ours:
        label, _, place = each.partition("=")
        study, _, method = place.rpartition(":")
        curves[label] = ours(Path(study), method)
    print(table(curves))
    if options.figure:
        figure(curves, options.figure)


if __name__ == "__main__":
    main(sys.argv[1:])
