"""What a ledger says about files is not trusted."""

from pathlib import Path

import pytest

from study.errors import LedgerError
from study.records import predictions_path


def test_a_file_of_the_studys_own(tmp_path: Path) -> None:
    found = predictions_path(tmp_path, "predictions/ce__digits-mlp__0.1__confirm0.npz")
    assert found == tmp_path / "predictions" / "ce__digits-mlp__0.1__confirm0.npz"


@pytest.mark.parametrize(
    "hostile",
    [
        "/etc/passwd",
        "../../etc/passwd",
        "predictions/../../x.npz",
        "predictions/..",
        "predictions",
        "",
        "predictions/a/b.npz",
        "predictions//etc/x.npz",
        "other/x.npz",
        "predictions/x.npy",
        "predictions/x\0.npz",
        "predictions/.npz",
    ],
)
def test_nothing_else(tmp_path: Path, hostile: str) -> None:
    with pytest.raises(LedgerError, match=r"predictions/NAME\.npz"):
        predictions_path(tmp_path, hostile)


def test_links_do_not_lead_out(tmp_path: Path) -> None:
    outside, study = tmp_path / "outside.npz", tmp_path / "study"
    outside.touch()
    (study / "predictions").mkdir(parents=True)
    (study / "predictions" / "x.npz").symlink_to(outside)
    with pytest.raises(LedgerError):
        predictions_path(study, "predictions/x.npz")


def test_the_folder_itself_may_lie_elsewhere(tmp_path: Path) -> None:
    disk, study = tmp_path / "big-disk", tmp_path / "study"
    disk.mkdir()
    study.mkdir()
    (study / "predictions").symlink_to(disk)
    assert predictions_path(study, "predictions/x.npz") == disk / "x.npz"
