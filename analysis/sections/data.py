"""The data of every task: which images are positive, and how many each part has."""

import pandas as pd

from analysis import labels
from analysis.findings import Findings
from analysis.labels import listing
from analysis.read.tasks import Part, TaskData, task_data
from analysis.write.blocks import Block, Note, Prose, Section, Table, TableCell, TableColumn
from analysis.write.cells import number
from study.words import plural

__all__ = ["section"]

PARTS = ("train", "validation", "test")


def section(findings: Findings) -> Section | None:
    """None of a study whose provenance does not say, being of an earlier version."""
    tasks = task_data(findings.results)
    if not tasks:
        return None
    blocks: list[Block] = [
        Prose(
            "What counts as positive, and how many images each part has. Where a cut hangs on "
            "groups or on several labels, the counts of training and validation are those of one "
            "data seed, near those of all. Images of one group, such as a patient, lie on one side "
            "of every cut."
        ),
        *(Prose(_sides(task)) for task in tasks),
    ]
    notes = [f"{task.task}: {note}" for task in tasks for note in task.notes]
    if notes:
        blocks.append(Note(notes))
    if any(task.parts for task in tasks):
        blocks.append(_parts(tasks))
    if any(len(part.positives) > 1 for task in tasks for part in task.parts):
        blocks.append(_labels(tasks))
    return Section("data", "Data", blocks, plural(len(tasks), "task"))


def _sides(task: TaskData) -> str:
    if len(task.labels) > 1:
        return (
            f"{task.task}: {plural(len(task.labels), 'label')} ({listing(task.labels)}), each "
            "positive where it is 1; entries that are not known are left out, label by label."
        )
    label = f" of the label {task.labels[0]}" if task.labels else ""
    return (
        f"{task.task}: positive{label}: {listing(task.positives) or labels.MISSING}; negative: "
        f"{listing(task.negatives) or labels.MISSING}."
    )


def _parts(tasks: list[TaskData]) -> Table:
    every = [(task, part) for task in tasks for part in task.parts]
    grouped = any(part.groups is not None for _, part in every)
    single = any(len(part.positives) == 1 for _, part in every)
    rows = [
        [
            TableCell(task.task, mark="key"),
            TableCell(part.ratio, mark="key"),
            TableCell(part.name, mark="row"),
            TableCell(f"{part.images:,}", part.images),
            *(_positives(part) if single else []),
            *([_groups(part)] if grouped else []),
        ]
        for task, part in every
    ]
    columns = [
        TableColumn("Task"),
        TableColumn("Imratio"),
        TableColumn("Part"),
        TableColumn("Images", True),
        *([TableColumn("Positives", True), TableColumn("Share", True)] if single else []),
        *([TableColumn("Groups", True, "such as patients")] if grouped else []),
    ]
    data = pd.DataFrame(
        [(task.task, *part) for task, part in every], columns=["task", *Part._fields]
    )
    return Table("data", "Images of each part.", columns, rows, data)


def _positives(part: Part) -> list[TableCell]:
    """How many and which share; by label they are in a table of their own."""
    if len(part.positives) != 1:
        return [TableCell("by label"), TableCell(labels.MISSING)]
    (count,) = part.positives
    share = count / part.images if part.images else float("nan")
    return [TableCell(f"{count:,}", count), number(share, "{:.4f}".format)]


def _groups(part: Part) -> TableCell:
    return number(float("nan") if part.groups is None else part.groups, "{:,.0f}".format)


def _labels(tasks: list[TaskData]) -> Table:
    rows, data = [], []
    for task in tasks:
        if len(task.labels) < 2:
            continue
        for ratio in dict.fromkeys(part.ratio for part in task.parts):
            here = [part for part in task.parts if part.ratio == ratio]
            counted = (zip(part.positives, part.negatives, strict=True) for part in here)
            for label, *counts in zip(task.labels, *counted, strict=True):
                of = dict(zip((part.name for part in here), counts, strict=True))
                numbers = [of.get(name, (None, None)) for name in PARTS]
                data.append((task.task, ratio, label, *(each for two in numbers for each in two)))
                rows.append(
                    [
                        TableCell(task.task, mark="key"),
                        TableCell(ratio, mark="key"),
                        TableCell(label, mark="row"),
                        *map(_known, numbers),
                    ]
                )
    columns = [
        TableColumn("Task"),
        TableColumn("Imratio"),
        TableColumn("Label"),
        *(TableColumn(name.capitalize(), True, "positives, of known images") for name in PARTS),
    ]
    names = [f"{part}_{what}" for part in PARTS for what in ("positives", "negatives")]
    frame = pd.DataFrame(data, columns=["task", "ratio", "label", *names])
    caption = "Positives of each label and part, of the images for which it is known."
    return Table("data-labels", caption, columns, rows, frame)


def _known(counts: tuple[int | None, int | None]) -> TableCell:
    positives, negatives = counts
    if positives is None or negatives is None:
        return TableCell(labels.MISSING)
    return TableCell(f"{positives:,}", positives, note=f"of {positives + negatives:,}")
