"""What the provenance says of each task's data: classes, labels, and the images of every part."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from analysis import labels
from analysis.results import Results

__all__ = ["Part", "TaskData", "task_data"]


class Part(NamedTuple):
    """The training, validation or test images of a task at one imbalance ratio.

    Attributes:
        ratio: as the report shows it.
        name: "train", "validation" or "test".
        images: how many.
        positives, negatives: of each label, where it is known; one number in a task of one.
        groups: that the images come in; None: in none.
    """

    ratio: str
    name: str
    images: int
    positives: tuple[int, ...]
    negatives: tuple[int, ...]
    groups: int | None


class TaskData(NamedTuple):
    """One task.

    Attributes:
        task: its name, of several studies behind that of the study.
        negatives, positives: names of the classes on each side; none of a task of several labels.
        labels: names of several labels.
        notes: sentences on the data.
        parts: ratio by ratio.
    """

    task: str
    negatives: tuple[str, ...]
    positives: tuple[str, ...]
    labels: tuple[str, ...]
    notes: tuple[str, ...]
    parts: tuple[Part, ...]


def task_data(results: Results) -> list[TaskData]:
    """Every task that the provenance describes; that of older studies describes none."""
    provenance = results.study.provenance
    if not results.origins:
        return [*_tasks("", provenance)]
    found: list[TaskData] = []
    for study, own in provenance.items():
        found += _tasks(f"{study}: ", own) if isinstance(own, Mapping) else []
    return found


def _tasks(before: str, provenance: Mapping[str, Any]) -> Iterator[TaskData]:
    described = provenance.get("tasks")
    for task, said in described.items() if isinstance(described, Mapping) else ():
        # A file that somebody has changed hides a task at worst.
        try:
            yield _task(f"{before}{task}", said)
        except (AttributeError, KeyError, TypeError, ValueError):
            continue


def _task(name: str, said: Mapping[str, Any]) -> TaskData:
    parts = tuple(
        Part(
            labels.ratio(None if ratio == "natural" else float(ratio)),
            str(part),
            int(found["images"]),
            _counts(found["positives"]),
            _counts(found["negatives"]),
            None if found.get("groups") is None else int(found["groups"]),
        )
        for ratio, each in said.get("parts", {}).items()
        for part, found in each.items()
    )
    negatives, positives, names, notes = (
        tuple(map(str, said.get(key) or ())) for key in TaskData._fields[1:5]
    )
    if any({len(p.positives), len(p.negatives)} != {max(1, len(names))} for p in parts):
        raise ValueError("a part must have counts of each label")
    return TaskData(name, negatives, positives, names, notes, parts)


def _counts(numbers: Any) -> tuple[int, ...]:
    return tuple(map(int, numbers)) if isinstance(numbers, list) else (int(numbers),)
