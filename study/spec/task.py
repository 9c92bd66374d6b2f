"""The tasks of a study: a data set, a network and a budget each."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from study.spec.entries import Model
from study.spec.long_tail import refuse_binary_keys
from study.spec.named import Dataset, Network
from study.spec.values import (
    Count,
    CountFromZero,
    Imratio,
    LongTail,
    Name,
    Noise,
    Positive,
    PositiveRate,
    Share,
    unique,
)

__all__ = ["Ratios", "Task", "Tasks"]

Augmentation = Literal[
    "crop_flip",
    "crop_resize_flip",
    "flip",
    "none",
    "crop_flip_3d",
    "crop_flip_rotate_3d",
    "flip_3d",
]

Ratios = Annotated[list[Imratio | None], Field(min_length=1), AfterValidator(unique)]
"""Imbalance ratios; None: the data set's own."""


def _called(dataset: Dataset) -> str:
    """What a task of it is called: of one's own images the name of their file or folder."""
    own = dataset.options.get(dataset.name)
    return Path(own).stem or dataset.name if isinstance(own, str) else dataset.name


def _named(task: dict[str, Any]) -> str:
    """A task whose spec gives it no name."""
    tail = task.get("long_tail")
    words = f"{_called(task['dataset'])}-{task['model'].name}"
    words += "" if tail is None else f"-lt{tail:g}"
    return re.sub(r"[^A-Za-z0-9._-]+", "-", words)


class Task(Model):
    """A data set, a model and a budget.

    Attributes:
        dataset, model: a `Dataset` and a `Network`.
        epochs: passes over the training set; with a budget of seconds only the default of
            ``intervals``.
        batch_size: images a batch.
        long_tail: rho, training images of the first class over those of the last, for a task of the
            set's own classes; None: a binary task, or one of the set's labels.
        name: unique in the study; default ``<dataset>-<model>``, of a long tail with ``-lt<rho>``.
        imratios: instead of the study's, for this task alone; None: the study's.
        intervals: validations a trial; default one an epoch.
        validation: the validation cut is made "before" or "after" the imbalance.
        positive_rate: share of positives in every batch; None: the natural draw.
        augmentation: "crop_flip", "crop_resize_flip", "flip" or "none"; of volumes "crop_flip_3d",
            "flip_3d" or "crop_flip_rotate_3d"; None: what the data set asks for.
        easy_positives: easy positives added to the training set, as a share of those kept.
        label_noise: share of each class of the training set that gets the other label.
        ablation_seed: decides, with the data seed, which labels are wrong.
        budget: what is equal between methods and ends a trial: "epochs"; "gradient_evaluations"
            (those of plain descent in ``epochs`` passes); "seconds".
        seconds: of training a trial, without validation; only with that budget.
    """

    dataset: Dataset
    model: Network
    epochs: Count
    batch_size: Count = 128
    long_tail: LongTail | None = None
    name: Name = Field(default_factory=_named, validate_default=True)
    imratios: Ratios | None = None
    intervals: Count = Field(default_factory=lambda done: done["epochs"])
    validation: Literal["before", "after"] = "before"
    positive_rate: PositiveRate | None = None
    augmentation: Augmentation | None = None
    easy_positives: Share = 0.0
    label_noise: Noise = 0.0
    ablation_seed: CountFromZero = 0
    budget: Literal["epochs", "gradient_evaluations", "seconds"] = "epochs"
    seconds: Positive | None = None

    @model_validator(mode="after")
    def _sound(self) -> "Task":
        if self.positive_rate is not None and self.batch_size < 2:
            raise ValueError("positive_rate needs a batch_size of at least 2, not 1")
        refuse_binary_keys(self)
        if (self.budget == "seconds") != (self.seconds is not None):
            raise ValueError(
                "seconds must be given with budget: seconds and with no other, but budget is "
                f"{self.budget} and seconds is {'null' if self.seconds is None else self.seconds}"
            )
        return self


def _own_names(tasks: "list[Task]") -> "list[Task]":
    names = [task.name for task in tasks]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"must not hold two tasks called {name!r}: give each its own name")
    return tasks


Tasks = Annotated[list[Task], Field(min_length=1), AfterValidator(_own_names)]
"""Of one study."""
