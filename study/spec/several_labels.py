"""Several labels or classes: which methods and keys of a task are for one label alone."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from study.spec.model import StudySpec, Task
from study.spec.sentences import Problem
from study.spec.space import fixed_params
from trainables.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["for_one_label"]

KEYS = ("positive_rate", "easy_positives")


def for_one_label(
    spec: StudySpec, task: Task, index: int, labels: Sequence[str], targets: "Tensor"
) -> Iterator[Problem]:
    """What of the spec cannot do with the labels of a task's data set.

    Args:
        spec: with sound names.
        task: the ``index``-th of the spec.
        labels: names of the labels, or of the classes of a task with ``long_tail``; none where the
            set has classes that are two sides.
        targets: of the training images, (N, L).
    """
    from trainables.methods import METHODS
    from trainables.names import resolve

    if not labels:
        return
    for key in KEYS:
        if getattr(task, key):
            yield Problem(
                ("tasks", index, key),
                f"{key} is for one label, not for the {len(labels)} of {task.dataset.shown}: leave "
                "it out, or name one in the data set's `labels`",
            )
    soft = bool(((targets > 0) & (targets < 1)).any())
    able: list[str] = []
    refused: dict[int, str] = {}
    for place, variant in enumerate(spec.methods):
        method = resolve("method", METHODS, variant.method)(**fixed_params(spec, variant))
        try:
            method.refuse_labels(len(labels), soft, task.long_tail is not None)
            able.append(variant.name)
        except DataError as error:
            refused[place] = str(error).removesuffix(".")
    others = f"{', '.join(able)} can" if able else "none can (see `aucstudy list methods`)"
    for place, sentence in refused.items():
        yield Problem(
            ("methods", place), f"task {task.name}: {sentence}; of the study's methods {others}"
        )
