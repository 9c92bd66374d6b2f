"""The benchmark of learning, short: it trains, goes on, tells, and draws."""

import json
from pathlib import Path

import pytest

from tests.benchmarks.learning import main, read, unfinished

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
    assert "not finished" not in table


def test_what_was_stopped_is_told_as_far_as_it_came(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["train", "--out", str(tmp_path), *TRAIN, "--seeds", "2", "--rows", "CE"])
    (tmp_path / "trials.jsonl").write_text((tmp_path / "trials.jsonl").read_text().split("\n")[0])
    (finished,) = read([tmp_path])
    (stopped,) = unfinished([tmp_path])
    assert {finished["seed"], stopped["seed"]} == {0, 1}
    assert len(stopped["curve"]) == 2
    # Begun anew it tells its second life.
    lines = (tmp_path / "epochs.jsonl").read_text().splitlines()
    again = next(line for line in lines if json.loads(line)["seed"] == stopped["seed"])
    with (tmp_path / "epochs.jsonl").open("a") as file:
        file.write(f"{again}\n")
    assert unfinished([tmp_path]) == [stopped | {"curve": stopped["curve"][:1]}]
    main(["show", str(tmp_path), "--epochs", "2"])
    assert f"CE, seed {stopped['seed']}, not finished: 1 epochs" in capsys.readouterr().out
