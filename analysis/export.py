"""A study's frames as files that any tool reads: CSV and Parquet, with a word on every column."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from analysis import columns
from analysis.compare import budget
from analysis.compare.delong import placements
from analysis.compare.diagnostics import points
from analysis.ensembles.ensembles import ensembles, table
from analysis.errors import AnalysisError
from analysis.files import replaced, write_text
from analysis.images.classes import OF_CLASSES
from analysis.images.metrics import whole
from analysis.images.predictions import Predictions, load_predictions
from analysis.results import Results, load
from analysis.search.curves import label_points
from study.words import METRICS, OPTION

__all__ = ["KINDS", "export", "frames"]

KINDS = ("csv", "parquet")
"""Kinds of files that an export can have."""

README = """# Results of {study}

| frame | rows | what a row is |
|---|---:|---|
{frames}

`columns.csv` says what each column holds. Rows are joined by `trial` (`<cell>/<phase>/<number>`)
and `cell`. Times are in seconds. In CSV a missing value is empty.

```python
import pandas as pd

confirm = pd.read_{kind}("confirm.{kind}")
print(confirm.groupby(["method", "task", "ratio"]).test_auroc.agg(["mean", "std", "count"]))
```
"""


def export(directory: Path, folder: Path, kinds: Sequence[str] = KINDS) -> list[str]:
    """Write every frame of the study in ``directory``, ``columns.csv`` and a README to ``folder``.

    Args:
        directory: the study's.
        folder: where to write; made if it is not there.
        kinds: of files, from ``KINDS``.

    Returns:
        A sentence for each confirm trial whose predictions cannot be read; they are left out.

    Raises:
        study.errors.StudyError: the directory holds no study that can be read.
        AnalysisError: the folder cannot be written.
    """
    results = load(directory)
    tables, unread = frames(results)
    try:
        for name, table in tables.items():
            for kind in kinds:
                with replaced(folder / f"{name}.{kind}") as path:
                    _WRITERS[kind](table, path)
        write_text(folder / "columns.csv", _documented(tables).to_csv(index=False))
        write_text(folder / "README.md", _readme(results.study.name, tables, kinds[0]))
    except OSError as error:
        raise AnalysisError(
            f"An export needs a folder that can be written; {folder} gave: {error}. "
            "Make room, or name another with --out."
        ) from error
    return unread


def frames(results: Results) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Every frame of ``columns.FRAMES`` by name, and a sentence for each file that is missing.

    Columns ``params_<name>`` of trials hold numbers, or text where a choice is not a number.
    """
    kept, unread = _kept(results)
    made = {
        "cells": results.cells,
        "trials": results.trials.apply(_uniform),
        "confirm": results.confirm,
        "profile": results.profile.assign(
            moved_to=results.profile["moved_to"].map(str).astype(object)
        ),
        "superseded": results.superseded,
        "curves": results.curves,
        "label_curves": columns.frame(label_points(results), columns.LABEL_CURVES),
        "diagnostics": points(results),
        "budget": budget.by_cell(results)[list(columns.BUDGET)].astype(
            {name: column.dtype for name, column in columns.BUDGET.items()}
        ),
        "metrics": _metrics(results, kept),
        "ensembles": table(ensembles(results).lines),
        "predictions": _scores(kept),
    }
    return {name: made[name] for name in columns.FRAMES}, unread


def _kept(results: Results) -> tuple[dict[str, Predictions], list[str]]:
    """Predictions by confirm trial, and a sentence for each trial whose file cannot be read."""
    found, unread = {}, []
    named = results.confirm[results.confirm["predictions"].notna()]
    for trial, cell, row in zip(named["trial"], named["cell"], named["number"], strict=True):
        try:
            # Embeddings are not exported, and take room.
            found[trial] = replace(load_predictions(results, cell, row), embeddings=None)
        except AnalysisError as error:
            unread.append(str(error))
    return found, unread


