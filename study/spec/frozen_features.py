"""Frozen features: which methods and keys of a task are for images alone."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from study.spec.model import StudySpec, Task
from study.spec.named import FEATURES
from study.spec.sentences import Problem
from study.spec.space import fixed_params, tuned_space
from trainables.errors import DataError

if TYPE_CHECKING:
    from trainables.datasets.source import Source

__all__ = ["for_images"]

OF_IMAGES = ("cutout",)
"""Hyperparameters that change images; at 0 they do nothing."""


def for_images(spec: StudySpec, task: Task, index: int, found: "Source") -> Iterator[Problem]:
    """What of the spec cannot be done to frozen features.

    Args:
        spec: with sound names.
        task: the ``index``-th of the spec.
        found: its data set.
    """
    if task.model.name != FEATURES:
        return
    from trainables.models.features import Features

    try:
        Features.of(task.model.options).augmentation(task.augmentation, found.augmentation)
    except DataError as error:
        yield Problem(("tasks", index, "augmentation"), f"task {task.name}: {error}")
    if spec.evaluation.tta is not None:
        yield Problem(
            ("evaluation", "tta"),
            f"needs images to make copies of, and task {task.name} has frozen features: leave it "
            "out, or give that task a study of its own",
        )
    for place, variant in enumerate(spec.methods):
        searched, fixed = tuned_space(spec, variant), fixed_params(spec, variant)
        for name in OF_IMAGES:
            if name in searched or fixed.get(name):
                yield Problem(
                    ("methods", place),
                    f"task {task.name}: {variant.name}'s {name} changes images, and this task has "
                    f"frozen features: fix it by `space: {{{variant.name}: {{{name}: 0}}}}`",
                )
