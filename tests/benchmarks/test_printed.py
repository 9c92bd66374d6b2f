"""Printed curves and those of a study come together by epoch."""

import shutil
from pathlib import Path

import pytest

from tests.benchmarks.printed import main, ours, printed

STUDY = Path(__file__).parents[2] / "docs" / "studies" / "iclr22-cat-and-dog-relu"
RUN = "CT, Cat&Dog, LibAUC 1.1.9"


def test_what_the_example_says_of_itself() -> None:
    """It prints its highest test AUROC beside the last: .940122 and .927270 after 200 epochs."""
    curve = printed(RUN)
    assert list(curve.index) == [*range(1, 201)]
    assert (curve.max(), curve.idxmax(), curve.iloc[-1]) == (0.940122, 108, 0.92727)


def test_table_and_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = shutil.copytree(STUDY, tmp_path / "study")
    figure = tmp_path / "figure.png"
    main([RUN, "--ours", f"ReLU={study}:ct_auc", "--figure", str(figure)])
    heads, _, theirs, own = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in capsys.readouterr().out.splitlines()
    ]
    assert heads[1:3] == ["1 to 10", "11 to 20"]
    first, last = printed(RUN)[:10].mean(), printed(RUN)[190:].mean()
    assert (theirs[1], theirs[-1]) == (f"{first:.3f}", f"{last:.3f}")
    curve = ours(study, "ct_auc")  # fifty intervals of two epochs
    assert (curve.index[0], curve.index[-1]) == (2, 100)
    assert own[1] == f"{curve.iloc[:5].mean():.3f}"
    assert own[10:] == [f"{curve.iloc[-5:].mean():.3f}", *[""] * 10]
    assert figure.stat().st_size > 10_000
