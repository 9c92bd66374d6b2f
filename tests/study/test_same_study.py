"""What lies in a database under a study's name must be the study that the spec plans."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from study.cells import cells
from study.cli import app
from study.errors import LedgerError
from study.ledger.ledger import Ledger
from study.ledger.storage import open_storage
from study.same_study import refuse_another_directory, refuse_another_study
from study.spec import dump, parse_spec

SPEC: dict[str, Any] = {
    "name": "s",
    "methods": ["ce", "ct_auc"],
    "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 3, "name": "t"}],
    "imratios": [0.1],
    "search": {"trials": 2},
    "confirm": {"seeds": 1},
    "space": {"ce": {"weight_decay": 1e-4}},
}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def plan(**changes: Any) -> list[Any]:
    return cells(parse_spec(deepcopy(SPEC) | changes))


@pytest.fixture
def storage(tmp_path: Path) -> Any:
    """A database in which the study has begun."""
    found = open_storage(f"sqlite:///{tmp_path / 'shared.db'}")
    Ledger(found, "s", plan())
    return found


TASK = SPEC["tasks"][0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tasks": [TASK | {"epochs": 6}]}, "ce__t__0.1: epochs was 3 and is 6"),
        ({"tasks": [TASK | {"model": "small_cnn"}]}, "model was mlp and is small_cnn"),
        ({"precision": "bf16"}, "precision was f32 and is bf16"),
        ({"select": "auprc"}, "select was auroc and is auprc"),
        ({"space": {"ce": {"weight_decay": 0.1}}}, "weight_decay was 0.0001 and is 0.1"),
        (
            {"space": SPEC["space"] | {"ct_auc": {"margin": 0.5}}},
            "ct_auc__t__0.1: margin was not set and is 0.5",
        ),
        (
            {"space": SPEC["space"] | {"ct_auc": {"lr": {"low": 0.5, "high": 1.0}}}},
            "lr was {low: 0.01, high: 4.0, log: true} and is {low: 0.5, high: 1.0, log: true}",
        ),
        (
            {"space": SPEC["space"] | {"ct_auc": {"inner": "exact"}}},
            "inner was moves and is exact",
        ),
        ({"compile": True}, "compile was false and is true"),
    ],
)
def test_other_settings_under_the_same_name_are_refused(
    storage: Any, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(LedgerError) as error:
        refuse_another_study(storage, "s", plan(**changes))
    assert message in str(error.value)
    assert "Give this study another name or another database" in str(error.value)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"search": {"trials": 5}, "confirm": {"seeds": 3}},
        {"methods": ["ce", "ct_auc", "focal"], "imratios": [0.1, 0.3]},
        {"data_root": "elsewhere", "resources": {"gpus": 0.5}, "execution": "eager"},
    ],
)
def test_a_study_may_grow_and_move(storage: Any, changes: dict[str, Any]) -> None:
    refuse_another_study(storage, "s", plan(**changes))


@pytest.mark.parametrize("began", [None, {"study": "mine"}, {}])
def test_the_same_settings_in_another_directory_are_another_study(
    tmp_path: Path, began: dict[str, str] | None
) -> None:
    found = open_storage(f"sqlite:///{tmp_path / 'shared.db'}")
    Ledger(found, "s", plan(), study_id="theirs")
    with pytest.raises(LedgerError, match="was begun in another directory"):
        refuse_another_directory(found, "s", began)
    refuse_another_directory(found, "s", {"study": "theirs"})


def test_a_study_of_an_older_version_gets_its_id_at_its_next_run(storage: Any) -> None:
    refuse_another_directory(storage, "s", {})
    Ledger(storage, "s", plan(), study_id="mine")
    refuse_another_directory(storage, "s", {"study": "mine"})
    with pytest.raises(LedgerError, match="was begun in another directory"):
        refuse_another_directory(storage, "s", {})


def test_another_name_is_another_study(storage: Any) -> None:
    other = cells(parse_spec(SPEC | {"name": "other", "tasks": [TASK | {"epochs": 6}]}))
    refuse_another_study(storage, "other", other)
    refuse_another_directory(storage, "other", None)


def test_a_study_yaml_edited_in_place_is_refused_and_put_back_goes_on(tmp_path: Path) -> None:
    """The rows say what was run; the file alone does not."""
    directory = tmp_path / "d"
    directory.mkdir()
    spec = parse_spec(SPEC | {"directory": str(directory)})
    (directory / "study.yaml").write_text(dump(spec))
    Ledger(open_storage(f"sqlite:///{directory / 'study.db'}"), "s", cells(spec))
    edited = yaml.safe_load((directory / "study.yaml").read_text())
    edited["tasks"][0]["epochs"] = 6
    (directory / "study.yaml").write_text(yaml.safe_dump(edited))
    result = CliRunner().invoke(app, ["run", str(directory / "study.yaml")])
    assert result.exit_code == 2
    assert "epochs was 3 and is 6" in " ".join(result.output.split())


def test_a_directory_begun_anew_on_the_same_database_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    Ledger(open_storage(url), "s", plan())
    file = tmp_path / "spec.yaml"
    file.write_text(yaml.safe_dump(SPEC | {"storage": url, "tasks": [TASK | {"epochs": 1}]}))
    result = CliRunner().invoke(app, ["run", str(file)])
    assert result.exit_code == 2
    assert "epochs was 3 and is 1" in " ".join(result.output.split())
    assert not (tmp_path / "studies" / "s" / "study.yaml").exists()


def test_a_users_own_study_yaml_is_no_studys_directory(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(SPEC | {"directory": "."}))
    before = (tmp_path / "study.yaml").read_text()
    result = CliRunner().invoke(app, ["run", "study.yaml"])
    assert result.exit_code == 2
    assert "holds a study.yaml that `aucstudy run` did not write" in " ".join(result.output.split())
    assert (tmp_path / "study.yaml").read_text() == before
