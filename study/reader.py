"""Read a study from its ledger: finished, running or dead, without touching it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial
from sqlalchemy import URL

from study.cell import Moves
from study.database_url import shown
from study.errors import LedgerError
from study.ledger import sql as tables
from study.ledger.lease import driver
from study.ledger.patience import patiently
from study.ledger.phases import PHASES, moved_of, optuna_study, over_searches, warm_from_of
from study.ledger.standing import Standing
from study.ledger.storage import open_storage, reading_url, storage_url
from study.places import Places
from study.records import CellRecord, StudyRecord, TrialRecord

__all__ = ["read_provenance", "read_spec", "read_study", "storage_of"]


def read_study(directory: Path | str) -> StudyRecord:
    """The study in ``directory``, a path also as text, as frozen records.

    Raises:
        LedgerError: there is no study in that directory, its storage cannot be opened, or one of
            its files is damaged.
    """
    directory = Path(directory)
    spec = read_spec(directory)
    url = storage_of(directory, spec)
    storage = open_storage(reading_url(url))
    try:
        cells = patiently(lambda: _cells(storage, spec["name"]), url, patience=0.0)
        works = patiently(lambda: driver(storage, spec["name"]), url, patience=0.0)
    finally:
        storage.remove_session()
        storage.engine.dispose()
    return StudyRecord(
        name=spec["name"],
        directory=directory,
        spec=spec,
        provenance=read_provenance(directory) or {},
        cells=cells,
        driver=works,
    )


def read_spec(directory: Path) -> dict[str, Any]:
    """The resolved spec of the study in ``directory``, as plain data.

    Raises:
        LedgerError: there is none that can be read.
    """
    file = Places(directory).spec
    if not file.is_file():
        raise LedgerError(
            f"A study's directory holds study.yaml; {directory} does not. "
            "Name the directory of a study that was started with `aucstudy run`."
        )
    try:
        spec = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = str(error).partition("\n")[0]
        raise LedgerError(
            f"{file} must be the YAML that `aucstudy run` wrote, and it cannot be read "
            f"({reason}). Put a copy in its place, or run the study's spec again."
        ) from error
    if not isinstance(spec, dict) or not isinstance(spec.get("name"), str):
        raise LedgerError(
            f"{file} must be the YAML that `aucstudy run` wrote, and it names no study. Put a "
            "copy in its place, or run the study's spec again."
        )
    return spec


def read_provenance(directory: Path) -> dict[str, Any] | None:
    """What `study.provenance` gave when the study in ``directory`` began; None if it has not begun.

    Raises:
        LedgerError: the file is damaged.
    """
    file = Places(directory).provenance
    if not file.exists():
        return None
    try:
        began: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        dict(began["data"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise LedgerError(
            f"{file} must be as `aucstudy run` wrote it, and it cannot be read ({error}): put a "
            "copy in its place."
        ) from error
    return began


def storage_of(directory: Path, spec: dict[str, Any]) -> URL:
    """URL of the ledger of the study in ``directory``.

    Raises:
        LedgerError: its file is not there, or a variable of its URL is not set.
    """
    url = storage_url(directory, spec.get("storage"))
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        raise LedgerError(
            f"The ledger of the study in {directory} should be at {shown(url)}, but no file is "
            "there. Run the study, or put the file back."
        )
    return url


def _cells(storage: RDBStorage, name: str) -> tuple[CellRecord, ...]:
    """The cells of the study called ``name``, in its order."""
    prefix = f"{name}/"
    with storage.engine.connect() as connection:
        ids = tables.study_ids(connection, prefix)
        plans = tables.study_attributes(connection, "cell")
        trials = tables.trials(connection, ids.values())
    # Without a plan: a confirm study, or one whose driver died while it was created.
    cells = [
        (plans[study_id]["order"], name, study_id)
        for name, study_id in ids.items()
        if study_id in plans
    ]
    found = []
    for _, full, study_id in sorted(cells):
        cell = full.removeprefix(prefix)
        studies = {phase: ids.get(optuna_study(name, cell, phase), -1) for phase in PHASES}
        rows = {phase: trials.get(study, []) for phase, study in studies.items()}
        found.append(_cell(cell, plans[study_id], rows))
    return tuple(found)


def _cell(name: str, plan: dict[str, Any], trials: Mapping[str, list[FrozenTrial]]) -> CellRecord:
    # What a plan lacks came later than the study.
    repeats, moves = plan.get("repeats", 1), _moves(plan.get("moves"))
    seeds = plan["seeds"] // repeats
    rows = {
        phase: tuple(_trial(phase, trial, seeds) for trial in found)
        for phase, found in trials.items()
    }
    standing = Standing(rows, plan["trials"], plan["seeds"], repeats, moves)
    return CellRecord(
        id=name,
        method=plan["method"],
        task=plan["task"],
        imratio=plan["imratio"],
        run=plan["run"],
        space={param: _range(entry) for param, entry in plan["space"].items()},
        fixed=plan["fixed"],
        searches=repeats,
        planned_trials=repeats * plan["trials"],
        planned_seeds=plan["seeds"],
        selected=tuple(row.number for row in standing.selected),
        search=rows["search"],
        confirm=tuple(standing.current),
        profile=tuple(standing.profiled),
        superseded=tuple(standing.superseded),
        moves=moves,
        variant_of=plan.get("variant_of"),
        pairs=_pairs(plan.get("pairs")),
    )


def _moves(plan: dict[str, Any] | None) -> Moves | None:
    if plan is None:
        return None
    values = {name: tuple(values) for name, values in plan["values"].items()}
    return Moves(values, plan["unmoved"], plan["seeds"], plan["test"])


def _pairs(named: list[list[str]] | None) -> tuple[tuple[str, str], ...] | None:
    return None if named is None else tuple((x, y) for x, y in named)


def _range(entry: dict[str, Any]) -> dict[str, Any]:
    return dict(entry["attributes"])


def _trial(phase: str, trial: FrozenTrial, seeds: int) -> TrialRecord:
    """A row; ``seeds`` is how many confirm seeds each search of its cell has."""
    attrs = trial.user_attrs
    moved, repeat = moved_of(attrs), attrs.get("repeat", 0)
    # As plain data: who reads a study needs nothing of what trains it.
    outcome = attrs.get("outcome", {})
    return TrialRecord(
        phase=phase,
        number=trial.number,
        state=trial.state.name,
        value=trial.values[0] if trial.values else None,
        params={**trial.params, **moved},
        validations=dict(sorted(trial.intermediate_values.items())),
        origin=attrs["origin"],
        seeds=attrs["seeds"],
        reason=outcome.get("reason"),
        crashed=outcome.get("crashed", False),
        seconds=outcome.get("seconds"),
        gradient_evaluations=outcome.get("gradient_evaluations"),
        images=outcome.get("images"),
        curve=tuple(outcome.get("curve", ())),
        host=outcome.get("host"),
        device=outcome.get("device"),
        execution=outcome.get("execution"),
        peak_memory=outcome.get("peak_memory"),
        started=trial.datetime_start,
        finished=trial.datetime_complete,
        repeat=repeat,
        seed=over_searches(attrs.get("seed"), repeat, seeds),
        moved=next(iter(moved.items()), None),
        selected_from=attrs.get("selected_from"),
        warm_from=warm_from_of(attrs),
        test_auroc=outcome.get("test_auroc"),
        test_auprc=outcome.get("test_auprc"),
        test_accuracy=outcome.get("test_accuracy"),
        without=outcome.get("without"),
        predictions=outcome.get("predictions"),
        deaths=tuple(reason for _, reason in attrs.get("deaths", ())),
    )
