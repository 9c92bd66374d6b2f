"""The columns of the frames: name -> (dtype, meaning). The frames have these and no others."""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

import pandas as pd

__all__ = [
    "BUDGET",
    "CELLS",
    "CONFIRM",
    "CURVES",
    "DIAGNOSTICS",
    "ENSEMBLES",
    "FRAMES",
    "KEYS",
    "LABEL_CURVES",
    "METRICS",
    "MOST_FIGURES",
    "PLACE",
    "PREDICTIONS",
    "SETTING",
    "TRIALS",
    "Column",
    "Row",
    "by_setting",
    "frame",
]


class Column(NamedTuple):
    """A column of a frame.

    Attributes:
        dtype: pandas dtype; an empty frame has it too.
        text: meaning, unit, when it is missing.
    """

    dtype: str
    text: str


Row: TypeAlias = dict[Hashable, Any]
"""A row of a frame, by column."""

KEYS = {
    "cell": Column("object", "id of the cell"),
    "method": Column("object", "name of the method in the study"),
    "base_method": Column("object", "the method that it is a variant of, else the same"),
    "task": Column("object", "name of the task"),
    "dataset": Column("object", "name of the data set"),
    "model": Column("object", "name of the model"),
    "imratio": Column("float64", "positives / all in the training set; NaN: the set's own"),
    "ratio": Column("object", 'imratio as a label ("10 %", "own ratio"); never missing'),
}

PLACE = ("cell", "method", "task", "imratio", "ratio")
"""Of ``KEYS``, those that say where a derived number belongs: its cell."""

SETTING = ("task", "ratio")
"""Of ``KEYS``, those whose cells are compared: a task at one imbalance ratio."""

_TRIAL = {
    "trial": Column("object", "unique id: <cell>/<phase>/<number>"),
    "number": Column("int64", "number within its cell and phase, from 0"),
    "state": Column("object", "COMPLETE, PRUNED, FAIL, RUNNING or WAITING"),
    "seconds": Column("float64", "training and validation time, s; NaN: never reported"),
    "gradient_evaluations": Column("float64", "images through forward and backward; NaN as above"),
    "images": Column("float64", "training images drawn; NaN as above"),
    "reason": Column("object", "why the trial is FAIL, else None"),
    "deaths": Column("int64", "times that a worker died with it, which then began again"),
    "host": Column("object", "name of the machine, or None"),
    "device": Column("object", "name of the device, or None"),
    "execution": Column(
        "object",
        'how its steps ran: "graph" (as a CUDA graph), "compiled", "eager", or "eager: " and why '
        "they could not be captured or compiled; None: not told",
    ),
    "peak_memory": Column(
        "float64",
        "most memory of the host that its worker had resident, MB (1e6 bytes), mapped images that "
        "trials share included; NaN: not told",
    ),
    "started": Column("datetime64[us]", "local time of that machine, or NaT"),
    "finished": Column("datetime64[us]", "local time of that machine, or NaT"),
    "data_seed": Column("float64", "seed of the data split"),
    "init_seed": Column("float64", "seed of the weights"),
    "order_seed": Column("float64", "seed of the batches' order"),
}

CELLS = KEYS | {
    "epochs": Column("int64", "epochs of a full trial"),
    "batch_size": Column("int64", "images a batch"),
    "intervals": Column("int64", "validations of a full trial"),
    "planned_trials": Column("int64", "search trials that the spec asks for"),
    "planned_seeds": Column("int64", "confirm seeds that the spec asks for"),
    "searches": Column("int64", "independent searches; planned trials and seeds are of all"),
    "selected": Column(
        "float64", "number of the selected search trial; NaN: none (yet), or several searches"
    ),
}

