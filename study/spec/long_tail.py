"""Tasks of long-tailed classes: which keys of a task, and which of the study, do not suit them."""

from typing import TYPE_CHECKING

from study.words import setting

if TYPE_CHECKING:
    from study.spec.model import StudySpec
    from study.spec.task import Task

__all__ = ["refuse_binary_keys", "refuse_unsuited"]

BINARY = ("positive_rate", "easy_positives", "label_noise")
"""Keys of a task that need one label."""

OF_CLASSES = frozenset({"accuracy", "hand_till"})
"""Metrics of tasks of classes alone."""


def refuse_binary_keys(task: "Task") -> None:
    """Do nothing if the task has no ``long_tail``, or no key for one label; else ValueError."""
    for key in BINARY if task.long_tail is not None else ():
        if getattr(task, key):
            raise ValueError(
                f"{key} is for one label, not for the classes of a task with long_tail: leave one "
                "of the two out"
            )


def refuse_unsuited(spec: "StudySpec") -> None:
    """Do nothing if tasks of classes have no imratio, and what is only for them meets no other.

    Raises:
        ValueError: it is not so.
    """
    for task in spec.tasks:
        ratios = task.imratios or spec.imratios
        if task.long_tail is not None and ratios != [None]:
            raise ValueError(
                f"a task with long_tail has no imratio, but task {task.name} has "
                f"{', '.join(map(setting, ratios))}: write imratios: [null], in the task if others "
                "have an imratio"
            )
    others = [task.name for task in spec.tasks if task.long_tail is None]
    if spec.select == "accuracy" and others:
        raise ValueError(
            f"select: accuracy is for tasks of classes, with long_tail, but task {others[0]} has "
            "none: select by auroc or auprc"
        )
    unmet = [metric for metric in spec.metrics if metric in OF_CLASSES]
    if unmet and len(others) == len(spec.tasks):
        raise ValueError(
            f"metrics must suit a task, and {unmet[0]} is for tasks of classes, with long_tail, of "
            "which there is none: leave it out"
        )
