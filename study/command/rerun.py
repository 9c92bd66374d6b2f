"""Train one row of a ledger again, as the ledger has it, and compare."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from study.cell import trial
from study.errors import LedgerError
from study.fingerprints import weights_of
from study.ledger.rules import FINISHED
from study.provenance import versions
from study.reader import read_study
from study.records import CellRecord, StudyRecord, TrialRecord
from study.spec import before_values, data_root, load_spec
from study.words import METRICS
from trainables.config import TrialConfig
from trainables.errors import DivergedError, in_words
from trainables.files import checksum
from trainables.host_memory import keep_freed
from trainables.loop import TrainingRun

__all__ = ["Compared", "Rerun", "find_row", "rerun"]

# What decides the bits of a result; the rest of the versions decide which trial is proposed.
DECISIVE = ("torch", "torchvision", "numpy")


@dataclass(frozen=True)
class Compared:
    """One figure, as the ledger has it and as it came out again; NaN: there is none."""

    what: str
    stored: float
    again: float

    @property
    def same(self) -> bool:
        """Equal to the last bit, or missing in both."""
        return self.stored == self.again or (math.isnan(self.stored) and math.isnan(self.again))


@dataclass(frozen=True)
class Rerun:
    """What came of training a row again.

    Attributes:
        row: its id, ``<cell>/<phase>/<number>``.
        state: of the row in the ledger.
        reason: why the row had failed; None if it had not.
        again: why it failed this time; None if it did not.
        figures: validation AUROC by interval, and test AUROC and AUPRC of one that was tested.
        differences: what is not as it was when the study was made: versions, device.
    """

    row: str
    state: str
    reason: str | None
    again: str | None
    figures: tuple[Compared, ...]
    differences: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Every figure is the same to the last bit, and so is the reason of a failure."""
        return self.reason == self.again and all(figure.same for figure in self.figures)


def find_row(study: StudyRecord, name: str) -> tuple[CellRecord, TrialRecord]:
    """The row called ``name``: ``<cell>/<phase>/<number>``.

    Raises:
        LedgerError: there is no such row; the message shows names that there are.
    """
    names = []
    for cell in study.cells:
        for row in cell.rows:
            names.append(f"{cell.id}/{row.phase}/{row.number}")
            if names[-1] == name:
                return cell, row
    shown = ", ".join(names[:3]) + (f", ... ({len(names)} in all)" if len(names) > 3 else "")
    raise LedgerError(
        f"A trial is named <cell>/<phase>/<number>, as in the report and in `aucstudy export`; "
        f"the study has no {name!r}, but it has {shown or 'none yet'}."
    )


def rerun(directory: Path, name: str) -> Rerun:
    """Train the row called ``name`` of the study in ``directory`` again, in this process.

    A pruned row is trained as far as it had come. Its data are looked for where ``run`` of this
    directory would look now, which need not be where the row's machine had them. Nothing is
    written.

    Raises:
        LedgerError: there is no such study or row, the row has not reported anything yet, or the
            weights that its network began with are not the same.
        SpecError: the directory's study.yaml cannot be read as a spec.
        TrainableError: its method or data are not there any more.
    """
    study = read_study(directory)
    cell, row = find_row(study, name)
    if row.state not in FINISHED:
        raise LedgerError(
            f"A trial that is trained again must be finished; {name} is {row.state}. Let the study "
            "run on, or choose another trial."
        )
    params = {**before_values(cell.base), **cell.fixed, **row.params}
    run = {**cell.run, "data_root": str(data_root(load_spec(str(directory))))}
    config = trial(cell.base, cell.imratio, run, params, row.seeds)
    _refuse_other_weights(study, cell, config)
    torch.set_num_threads(1)
    keep_freed()
    figures, again = _train(TrainingRun(TrialConfig(**config)), row)
    return Rerun(name, row.state, row.reason, again, figures, tuple(_differences(study, cell, row)))


def _refuse_other_weights(study: StudyRecord, cell: CellRecord, config: Mapping[str, Any]) -> None:
    """A network that begins with other weights than it did is another trial."""
    file = weights_of(config)
    if file is None or not file.is_file():
        return  # none is needed, or the network itself says that it is not there
    known = study.provenance.get("weights", {}).get(cell.model, {})
    began = known.get(config["network"]["weights"], known.get(file.name))
    if began is not None and began != (now := checksum(file)):
        raise LedgerError(
            f"A trial is trained again from the weights that it began with, and {file} is another "
            f"file than it was (SHA-256 {now[:12]}..., not {began[:12]}...): put that back."
        )


def _train(run: TrainingRun, row: TrialRecord) -> tuple[tuple[Compared, ...], str | None]:
    last = max(row.validations, default=0) if row.state == "PRUNED" else run.config.intervals
    figures: list[Compared] = []
    by = run.config.select
    reason = None
    try:
        while run.interval < last:
            interval = run.train_interval()
            number = int(interval["interval"])
            stored = row.validations.get(number, math.nan)
            what = f"validation {METRICS[by]}, interval {number}"
            figures.append(Compared(what, stored, interval[f"val_{by}"]))
        if row.phase == "confirm" or row.test_auroc is not None:
            tested = run.test()
            figures += [
                Compared("test AUROC", _number(row.test_auroc), tested["test_auroc"]),
                Compared("test AUPRC", _number(row.test_auprc), tested["test_auprc"]),
                *_accuracy(row.test_accuracy, tested.get("test_accuracy")),
                *_without(row.without or {}, tested.get("without", {})),
            ]
    except DivergedError as error:
        reason = str(error)
    except Exception as error:  # noqa: BLE001  the user's own method may raise anything
        reason = in_words(error)
    return tuple(figures), reason


def _accuracy(stored: float | None, again: float | None) -> Iterator[Compared]:
    """Of a task of classes."""
    if again is not None:
        yield Compared("test accuracy", _number(stored), again)


def _without(stored: Mapping[str, float], again: Mapping[str, float]) -> Iterator[Compared]:
    """The figures without what the study's ``evaluation`` asks for."""
    for name, figure in again.items():
        metric = METRICS[name.removeprefix("test_")]
        yield Compared(f"test {metric} without evaluation", stored.get(name, math.nan), figure)


def _number(stored: float | None) -> float:
    return math.nan if stored is None else stored


def _differences(study: StudyRecord, cell: CellRecord, row: TrialRecord) -> Iterator[str]:
    before, now = study.provenance.get("versions", {}), versions()
    for name in DECISIVE:
        if before.get(name) != now[name]:
            yield f"{name} was {before.get(name)} and is {now[name]}"
    if cell.run["device"] != "cpu":
        yield "on a GPU the same trial need not give the same bits"
        # A version that did not tell how steps ran left convolutions to torch's own default.
        if cell.run.get("precision", "f32") == "f32" and row.seconds and row.execution is None:
            yield "convolutions in f32 were rounded to TF32 on a GPU, and are not any more"
    if cell.run.get("budget") == "seconds":
        yield "a budget of seconds depends on the machine"