TRIALS = (
    KEYS
    | _TRIAL
    | {
        "origin": Column(
            "object",
            '"random" (an independent draw), "tpe", "gp" or "warm-started" (with a configuration '
            "of the search at the next larger imratio)",
        ),
        "warm_from": Column(
            "object",
            'the trial that a warm-started one took its configuration from, as "cell/search/3", '
            'of the study that it was run in; "" for others',
        ),
        "repeat": Column("int64", "which of the cell's searches it belongs to, from 0"),
        "selected": Column("bool", "the one whose configuration the confirm trials repeat"),
        "value": Column(
            "float64",
            "validation AUROC, or what else the spec selects by, after the last interval (with "
            "evaluation.best the highest); COMPLETE trials only",
        ),
        "last_auroc": Column("float64", "the same at last_interval, whatever the state"),
        "last_interval": Column("int64", "last interval validated; 0: none"),
        "chosen_null": Column(
            "object",
            'tuned hyperparameters that are null in the row, such as "clip, momentum"; "" if none '
            "is: the columns params_<name> cannot tell null from not tuned",
        ),
    }
)

_WITHOUT = (
    "{} of the same trial without the spec's evaluation options, of the last weights and the "
    "images as they are; NaN: the spec has none"
)

_FOLLOWING = (
    KEYS
    | _TRIAL
    | {
        "repeat": Column("int64", "whose search's configuration it repeats, from 0"),
        "seed": Column("float64", "index of the confirm seed, from 0; methods share seeds"),
        "selected_from": Column("float64", "search trial that is repeated; NaN: no search"),
        "val_auroc": Column(
            "float64",
            "validation AUROC after the last interval (with evaluation.best after that of the "
            "highest validation); COMPLETE only",
        ),
        "value": Column("float64", "the same, or what else the spec selects by"),
        "test_auroc": Column("float64", "test AUROC; COMPLETE trials only"),
        "test_auprc": Column("float64", "test average precision; COMPLETE trials only"),
        "test_accuracy": Column("float64", "test accuracy, of a task of classes; else NaN"),
        "test_auroc_without": Column("float64", _WITHOUT.format("test_auroc")),
        "test_auprc_without": Column("float64", _WITHOUT.format("test_auprc")),
        "test_accuracy_without": Column("float64", _WITHOUT.format("test_accuracy")),
        "predictions": Column("object", "file of test scores, relative to the study's directory"),
    }
)

CONFIRM = _FOLLOWING

PROFILE = _FOLLOWING | {
    "hyperparameter": Column("object", "the one that is moved"),
    "moved_to": Column("object", "its value; the others are those of the confirm trials"),
}

CURVES = KEYS | {
    "trial": _TRIAL["trial"],
    "phase": Column("object", '"search" or "confirm" (superseded trials are left out)'),
    "number": _TRIAL["number"],
    "seed": Column("float64", "index of the confirm seed; NaN for search trials"),
    "state": _TRIAL["state"],
    "interval": Column("int64", "the interval, from 1"),
    "val_auroc": Column("float64", "validation AUROC after the interval"),
    "loss": Column(
        "float64", "mean training loss of the interval; NaN until the trial is finished"
    ),
    "seconds": Column("float64", "time since the trial began, s; NaN as above"),
    "gradient_evaluations": Column("float64", "since the trial began; NaN as above"),
}

BUDGET = {name: KEYS[name] for name in PLACE} | {
    "planned": Column("int64", "search trials that the spec asks for"),
    "trials": Column("int64", "search trials that came to an end"),
    "finished": Column("int64", "of these, COMPLETE"),
    "pruned": Column("int64", "of these, PRUNED"),
    "failed": Column("int64", "of these, FAIL"),
    "open": Column("int64", "search trials under way"),
    "warm_started": Column(
        "int64", "search trials with a configuration of the search at the next larger imratio"
    ),
    "confirms": Column("int64", "confirm trials that came to an end, superseded ones included"),
    "search_gradient_evaluations": Column("float64", "sum over the search trials that reported it"),
    "search_seconds": Column("float64", "sum over the search trials that reported it, s"),
    "confirm_gradient_evaluations": Column(
        "float64", "sum over confirm trials, superseded included"
    ),
    "confirm_seconds": Column("float64", "sum over confirm trials, superseded included, s"),
    "run_gradient_evaluations": Column("float64", "mean of the finished confirm trials"),
    "peak_memory": Column("float64", "highest of its trials, all phases, MB; NaN: not told"),
    "unreported": Column("int64", "ended trials that never reported a cost: the sums lack them"),
    "relative": Column(
        "float64",
        "search gradient evaluations over the setting's median; where nothing was searched, those "
        "of a confirm trial",
    ),
    "unequal": Column("object", 'why the budget differs from its rivals\'; "" if it does not'),
}

