"""What the commands print: rich tables, made from numbers that come from elsewhere."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from study.ledger.rules import selects_by
from study.records import CellRecord, StudyRecord
from study.words import METRICS, OWN_RATIO, duration, span

if TYPE_CHECKING:
    from study.command.doctor import Finding
    from study.command.rerun import Rerun
    from study.plan.cost import StudyPlan
    from trainables.datasets.cut.part_counts import PartCount

__all__ = ["findings_table", "plan_tables", "rerun_table", "status_tables", "text_table"]

CLASSES_SHOWN = 10

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


def text_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table of plain text, in which nothing is read as markup.

    A column whose heading begins with ">" holds numbers and is set to the right.
    """
    found = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False
    )
    for column in columns:
        right = column.startswith(">")
        found.add_column(
            column.removeprefix(">"), justify="right" if right else "left", overflow="fold"
        )
    for row in rows:
        found.add_row(*(Text(str(value)) for value in row))
    return found


def rerun_table(done: "Rerun") -> Table:
    """Every figure of a trial that was trained again, beside the ledger's."""
    rows = [
        (f.what, f"{f.stored:.6f}", f"{f.again:.6f}", "same" if f.same else "differs")
        for f in done.figures
    ]
    return text_table(f"{done.row} ({done.state})", ("figure", ">ledger", ">again", ""), rows)


def plan_tables(plan: "StudyPlan", where: str, timed: str) -> list[RenderableType]:
    """What counts in the data, cells with their images, trials and cost, the sum, and what the
    study can show.

    ``where`` it runs, and what its times rest on (``timed``, a sentence).
    """
    from study.plan.prospects import ASSUMED_AUROC, prospects, setting_prospects

    profiles = any(cell.profile_trials for cell in plan.cells)
    rows = [
        (
            cell.method,
            cell.task,
            _ratio(cell.imratio),
            *(_images(part) for part in cell.parts),
            cell.search_trials,
            cell.confirm_trials,
            *([cell.profile_trials] if profiles else []),
            f"{cell.steps:,}",
            f"{cell.gradient_evaluations:,}",
            duration(cell.search_seconds) if cell.search_seconds >= 0 else "unknown",
        )
        for cell in plan.cells
    ]
    columns = (
        *("method", "task", ">imratio", ">train + -", ">validation + -", ">test + -"),
        *(">search", ">confirm", *([">profile"] if profiles else [])),
        *(">steps", ">gradient evaluations", ">a trial"),
    )
    total = (
        f"Cells: {len(plan.cells)}. Trials: {plan.trials}, {plan.slots} side by side on {where}: "
        + (f"about {duration(plan.seconds)}" if plan.seconds >= 0 else "for an unknown time")
    )
    if plan.seconds < plan.most_seconds:
        total += f" with ASHA, at most {duration(plan.most_seconds)} if it stops no trial"
    settings = setting_prospects(plan)
    labels = any(setting.label for setting in settings)
    return [
        *_data(plan),
        text_table("Cells (figures of a trial are of one that runs to its end)", columns, rows),
        Text(f"{total}. {timed}".rstrip() + "\n"),
        text_table(
            f"What the images can fix: 95 % interval of an AUROC of {ASSUMED_AUROC:g} (Hanley and "
            "McNeil)",
            (
                *("task", ">imratio", *(["label"] if labels else [])),
                *(">validation +", ">interval", ">test +", ">interval"),
            ),
            (
                (
                    setting.task,
                    _ratio(setting.imratio),
                    *([setting.label] if labels else []),
                    f"{setting.val_positives:,}",
                    span(*setting.val_interval),
                    f"{setting.test_positives:,}",
                    span(*setting.test_interval),
                )
                for setting in settings
            ),
        ),
        text_table(
            "What the study can show",
            ("claim", "", "why"),
            ((each.claim, each.answer, each.why) for each in prospects(plan)),
        ),
    ]


def _images(part: "PartCount") -> str:
    if len(part.positives) > 1:
        return f"{part.images:,}"
    return f"{part.positives[0]:,} + {part.negatives[0]:,}"


