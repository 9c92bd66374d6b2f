"""Frozen features of a study: forecast by plan, made before its trials, and trained on for real."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from study.embedding import embedded, forecasts
from study.facts import data_facts
from study.plan.timing import time_study
from study.reader import read_study
from study.spec import parse_spec
from study.tune.stop import Stop
from tests.study.drivers import assert_exactly_planned, run
from trainables.datasets.store.place import CACHE_VARIABLE
from trainables.models import builder

SPEC: dict[str, Any] = {
    "name": "s",
    "methods": ["ce", "auc_m"],
    "tasks": [
        {
            "dataset": "digits",
            "model": {"features": "small_cnn", "weights": "w.pth", "head": "mlp", "views": 2},
            "augmentation": "crop_flip",
            "epochs": 2,
            "batch_size": 64,
        }
    ],
    "imratios": [0.2, 0.1],
    "search": {"trials": 2, "sampler": "random", "pruner": "none"},
    "confirm": {"seeds": 1},
}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the test's own store; weights lie beside it."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    weights(tmp_path, seed=1)
    return tmp_path / "cache" / "images"


def weights(root: Path, seed: int) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.save(builder("small_cnn")(1, 8).features.state_dict(), root / "w.pth")


def sets(store: Path) -> int:
    return len([*store.glob("*.json")])


def test_a_plan_says_what_they_take_and_makes_none(store: Path, tmp_path: Path) -> None:
    study = parse_spec({**SPEC, "data_root": str(tmp_path)})
    assert len(time_study(study)) == 2
    (sentence,) = forecasts(study)
    assert sentence.startswith("Features of digits-features are made once, before the trials: ab")
    # 1,442 training images once as they are and once in 2 views, and 355 of the test.
    assert f"{4 * 64 * (3 * 1442 + 355) / 1e6:.1f} MB" in sentence
    assert sets(store) == 0
    assert embedded(study, Stop())
    assert sets(store) == 3
    (sentence,) = forecasts(study)
    assert "are made already: 1.2 MB" in sentence


def test_a_stop_is_heeded(store: Path, tmp_path: Path) -> None:
    stop = Stop()
    stop.ask("SIGTERM")
    assert not embedded(parse_spec({**SPEC, "data_root": str(tmp_path)}), stop)
    assert sets(store) == 0


def test_a_study_says_where_its_features_are_from(store: Path, tmp_path: Path) -> None:  # noqa: ARG001
    study = parse_spec({**SPEC, "data_root": str(tmp_path)})
    embeds, begins = data_facts(study)["digits-features"]["notes"]
    assert embeds.startswith("Every image was embedded once by small_cnn with its weights, which")
    assert "a training image in 2 views" in embeds
    assert begins.startswith("small_cnn begins with w.pth: ")


@pytest.mark.ray
@pytest.mark.timeout(900)
def test_a_study_on_frozen_features(store: Path, tmp_path: Path) -> None:
    spec = {**SPEC, "data_root": str(tmp_path)}
    done = run(spec, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    study = read_study(tmp_path / "out")
    assert_exactly_planned(study, trials=2, seeds=1)
    for cell in study.cells:
        (row,) = cell.confirm
        assert row.predictions is not None
        stored = np.load(tmp_path / "out" / row.predictions, allow_pickle=False)
        assert row.test_auroc == pytest.approx(roc_auc_score(stored["targets"], stored["scores"]))
    # Once for all cells, searches and seeds.
    assert sets(store) == 3
    kept = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert [*kept["weights"]] == [study.cells[0].model]
    assert "embedded once by small_cnn" in (tmp_path / "out/report/report.html").read_text()
    weights(tmp_path, seed=2)
    changed = run(spec, tmp_path)
    assert changed.returncode == 2
    assert "w.pth is not what the study began with" in changed.stderr