_LABEL = (
    'name of the label; of a task with several "" stands for the mean over them, and so it does '
    "where there is one"
)

METRICS = {
    "trial": Column("object", "id of the confirm trial, as in the frame confirm"),
    "cell": KEYS["cell"],
    "label": Column("object", _LABEL),
    "auroc": CONFIRM["test_auroc"],
    "auprc": Column("float64", "average precision"),
    "auroc_low_fpr": Column(
        "float64", "partial AUROC at false positive rates up to 0.1; after McClish, 0.5 is chance"
    ),
    "auroc_high_tpr": Column(
        "float64", "partial AUROC at true positive rates from 0.8 on; after McClish"
    ),
    "auroc_corner": Column(
        "float64", "partial AUROC at both, as a share of the corner; 0: the curve passes it by"
    ),
    "sensitivity_at_90": Column("float64", "highest with a specificity of 0.9 or more"),
    "sensitivity_at_95": Column("float64", "highest with a specificity of 0.95 or more"),
    "specificity_at_95": Column("float64", "highest with a sensitivity of 0.95 or more"),
    "accuracy": Column(
        "float64", "of a task of classes; of a class its recall; NaN of other tasks"
    ),
    "hand_till": Column(
        "float64", "Hand and Till's M, of a class over its pairs; NaN of other tasks"
    ),
    "brier": Column(
        "float64",
        "Brier score after Platt's scaling on the run's validation images; NaN: these were not "
        "kept (by an earlier version)",
    ),
    "calibration_slope": Column(
        "float64",
        "slope of the logistic regression of the targets on the scaled log odds; 1 is best; NaN "
        "as above, or where scores part the classes",
    ),
}

LABEL_CURVES = {name: CURVES[name] for name in ("trial", "cell", "phase", "number", "seed")} | {
    "label": Column("object", "name of the label"),
    "interval": CURVES["interval"],
    "val_auroc": Column("float64", "validation AUROC of the label after the interval"),
}

_GRADIENT = (
    "norm of the gradient of the mean cross entropy of up to 64 {} training images, whatever the "
    "method's own loss"
)

DIAGNOSTICS = {name: CURVES[name] for name in ("trial", "cell", "seed", "interval")} | {
    "auroc_train": Column(
        "float64",
        "AUROC of the training images, as they are, up to 5,000 of each class; NaN, as in all that "
        "follows: it was not finite",
    ),
    "auroc_test": Column("float64", "the same of the test images; nothing is selected by it"),
    "generalisation": Column("float64", "generalisation gap: auroc_train less auroc_test"),
    "gap_train": Column(
        "float64",
        "mean score of the positive training images less that of the negative ones; a score is the "
        "sigmoid of a logit",
    ),
    "gap_test": Column("float64", "the same of the test images; nothing is selected by it"),
    "gradient_positive": Column("float64", _GRADIENT.format("positive")),
    "gradient_negative": Column("float64", _GRADIENT.format("negative")),
    "gradient_share": Column("float64", "gradient_positive over the sum of both"),
    "active": Column(
        "float64",
        "share of the pairs of a positive and a negative training image in which the logit of the "
        "positive is not higher by 1 or more",
    ),
}

