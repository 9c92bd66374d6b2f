"""The YAML and the Python of the README and the guide work as they stand there."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from study.cells import cells
from study.errors import SpecError
from study.ledger.ledger import Ledger
from study.ledger.storage import open_storage
from study.spec import check_environment, parse_spec
from tests.guide.pages import PAGES, blocks, module, page, spec_of, text_of
from tests.study.conftest import CELL
from trainables.config import Outcome, TrialConfig
from trainables.loop import TrainingRun

MODULES = ("squares", "smooth", "tiny_net")
YAML = [(path.name, block) for path in PAGES for block in blocks(path.read_text(), "yaml")]


@pytest.fixture
def _modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in MODULES:
        module(name, tmp_path, monkeypatch)


def shown(block: str) -> list[dict[str, Any]]:
    """The specs that a block means: whole, or in the smallest one, or in its task one by one."""
    content = yaml.safe_load(block)
    if isinstance(content, dict):
        return [content if "name" in content else spec_of(**content)]
    (kind,) = re.findall(r"^# (dataset|model): one of$", block, re.MULTILINE)
    (task,) = spec_of()["tasks"]
    return [spec_of(tasks=[{**task, kind: each}]) for each in content]


@pytest.mark.usefixtures("_modules")
@pytest.mark.parametrize(("name", "block"), YAML, ids=[name for name, _ in YAML])
def test_a_spec_is_one(name: str, block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUCSTUDY_STORAGE", "postgresql://user@host/database")
    if block.startswith("# refused"):
        (said,) = [text for text in blocks(page(name), "text") if text.startswith("imratios")]
        with pytest.raises(SpecError) as refused:
            parse_spec(yaml.safe_load(block))
        assert str(refused.value).endswith(said.strip())
        return
    for content in shown(block):
        assert cells(parse_spec(content))


def test_options_of_networks_are_searched() -> None:
    """On the network that has them, and nowhere else."""
    (block,) = [text for text in blocks(page("3"), "yaml") if "drop_rate" in text]
    searched = cells(parse_spec(spec_of(**yaml.safe_load(block))))
    assert ["model.drop_rate" in cell.space for cell in searched] == [True, False]
    assert {cell.run["network"]["freeze"] for cell in searched} == {"features"}


def test_networks_of_metadata_are_known_with_their_options() -> None:
    """By a study whose data have metadata; its networks are built and take a step."""
    (block,) = [text for text in blocks(page("2"), "yaml") if "branch: joint" in text]
    (task,) = spec_of()["tasks"]
    for model in yaml.safe_load(block):
        own = {**task, "dataset": "tests.trainables.metadata:read", "model": model}
        check_environment(parse_spec(spec_of(tasks=[own], imratios=[None])))


def train(tmp_path: Path, **changes: Any) -> float:
    """Validation AUROC after a trial of one interval, planned and refused as a study's."""
    asked: dict[str, Any] = {
        "method": "ce",
        "dataset": "digits",
        "model": "mlp",
        "data": {},
        "network": {},
    }
    asked |= changes
    task = {
        "dataset": {"name": asked["dataset"], **asked["data"]},
        "model": {"name": asked["model"], **asked["network"]},
        "epochs": 4,
    }
    check_environment(parse_spec(spec_of(methods=[asked["method"]], tasks=[task])))
    run = TrainingRun(
        TrialConfig(
            **asked,
            imratio=0.2,
            epochs=4,
            batch_size=32,
            intervals=1,
            data_root=str(tmp_path),
            data_seed=0,
            init_seed=1,
            order_seed=2,
        )
    )
    return run.train_interval()["val_auroc"]


@pytest.mark.usefixtures("_modules")
def test_the_data_set_of_ones_own_trains(tmp_path: Path) -> None:
    options = {"contrast": 60, "positives": ["square"]}
    assert train(tmp_path, dataset="squares:read_squares", model="small_cnn", data=options) > 0.9


@pytest.mark.usefixtures("_modules")
def test_the_method_of_ones_own_trains(tmp_path: Path) -> None:
    assert train(tmp_path, method="smooth:Smooth") > 0.6


@pytest.mark.usefixtures("_modules")
def test_the_network_of_ones_own_trains(tmp_path: Path) -> None:
    narrow = train(tmp_path, model="tiny_net:tiny_net", network={"width": 8})
    assert 0 < narrow != train(tmp_path, model="tiny_net:tiny_net")


def test_the_method_of_two_files_trains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one module, since a test adds nothing to the package: what it is, and its SPACE."""
    for name in ("trainables/methods/smoothed", "search_spaces/smoothed"):
        module(name, tmp_path / Path(name).parent.name, monkeypatch)
    parts = [(tmp_path / room / "smoothed.py").read_text() for room in ("methods", "search_spaces")]
    (tmp_path / "smoothed.py").write_text("\n".join([*parts, "Smoothed.SPACE = SPACE", ""]))
    monkeypatch.syspath_prepend(str(tmp_path))
    assert train(tmp_path, method="smoothed:Smoothed") > 0.6


def test_losses_and_optimizers_alone() -> None:
    (text,) = [block for block in blocks(page("3"), "python") if "PESG(" in block]
    found: dict[str, Any] = {}
    exec(text, found)
    scores, targets = found["model"](found["images"]).squeeze(1), found["targets"]
    assert scores[targets == 1].mean() > scores[targets == 0].mean()


def test_the_notebook_reads_a_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "studies" / "quickstart"
    folder.mkdir(parents=True)
    (folder / "study.yaml").write_text(yaml.safe_dump({"name": "quickstart", "storage": None}))
    storage = open_storage(f"sqlite:///{folder / 'study.db'}")
    (cell,) = Ledger(storage, "quickstart", [CELL]).cells.values()
    while (row := cell.next_search() or cell.next_confirm()) is not None:
        tested = 0.875 if row.phase == "confirm" else None
        curve = [{"interval": 1, "val_auroc": 0.8}]
        cell.tell(row, "COMPLETE", Outcome(curve=curve, test_auroc=tested))
    storage.engine.dispose()
    monkeypatch.chdir(tmp_path)
    (text,) = blocks(page("6"), "python notebook")
    exec(text, {})
    assert "0.875" in capsys.readouterr().out


def test_no_block_is_of_another_language() -> None:
    """What is not looked at here or in the other tests of the guide would not be tested."""
    for path in PAGES:
        fences = re.findall(r"^ *```([\w ]+)$", path.read_text(), re.MULTILINE)
        assert set(fences) <= {"bash", "yaml", "python", "python notebook", "text"}
        assert "```" not in text_of(path.read_text())
