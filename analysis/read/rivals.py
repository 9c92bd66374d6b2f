"""Which cells of several studies may be compared: names that keep apart what may not."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from analysis.labels import listing
from study.before import BEFORE
from study.records import CellRecord, StudyRecord, TrialRecord
from study.words import apart, setting

__all__ = ["Names", "paired", "rivals"]

_PLACES = ("data_root", "device", "execution", "compile", "channels_last")
"""What may differ between runs that compare; where seconds are the budget, only the first may."""

_CHECKSUMS = "checksums of the data"

_BOTH = "{owners} ran {methods} on the same setting: it stands once for each study."
_FIXED = "{owners} fix hyperparameters of {methods} differently: it stands once for each study."
_BASE = "{owners} mean different methods by {methods}: it stands once for each study."
_SPACE = "{owners} searched other spaces for {methods}."


class Names(NamedTuple):
    """New names by (label of the study, old name), and sentences that say why they are new."""

    new: dict[tuple[str, str], str]
    remarks: list[str]


def rivals(named: Mapping[str, StudyRecord]) -> tuple[Names, Names]:
    """Names of tasks and of methods, under which only what compares has one name.

    Args:
        named: the studies by label.
    """
    tasks = _tasks(named)
    return tasks, _methods(named, tasks)


def _tasks(named: Mapping[str, StudyRecord]) -> Names:
    """One task a protocol."""
    protocols: dict[str, dict[str, dict[str, Any]]] = {}
    for label, study in named.items():
        for cell in study.cells:
            protocols.setdefault(cell.task, {})[label] = _protocol(study, cell)
    names = Names({}, [])
    for task, by_label in protocols.items():
        groups: list[tuple[list[str], dict[str, Any]]] = []
        for label, protocol in by_label.items():
            same = [members for members, known in groups if known == protocol]
            if same:
                same[0].append(label)
            else:
                groups.append(([label], protocol))
        for members, _ in groups:
            shown = f"{task} ({', '.join(members)})" if len(groups) > 1 else task
            names.new.update({(label, task): shown for label in members})
        if len(groups) > 1:
            names.remarks.append(
                f"Task {task} was not run alike: {_differences(groups)}. It stands as "
                f"{len(groups)} tasks, and methods are compared within each of them only."
            )
    return names


def _protocol(study: StudyRecord, cell: CellRecord) -> dict[str, Any]:
    """What must be equal for two runs of a task to compare."""
    run = {**BEFORE, **cell.run}
    kept = {name: value for name, value in run.items() if name not in _PLACES}
    if kept.get("budget") == "seconds":
        kept |= {name: run[name] for name in ("device", "compile", "channels_last")}
        # On the CPU all are eager, and so are those of studies that do not say.
        on_gpu = cell.run["device"] != "cpu"
        kept["execution"] = cell.run.get("execution", "eager") if on_gpu else "eager"
    data = study.provenance.get("data")
    return kept | {
        _CHECKSUMS: data.get(cell.dataset) if isinstance(data, Mapping) else None,
    }


def _differences(groups: Sequence[tuple[list[str], dict[str, Any]]]) -> str:
    keys = dict.fromkeys(key for _, protocol in groups for key in protocol)
    said = []
    for key in keys:
        values = [protocol.get(key) for _, protocol in groups]
        if any(value != values[0] for value in values) and key == _CHECKSUMS:
            said.append(_CHECKSUMS)
        elif any(value != values[0] for value in values):
            shown = (setting(v) if isinstance(v, Mapping) else v for v in values)
            each = (f"{v} ({', '.join(m)})" for v, (m, _) in zip(shown, groups, strict=True))
            said.append(f"{key} {listing(each)}")
    return "; ".join(said)


def _methods(named: Mapping[str, StudyRecord], tasks: Names) -> Names:
    """One method a study, where two have it on one setting or fix hyperparameters differently."""
    names = Names({}, [])
    told: dict[tuple[str, str], list[str]] = {}
    cells = [(label, cell) for label, study in named.items() for cell in study.cells]
    for method in dict.fromkeys(cell.method for _, cell in cells):
        its = [(label, cell) for label, cell in cells if cell.method == method]
        owners = list(dict.fromkeys(label for label, _ in its))
        settings = {(tasks.new[label, cell.task], cell.imratio) for label, cell in its}
        facts = (
            (len(settings) < len(its), _BOTH),
            (len({cell.base for _, cell in its}) > 1, _BASE),
            (_conflict([cell for _, cell in its]), _FIXED),
            (_searched_apart([(tasks.new[label, cell.task], cell) for label, cell in its]), _SPACE),
        )
        why = next((said for holds, said in facts if holds and len(owners) > 1), "")
        split = why in (_BOTH, _BASE, _FIXED)
        names.new.update({(o, method): f"{method} ({o})" if split else method for o in owners})
        if why:
            told.setdefault((listing(owners), why), []).append(method)
    names.remarks.extend(
        why.format(owners=owners, methods=listing(methods))
        for (owners, why), methods in told.items()
    )
    return names


def _conflict(cells: Sequence[CellRecord]) -> bool:
    """One fixes a hyperparameter that another fixes at another value, or leaves at its default.

    Records do not hold defaults, and these differ between versions of a method, so that a value
    that is only fixed here counts as another one. Where the other searches it, spaces differ.
    """
    return any(
        name not in other.space and (name not in other.fixed or other.fixed[name] != value)
        for one in cells
        for name, value in one.fixed.items()
        for other in cells
    )


def _searched_apart(cells: Sequence[tuple[str, CellRecord]]) -> bool:
    """Two searched a method's hyperparameters, or a task's network's options, differently.

    Args:
        cells: of one method, each with the name of its task.
    """
    spaces = [(task, *apart(cell.space)) for task, cell in cells]
    return any(
        method != spaces[0][1] or any(task == one and options != its for one, _, its in spaces)
        for task, method, options in spaces
    )


def paired(cells: Sequence[CellRecord]) -> tuple[list[CellRecord], list[str]]:
    """The cells, with confirm rows under one seed index only if they share the data seed.

    Rows of one index are taken as pairs, which needs the same split of the data.

    Returns:
        The cells, and a sentence for each setting where indices had to change.
    """
    indices: dict[tuple[str, float | None], dict[int | None, int]] = {}
    moved: dict[tuple[str, float | None], None] = {}
    out = []
    for cell in cells:
        setting = (cell.task, cell.imratio)
        known = indices.setdefault(setting, {})
        rows = tuple(_indexed(row, known) for row in cell.confirm)
        if rows != cell.confirm:
            moved[setting] = None
        # The trials of a profile are pairs of the confirm trials.
        profile = tuple(_indexed(row, known) for row in cell.profile)
        out.append(replace(cell, confirm=rows, profile=profile))
    remarks = [
        "Confirm seeds of the studies split the data differently on "
        f"{listing(dict.fromkeys(task for task, _ in moved))}: such trials are not taken as pairs."
    ]
    return out, remarks if moved else []


def _indexed(row: TrialRecord, known: dict[int | None, int]) -> TrialRecord:
    data = row.seeds.get("data_seed")
    if data not in known:
        taken = set(known.values())
        free = row.seed if row.seed not in taken else max(taken) + 1
        known[data] = 0 if free is None else free
    return replace(row, seed=known[data])
