"""A study that searches options of its network: trained here, row by row, through the ledger."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from optuna.distributions import IntDistribution

from analysis.results import load
from analysis.search import sensitivity
from study.cells import cells
from study.command.rerun import rerun
from study.fingerprints import fingerprints
from study.ledger.ledger import Ledger
from study.ledger.rows import Row
from study.provenance import provenance
from study.reader import read_study
from study.spec import dump, load_spec
from tests.study.ledger.conftest import Open
from trainables.config import Outcome, TrialConfig
from trainables.loop import TrainingRun

SPEC: dict[str, Any] = {
    "name": "s",
    "methods": ["ce"],
    "tasks": [
        {
            "name": "digits",
            "dataset": "digits",
            "model": "tests.study.odd_networks:wide",
            "epochs": 1,
            "batch_size": 256,
        }
    ],
    "imratios": [0.3, 0.1],
    "search": {"trials": 4, "random_trials": 2, "pruner": "none", "warm_start": True},
    "confirm": {"seeds": 1},
    "profile": {"values": {"model.drop_rate": [0, 0.9]}, "seeds": 1},
    "space": {
        "ce": {"weight_decay": 0},
        "model": {"width": {"low": 3, "high": 9}, "drop_rate": {"low": 0.1, "high": 0.4}},
    },
}
WIDTH, DROP = "model.width", "model.drop_rate"


class Study:
    """A study in a folder, whose driver may die between any two rows."""

    def __init__(self, folder: Path, open_it: Open, sampler: str) -> None:
        search = {**SPEC["search"], "sampler": sampler}
        places = {"directory": str(folder / "s"), "data_root": str(folder)}
        file = folder / "spec.yaml"
        file.write_text(yaml.safe_dump({**SPEC, **places, "search": search}))
        self.cells = cells(load_spec(str(file)))
        self.directory, self._open = folder / "s", open_it
        self.directory.mkdir()
        (self.directory / "study.yaml").write_text(dump(load_spec(str(file))))
        kept = json.dumps(provenance(fingerprints(self.cells)))
        (self.directory / "provenance.json").write_text(kept)

    def ledger(self) -> Ledger:
        return Ledger(self._open(f"sqlite:///{self.directory / 'study.db'}"), "s", self.cells)

    def run(self, rows: int) -> Iterator[tuple[Row, TrainingRun]]:
        """The next so many rows, by a driver that was just started."""
        ledger = self.ledger()
        for _ in range(rows):
            for cell in ledger.cells.values():
                row = cell.next_search() or cell.next_confirm() or cell.next_profile()
                if row is None:
                    continue
                run = TrainingRun(TrialConfig(**cell.cell.trial(row.params, row.seeds)))
                cell.report(row, {1: run.train_interval()["val_auroc"]})
                tested = run.test() if row.phase == "confirm" else {}
                auroc, auprc = (tested.get(f"test_{name}") for name in ("auroc", "auprc"))
                cell.tell(row, "COMPLETE", Outcome(test_auroc=auroc, test_auprc=auprc))
                yield row, run
                break
            else:
                return


@pytest.mark.parametrize("sampler", ["random", "tpe", "gp"])
def test_each_row_trains_the_network_that_it_says(
    tmp_path: Path, open_it: Open, sampler: str
) -> None:
    study = Study(tmp_path, open_it, sampler)
    done = [*study.run(3), *study.run(100)]
    for row, run in done:
        assert set(row.params) == {"lr", WIDTH, DROP}
        assert run._model.head.in_features == row.params[WIDTH]
        (dropout,) = (each for each in run._model.modules() if hasattr(each, "p"))
        assert dropout.p == row.params[DROP]
        assert run.config.params == {"weight_decay": 0, "lr": row.params["lr"]}
    assert study.ledger().finished
    searched = [row for row, _ in done if row.phase == "search"]
    assert len(searched) == 8
    assert all(type(row.params[WIDTH]) is int for row in searched)
    assert all(3 <= row.params[WIDTH] <= 9 and 0.1 <= row.params[DROP] <= 0.4 for row in searched)
    assert len({row.params[WIDTH] for row in searched}) > 1
    # The second cell begins with what the first one found.
    origins = [[row.origin for row in cell.search] for cell in read_study(study.directory).cells]
    assert origins[0] == ["random", "random", sampler, sampler]
    assert origins[1].count("warm-started") == 2


def test_what_is_said_of_it_afterwards(tmp_path: Path, open_it: Open) -> None:
    study = Study(tmp_path, open_it, "random")
    rows = [row for row, _ in study.run(100)]
    read = read_study(study.directory).cells[0]
    assert read.space[WIDTH] == {"low": 3, "high": 9, "log": False, "step": 1}
    assert study.cells[0].space[WIDTH] == IntDistribution(3, 9)
    moved = [row for row in rows if row.phase == "profile"]
    assert {row.moved for row in moved} == {(DROP, 0.0), (DROP, 0.9)}
    for row in (read.search[0], read.confirm[0], read.profile[0]):
        done = rerun(study.directory, f"{read.id}/{row.phase}/{row.number}")
        assert done.same
        assert done.again is None
    results = load(study.directory)
    assert results.trials[f"params_{WIDTH}"].tolist() == [
        row.params[WIDTH] for cell in results.study.cells for row in cell.search
    ]
    points = sensitivity.points(results)
    assert set(points["hyperparameter"]) == {"lr", WIDTH, DROP}