ENSEMBLES = {name: KEYS[name] for name in ("task", "imratio", "ratio")} | {
    "kind": Column(
        "object",
        '"method"; or of the methods of each seed "picked" (the one with the highest validation '
        'AUROC), "ranks" (mean rank of all), "calibrated" (mean log odds of all, after Platt\'s '
        'scaling on validation images) or "greedy" (selected on validation images)',
    ),
    "method": Column("object", 'name of the method; "" of the other kinds'),
    "n": Column("int64", "confirm seeds"),
    "trials": Column("object", "confirm trials of them all: <cell>/<phase>/0-4,7, joined by ;"),
    "one": Column("float64", "test AUROC of one seed, the mean over seeds (or searches)"),
    "one_low": Column("float64", "of its 95 % interval over seeds and images; one seed: images"),
    "one_high": Column("float64", "the upper end"),
    "together": Column("float64", "test AUROC of the mean rank over all seeds; NaN of one seed"),
    "together_low": Column("float64", "of its 95 % interval over images, these models given"),
    "together_high": Column("float64", "the upper end"),
    "gain": Column("float64", "together less one"),
    "gain_low": Column("float64", "of its 95 % interval over images, these models given"),
    "gain_high": Column("float64", "the upper end"),
    "weight": Column(
        "float64", "share of the method in the greedy selection, mean over seeds; else NaN"
    ),
    "taken": Column("float64", "seeds whose greedy selection has the method; else NaN"),
    "best": Column("float64", "seeds at which it has the highest validation AUROC; else NaN"),
}

PREDICTIONS = {
    "trial": Column("category", "id of the confirm trial, as in the frame confirm"),
    "image": Column("int32", "place of the image in the test set, from 0"),
    "label": Column("category", 'name of the label; "" in a task of one'),
    "group": Column("float64", "number of the image's group (patient); NaN: there are none"),
    "target": Column("int8", "1: positive, 0: negative, -1: not known"),
    "score": Column("float32", "higher: more positive; scales differ between methods"),
}

FRAMES: dict[str, tuple[str, Mapping[str, Column]]] = {
    "cells": ("one row a cell: a method on a task at one imbalance ratio", CELLS),
    "trials": ("one row a search trial", TRIALS),
    "confirm": ("one row a confirm trial of the selected configuration", CONFIRM),
    "profile": ("one row a trial with one hyperparameter moved", PROFILE),
    "superseded": (
        "confirm and profile trials of configurations that more search replaced",
        CONFIRM,
    ),
    "curves": ("one row an interval of a search or confirm trial", CURVES),
    "label_curves": (
        "one row a label and interval of a search or confirm trial, of tasks with several labels",
        LABEL_CURVES,
    ),
    "diagnostics": (
        "one row an interval of a confirm trial that kept diagnostics: training and test images",
        DIAGNOSTICS,
    ),
    "budget": ("one row a cell: what it was given and what it spent", BUDGET),
    "metrics": (
        "one row a confirm trial with predictions (of several labels, also each): its metrics on "
        "the test set",
        METRICS,
    ),
    "ensembles": (
        "one row a setting and method or ensemble of methods, from stored predictions",
        ENSEMBLES,
    ),
    "predictions": (
        "one row a test image, label and confirm trial; metadata stay in the files of predictions",
        PREDICTIONS,
    ),
}
"""Frames by name: what a row is, and the columns."""


def frame(rows: Iterable[Mapping[str, object]], columns: Mapping[str, Column]) -> pd.DataFrame:
    """A frame of exactly ``columns``, in order and with their dtypes, even without rows."""
    table = pd.DataFrame([[row[name] for name in columns] for row in rows], columns=list(columns))
    return table.astype({name: column.dtype for name, column in columns.items()})


MOST_FIGURES = 6
"""Settings that have a figure of their own, where one shows a single setting; tables have all."""


def by_setting(
    rows: pd.DataFrame, settings: Iterable[tuple[str, str]]
) -> list[tuple[tuple[str, str], pd.DataFrame]]:
    """The rows of each of ``settings`` that has any, in their order."""
    groups = dict(list(rows.groupby([*SETTING], sort=False)))
    return [(place, groups[place]) for place in settings if place in groups]
