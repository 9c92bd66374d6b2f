"""The benchmark of learning, short: it trains, goes on, tells, and draws."""

import json
from pathlib import Path

import pytest

from tests.benchmarks.learning import main, read

TRAIN = ["--dataset", "digits", "--model", "mlp", "--batch-size", "64", "--epochs", "2"]


def test_it_trains_rows_once_and_shows_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("libauc")
    rows = ["CE", "CT, moves", "CT, LibAUC", "AUC-M, LibAUC, alpha by its gradient"]
    command = ["train", "--out", str(tmp_path), *TRAIN, "--seeds", "1"]
    main([*command, "--rows", *rows[:2]])
    before = read([tmp_path])
    main([*command, "--rows", *rows])
    trials = read([tmp_path])
    assert trials[:2] == before
    assert sorted(each["row"] for each in trials) == sorted(rows)
    assert len({json.dumps(each["curve"]) for each in trials}) == len(rows)
    assert all(len(each["curve"]) == 2 and "data_root" not in each for each in trials)
    capsys.readouterr()
    main(["show", str(tmp_path), "--epochs", "2", "--figure", str(tmp_path / "f.png")])
    table = capsys.readouterr().out
    for each in trials:
        assert f"| {each['row']} |" in table
        assert f"{each['test_auroc']:.4f}" in table
    assert (tmp_path / "f.png").stat().st_size > 10_000