def _metrics(results: Results, kept: Mapping[str, Predictions]) -> pd.DataFrame:
    """Every metric of every trial with predictions, one row a trial (``columns.METRICS``)."""
    names = [name for name in METRICS if name != "auroc"]
    confirm = results.confirm.set_index("trial")
    rows = []
    for trial, said in kept.items():
        aurocs = {"": confirm["test_auroc"][trial]} | {
            label: float(placements(own.scores, own.targets).auroc[0])
            for label, _, own in said.by_label
            if label
        }
        for label, found in whole(said).metrics(names).items():
            values = {name: each[0] for name, each in found.items()}
            own = {"trial": trial, "cell": confirm["cell"][trial], "label": label}
            own |= dict.fromkeys(OF_CLASSES, np.nan)
            rows.append(own | values | {"auroc": aurocs[label]})
    return columns.frame(rows, columns.METRICS)


def _scores(kept: Mapping[str, Predictions]) -> pd.DataFrame:
    """Test scores of every trial with predictions, one row an image and label
    (``columns.PREDICTIONS``)."""
    parts = [part for trial, said in kept.items() for part in _of_trial(trial, said)]
    if not parts:
        return columns.frame([], columns.PREDICTIONS)
    names = {
        name: pd.api.types.union_categoricals([part[name] for part in parts])
        for name in ("trial", "label")
    }
    return pd.concat(parts, ignore_index=True).assign(**names)


def _of_trial(trial: str, said: Predictions) -> Iterator[pd.DataFrame]:
    count = len(said.scores)
    scores, targets = said.scores.reshape(count, -1), said.targets.reshape(count, -1)
    groups = np.full(count, np.nan) if said.groups is None else said.groups.astype(float)
    for label, score, target in zip(said.labels or [""], scores.T, targets.T, strict=True):
        yield pd.DataFrame(
            {
                "trial": pd.Categorical([trial]).repeat(count),
                "image": np.arange(count, dtype="int32"),
                "label": pd.Categorical([label]).repeat(count),
                "group": groups,
                "target": np.where(np.isnan(target.astype(float)), -1, target).astype("int8"),
                "score": score.astype("float32"),
            }
        )


def _uniform(column: pd.Series) -> pd.Series:
    """A column of several kinds (of a choice between, say, 1 and "auto") as text."""
    if not str(column.name).startswith("params_") or pd.api.types.is_numeric_dtype(column.dtype):
        return column
    return column.astype(object).map(str, na_action="ignore").astype(object)


def _csv(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False)


def _parquet(table: pd.DataFrame, path: Path) -> None:
    # Named types, so that a column without any value has the type of one that has some.
    named = {"object": pa.string(), "category": pa.dictionary(pa.int32(), pa.string())}
    schema = pa.schema(
        [
            (name, named.get(str(dtype)) or pa.from_numpy_dtype(dtype))
            for name, dtype in table.dtypes.items()
        ]
    )
    pq.write_table(pa.Table.from_pandas(table, schema=schema, preserve_index=False), path)


_WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {"csv": _csv, "parquet": _parquet}


def _documented(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a column of a frame: frame, column, dtype, meaning."""
    rows = [
        (name, column, str(dtype), _meaning(name, str(column)))
        for name, table in tables.items()
        for column, dtype in table.dtypes.items()
    ]
    return pd.DataFrame(rows, columns=["frame", "column", "dtype", "meaning"])


def _meaning(frame: str, column: str) -> str:
    known = columns.FRAMES[frame][1]
    if column in known:
        return known[column].text
    name = column.removeprefix("params_")
    what = f"the network's option {name}" if name.startswith(OPTION) else f"hyperparameter {name}"
    return f"{what}; missing where it is not tuned, or null (see chosen_null)"


def _readme(study: str, tables: dict[str, pd.DataFrame], kind: str) -> str:
    lines = [f"| {name} | {len(t)} | {columns.FRAMES[name][0]} |" for name, t in tables.items()]
    # A name stands in a heading: one line of plain text.
    name = " ".join(study.replace("<", "&lt;").split())
    return README.format(study=name, frames="\n".join(lines), kind=kind)