def _data(plan: "StudyPlan") -> Iterator[RenderableType]:
    """Which classes are on each side; images of each label; patients of each part; notes."""
    first = {cell.task: cell for cell in reversed(plan.cells)}
    of_classes = [
        (task, *map(_classes, data.sides)) for task, data in plan.data.items() if data.sides
    ]
    if of_classes:
        yield text_table("Classes on each side", ("task", "negative", "positive"), of_classes)
    of_labels = [
        (task, label, *(f"{p.positives[i]:,} + {p.negatives[i]:,}" for p in first[task].parts))
        for task, data in plan.data.items()
        for i, label in enumerate(data.labels)
    ]
    if of_labels:
        yield text_table(
            "Labels (images in which each is known)",
            ("task", "label", ">train + -", ">validation + -", ">test + -"),
            of_labels,
        )
    of_groups = [
        (task, *(f"{part.groups:,}" for part in first[task].parts))
        for task, data in plan.data.items()
        if data.train_groups is not None
    ]
    if of_groups:
        yield text_table(
            "Groups (patients), of which none is in two parts",
            ("task", ">train", ">validation", ">test"),
            of_groups,
        )
    if notes := [f"{task}: {note}" for task, data in plan.data.items() for note in data.notes]:
        yield Text("\n".join(notes) + "\n")


def _classes(names: Sequence[str]) -> str:
    shown = ", ".join(names[:CLASSES_SHOWN])
    more = len(names) - CLASSES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _under_way(cell: CellRecord) -> str:
    """How many trials are under way, and how much of them is trained, once it is some."""
    running = [len(row.validations) for row in cell.running]
    share = sum(running) / (len(running) * cell.intervals) if running else 0.0
    return f"{len(running)} ({share:.0%})" if share else f"{len(running)}"


def status_tables(study: StudyRecord, waits_for: str | None = None) -> list[RenderableType]:
    """How far each cell is, and what a driver that is at work waits for, if it does."""
    profiles = any(cell.moves is not None for cell in study.cells)
    rows = []
    for cell in study.cells:
        at = cell.standing
        profile = [f"{at.profile_done}/{at.profile_done + at.profile_left}"] if profiles else []
        counted = (*cell.search, *cell.confirm, *cell.profile)
        rows.append(
            (
                cell.method,
                cell.task,
                _ratio(cell.imratio),
                f"{at.search_done}/{cell.planned_trials}",
                sum(row.state == "PRUNED" for row in cell.search),
                sum(row.state == "FAIL" for row in counted),
                f"{at.confirm_done}/{cell.planned_seeds}",
                *profile,
                _under_way(cell),
                _best(cell),
            )
        )
    columns = (
        *("method", "task", ">imratio", ">search", ">pruned", ">failed", ">confirm"),
        *([">profile"] if profiles else []),
        *(">under way", f">best validation {selected_by(study.cells)}"),
    )
    standings = [cell.standing for cell in study.cells]
    done = sum(standing.done for standing in standings)
    planned = sum(standing.planned for standing in standings)
    if study.driver:
        state = f"At work: {study.driver}."
        if waits_for:
            state += f" It waits for {waits_for}."
    elif not all(cell.standing.finished for cell in study.cells):
        state = f"Nobody works on it; to go on: aucstudy run {study.directory}"
    else:
        state = ""
    return [
        text_table(f"{study.name} in {study.directory}", columns, rows),
        Text(f"{done} of {planned} trials are finished. {state}".rstrip()),
    ]


def findings_table(findings: Iterable["Finding"]) -> Table:
    """The doctor's findings, a verdict each."""
    found = text_table("", ("", "what", "found", "what to do"), ())
    for each in findings:
        verdict = Text(each.verdict, style=COLOURS[each.verdict])
        found.add_row(verdict, Text(each.what), Text(each.found), Text(each.advice))
    return found


def _ratio(imratio: float | None) -> str:
    return OWN_RATIO if imratio is None else f"{imratio:g}"


def selected_by(cells: Sequence[CellRecord]) -> str:
    """What the searches select by, in words; the same in all cells of a study."""
    return METRICS[selects_by(cells[0].run if cells else {})]


def _best(cell: CellRecord) -> str:
    values = [row.value for row in cell.search if row.value is not None]
    return f"{max(values):.4f}" if values else "-"
