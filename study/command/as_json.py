"""What ``--json`` prints: plain data of what the tables show; docs/json.md says every key."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from study.ledger.rules import selects_by
from study.records import CellRecord, StudyRecord

if TYPE_CHECKING:
    from study.command.doctor import Finding
    from study.plan.cost import StudyPlan
    from study.plan.images import Labels
    from trainables.datasets.cut.part_counts import PartCount

__all__ = ["findings_data", "plan_data", "status_data", "text"]


def text(data: object) -> str:
    """``data`` as JSON on indented lines; what is not finite is null, as JSON has no NaN."""
    return json.dumps(_plain(data), indent=2, allow_nan=False)


def _plain(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value


def plan_data(name: str, plan: "StudyPlan", machine: str, timed: str) -> dict[str, object]:
    """Of ``aucstudy plan``: cells, cost, and what the study will be able to show.

    Args:
        name: of the study.
        plan: the numbers.
        machine: for which it is planned.
        timed: what its times rest on, a sentence.
    """
    from study.plan.prospects import prospects, setting_prospects

    return {
        "study": name,
        "machine": machine,
        "timed": timed,
        "trials": plan.trials,
        "slots": plan.slots,
        "seconds": plan.seconds,
        "most_seconds": plan.most_seconds,
        "cells": [
            asdict(cell)
            | {
                name: _part(part)
                for name, part in zip(("train", "val", "test"), cell.parts, strict=True)
            }
            for cell in plan.cells
        ],
        "data": [_data(task, labels) for task, labels in plan.data.items()],
        "settings": setting_prospects(plan),
        "claims": prospects(plan),
    }


def _part(part: "PartCount") -> dict[str, object]:
    """Counts are numbers, of several labels lists."""
    several = len(part.positives) > 1
    return {
        "images": part.images,
        "positives": part.positives if several else part.positives[0],
        "negatives": part.negatives if several else part.negatives[0],
        "groups": part.groups,
    }


def _data(task: str, labels: "Labels") -> dict[str, object]:
    negatives, positives = labels.sides or (None, None)
    return {
        "task": task,
        "negatives": negatives,
        "positives": positives,
        "labels": labels.labels,
        "notes": labels.notes,
    }


def status_data(study: StudyRecord, waits_for: str | None = None) -> dict[str, object]:
    """Of ``aucstudy status``: how far the study and each of its cells is."""
    return {
        "study": study.name,
        "directory": study.directory,
        "finished": all(cell.standing.finished for cell in study.cells),
        "trials": sum(cell.standing.planned for cell in study.cells),
        "done": sum(cell.standing.done for cell in study.cells),
        "driver": study.driver,
        "waits_for": waits_for if study.driver else None,
        "cells": [_cell(cell) for cell in study.cells],
    }


def _cell(cell: CellRecord) -> dict[str, Any]:
    at = cell.standing
    counted = (*cell.search, *cell.confirm, *cell.profile)
    values = [row.value for row in cell.search if row.value is not None]
    return {
        "cell": cell.id,
        "method": cell.method,
        "base": cell.base,
        "task": cell.task,
        "imratio": cell.imratio,
        "search": {"planned": cell.planned_trials, "done": at.search_done},
        "confirm": {"planned": cell.planned_seeds, "done": at.confirm_done},
        "profile": {"planned": at.profile_done + at.profile_left, "done": at.profile_done},
        "pruned": sum(row.state == "PRUNED" for row in cell.search),
        "failed": sum(row.state == "FAIL" for row in counted),
        "running": len(cell.running),
        "intervals": cell.intervals,
        "intervals_under_way": sum(len(row.validations) for row in cell.running),
        "selects_by": selects_by(cell.run),
        "best_value": max(values, default=None),
    }


def findings_data(findings: "Iterable[Finding]") -> dict[str, object]:
    """Of ``aucstudy doctor``."""
    found = list(findings)
    return {"fit": all(each.verdict != "fail" for each in found), "findings": found}
