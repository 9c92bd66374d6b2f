"""Our figures beside those of the papers, and how the protocols differ."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.columns import PLACE, Row
from analysis.compare.published import published
from analysis.results import Results
from study.records import CellRecord
from study.words import OPTION, plural, with_options

__all__ = ["reproduced"]

DATASETS = {
    "CIFAR10": "cifar10",
    "CIFAR100": "cifar100",
    "STL10": "stl10",
    "CatvsDog": "cat_and_dog",
}
"""From the sources' names to ours; of the others we have no reader."""

MODELS = {"ResNet20": "resnet20", "ResNet20-ELU": "resnet20", "DenseNet121": "densenet121"}
"""From the sources' names to ours."""

NETWORKS = {
    "ResNet20": {"activation": "relu", "init": "xavier"},
    "ResNet20-ELU": {"activation": "elu", "init": "xavier"},
}
"""Options of the sources' networks. The ICLR 2022 paper names no activation: its authors' example,
LibAUC's notebook 09, asks for ReLU. Neither paper says how weights begin: that is LibAUC's way."""

PLAIN = {"activation": ("activation", "elu"), "init": ("initial weights", "he")}
"""These options in words, and our defaults."""

PIXELS = {"CIFAR10": 32, "CIFAR100": 32, "STL10": 96, "CatvsDog": 50}
"""Sides of the images in that example."""


class Protocol(NamedTuple):
    """How a paper trained on the benchmarks.

    Attributes:
        epochs, batch_size: of a run; STL10 had batches of 32.
        runs: means are over so many.
        margin: that of the AUC losses, if it was fixed.
        score_map: that of the AUC losses, if it was fixed.
    """

    runs: int
    epochs: int = 100
    batch_size: int = 128
    margin: float | None = None
    score_map: str | None = None


PROTOCOLS = {
    "ICCV2021 (arXiv 2012.03173)": Protocol(runs=5, score_map="bsn"),
    "ICLR2022 (CT/PDSCA)": Protocol(runs=3, margin=1.0),
}
SMALL_BATCHES = {"STL10": 32}
_ASIDE = {
    "validation": ("before", "validation cut {} the imbalance, the paper before it"),
    "positive_rate": (None, "{} positives in every batch, the paper drew as they came"),
    "easy_positives": (0, "{} easy positives added"),
    "label_noise": (0, "{} of the labels wrong"),
    "budget": ("epochs", "training ended by {}, the paper's by epochs"),
    "precision": ("f32", "precision {}"),
}
"""What all trials of a cell share: the papers' value, and the words for another one."""


_OURS = (*PLACE, "mean", "std", "n", "rows")


def reproduced(results: Results, scores: pd.DataFrame) -> pd.DataFrame:
    """Cells with a result for which a paper reports one: data set, model, imratio and method.

    Args:
        results: the study.
        scores: what ``analysis.compare.comparison.scores`` gives for it.

    Returns:
        One row a cell and published figure: cell, method, task, imratio, ratio, mean, std, n,
        rows (ours), source, table, published_mean, published_std, note (of the source),
        difference (ours less theirs), deviations (difference in units of published_std; NaN
        without one), evaluations, seconds (gradient evaluations and time of a trial, means over
        ours), protocol (what we did otherwise, sentences).
    """
    theirs = published()
    theirs = theirs[(theirs["metric"] == "test AUC") & (theirs["ours"] != "")]
    theirs = theirs.assign(
        key_dataset=theirs["dataset"].map(DATASETS), key_model=theirs["model"].map(MODELS)
    )
    by_cell = scores.set_index("cell")
    done = results.confirm[results.confirm["state"] == "COMPLETE"]
    costs = done.groupby("cell")[["gradient_evaluations", "seconds"]].mean()
    costs = costs.rename(columns={"gradient_evaluations": "evaluations"})
    beside = []
    for cell in results.study.cells:
        ours = by_cell.loc[cell.id]
        if cell.imratio is None or not ours["n"]:
            continue
        same = theirs[
            (theirs["key_dataset"] == _without(cell.run, "dataset", "data"))
            & (theirs["key_model"] == _without(cell.run, "model", "network"))
            & (theirs["ours"] == cell.method)
            & np.isclose(theirs["imratio"], cell.imratio)
        ]
        own: Row = {"cell": cell.id} | {name: ours[name] for name in _OURS[1:]}
        own |= costs.loc[cell.id].to_dict()
        beside += [own | _beside(cell, own, row) for row in same.to_dict("records")]
    names = [*_OURS, "source", "table", "published_mean", "published_std", "note"]
    names += ["difference", "deviations", *costs.columns, "protocol"]
    return pd.DataFrame(beside, columns=names)


def _without(run: Mapping[str, Any], name: str, options: str) -> str:
    """A data set or network with its options, but for those that a difference can tell."""
    told = (*PLAIN, "image_size")
    kept = {option: value for option, value in run.get(options, {}).items() if option not in told}
    return with_options(run[name], kept)


def _beside(cell: CellRecord, own: Row, row: Row) -> Row:
    difference = own["mean"] - row["mean"]
    return {
        "source": row["source"],
        "table": row["table"],
        "published_mean": row["mean"],
        "published_std": row["std"],
        "note": row["note"],
        "difference": difference,
        "deviations": difference / row["std"] if row["std"] > 0 else float("nan"),
        "protocol": _differences(cell, int(own["n"]), row),
    }


def _differences(cell: CellRecord, n: int, row: Row) -> tuple[str, ...]:
    paper = PROTOCOLS[row["source"]]
    batch = SMALL_BATCHES.get(row["dataset"], paper.batch_size)
    said = [
        (
            cell.epochs != paper.epochs,
            f"{cell.epochs} epoch{'s' * (cell.epochs != 1)}, the paper {paper.epochs}",
        ),
        (cell.batch_size != batch, f"batches of {cell.batch_size}, the paper {batch}"),
        (n != paper.runs, f"{plural(n, 'seed')}, the paper {paper.runs} runs"),
    ]
    for name, (value, words) in _ASIDE.items():
        ours = cell.run.get(name, value)
        said.append((ours != value, words.format(str(ours).replace("_", " "))))
    options = cell.run.get("evaluation", {})
    asked = [name if value is True else f"{name} {value:g}" for name, value in options.items()]
    said.append((bool(asked), f"evaluated with {', '.join(asked)}"))
    for name, theirs in NETWORKS.get(row["model"], {}).items():
        option = OPTION + name
        words, default = PLAIN[name]
        of_task = cell.run.get("network", {}).get(name, default)
        ours = "searched" if option in cell.space else cell.fixed.get(option, of_task)
        said.append((ours != theirs, f"{words} {ours}, the paper's authors {theirs}"))
    pixels = PIXELS[row["dataset"]]
    side = cell.run.get("data", {}).get("image_size", pixels)
    said.append((side != pixels, f"images of {side} pixels, the authors' example {pixels}"))
    for name in ("margin", "score_map"):
        value = getattr(paper, name)
        if value is not None and name in {*cell.space, *cell.fixed}:
            ours = "searched" if name in cell.space else cell.fixed[name]
            words = f"{name.replace('_', ' ')} {ours}, the paper {value}"
            said.append((ours != value, words))
    return tuple(words for differs, words in said if differs)
