"""Driver, reader, status and report agree on where a cell stands, whatever happened to its rows."""

from dataclasses import replace
from pathlib import Path

import yaml

from study.ledger import CellLedger, Ledger
from study.reader import read_study
from study.records import CellRecord
from study.rows import Outcome
from study.storage import open_storage
from tests.study.conftest import CELL


def opened(folder: Path, **plan: object) -> CellLedger:
    storage = open_storage(f"sqlite:///{folder / 'study.db'}")
    (cell,) = Ledger(storage, "s", [replace(CELL, sampler="random", **plan)]).cells.values()  # type: ignore[arg-type]
    return cell


def read(folder: Path) -> CellRecord:
    (folder / "study.yaml").write_text(yaml.safe_dump({"name": "s", "storage": None}))
    (cell,) = read_study(folder).cells
    return cell


def test_nothing_is_selected_while_a_replacement_is_to_come(tmp_path: Path) -> None:
    driver = opened(tmp_path, trials=2)
    first, second = driver.next_search(), driver.next_search()
    assert first is not None
    assert second is not None
    driver.tell(first, "COMPLETE", Outcome(curve=[{"interval": 9, "val_auroc": 0.8}]))
    driver.tell(second, "FAIL", Outcome(reason="a worker died", crashed=True))
    assert not driver.search_over
    assert read(tmp_path).selected is None
