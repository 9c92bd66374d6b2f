"""Studies of any images, for real: several labels, patients, metadata, volumes, one's own files."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import roc_auc_score

from study.reader import read_study
from tests.study.drivers import run
from tests.trainables.official_medical import write_chexpert

pytestmark = [pytest.mark.ray, pytest.mark.timeout(900)]

LABELS = ("Edema", "Cardiomegaly")


def _films(root: Path, draw: np.random.Generator) -> None:
    """CheXpert's layout: two images a patient, labels that are sometimes not known."""

    def rows(first: int, images: int, unknown: float) -> list[dict[str, Any]]:
        return [
            {
                "patient": first + number // 2,
                "grey": int(draw.integers(20, 200)),
                "Age": int(draw.integers(20, 90)),
                "Sex": str(draw.choice(["Female", "Male"])),
                **{
                    label: "-1.0" if draw.random() < unknown else str(float(draw.random() < 0.4))
                    for label in LABELS
                },
            }
            for number in range(images)
        ]

    write_chexpert(root, {"train": rows(1, 80, 0.2), "valid": rows(900, 40, 0.0)})


def _photos(root: Path, draw: np.random.Generator) -> None:
    """A table of one's own: three photos a patient, a site, and one class that is brighter."""
    folder = root / "photos"
    folder.mkdir()
    with (root / "photos.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "patient", "site", "age", "finding"])
        for number in range(150):
            ill = number % 3 == 0
            pixels = draw.integers(0, 100, (12, 16)).astype(np.uint8) + np.uint8(40 * ill)
            Image.fromarray(pixels).save(folder / f"{number}.png")
            site, age = draw.choice(["arm", "leg"]), "" if number % 7 == 0 else 20 + number % 60
            patient = f"p{number // 3}"
            table.writerow([f"{number}.png", patient, site, age, "ill" if ill else "well"])


def _volumes(root: Path, draw: np.random.Generator) -> None:
    arrays = {}
    for part, count in (("train", 60), ("val", 20), ("test", 30)):
        labels = np.arange(count) % 3 == 0
        voxels = draw.integers(0, 100, (count, 8, 8, 8)) + 60 * labels[:, None, None, None]
        arrays[f"{part}_images"] = voxels.astype(np.uint8)
        arrays[f"{part}_labels"] = labels.astype(np.int64)[:, None]
    np.savez(root / "volumes.npz", **arrays)


def _spec(root: Path) -> dict[str, Any]:
    photos = {
        "csv": "photos.csv",
        "images": "photos",
        "path": "file",
        "labels": "finding",
        "positives": ["ill"],
        "group": "patient",
        "metadata": ["site", "age"],
        "image_size": 12,
    }
    small = {"epochs": 2, "batch_size": 16}
    return {
        "name": "any",
        "methods": ["ce", "auc_m"],
        "tasks": [
            {
                "name": "films",
                "dataset": {"name": "chexpert", "image_size": 8, "labels": list(LABELS)},
                "model": "small_cnn",
                **small,
            },
            {"name": "photos", "dataset": photos, "model": "small_cnn", **small},
            {
                "name": "volumes",
                "dataset": {"npz": "volumes.npz"},
                "model": "small_cnn_3d",
                "epochs": 12,
                "batch_size": 8,
                "intervals": 2,
            },
        ],
        "imratios": [None],
        "search": {"trials": 1},
        "confirm": {"seeds": 2},
        "data_root": str(root),
    }


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a study of all three that ran to its end."""
    folder = tmp_path_factory.mktemp("any")
    draw = np.random.default_rng(0)
    for make in (_films, _photos, _volumes):
        make(folder, draw)
    cache = str(tmp_path_factory.mktemp("cache"))
    done = run(_spec(folder), folder, AUCSTUDY_CACHE=cache)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "out"


def _confirmed(study: Path, task: str) -> list[dict[str, Any]]:
    rows = [row for cell in read_study(study).cells if cell.task == task for row in cell.confirm]
    assert len(rows) == 4
    found = []
    for row in rows:
        assert row.predictions is not None
        with np.load(study / row.predictions, allow_pickle=False) as stored:
            found.append({**stored, "test_auroc": row.test_auroc, "curve": row.curve})
    return found


def test_several_labels_are_their_mean_and_each_one(study: Path) -> None:
    for stored in _confirmed(study, "films"):
        assert stored["labels"].tolist() == list(LABELS)
        each = [roc_auc_score(stored["targets"][:, i], stored["scores"][:, i]) for i in range(2)]
        assert stored["test_auroc"] == pytest.approx(np.mean(each), abs=1e-12)
        last = stored["curve"][-1]
        by_label = [last[f"val_auroc.{label}"] for label in LABELS if f"val_auroc.{label}" in last]
        assert last["val_auroc"] == pytest.approx(np.mean(by_label), abs=1e-12)


def test_no_patient_is_in_two_parts(study: Path) -> None:
    for stored in _confirmed(study, "photos"):
        assert not {*stored["groups"].tolist()} & {*stored["val_groups"].tolist()}
        assert len(stored["groups"]) == len(stored["targets"]) == len(stored["metadata.site"])
    parts = read_study(study).provenance["tasks"]["photos"]["parts"]["natural"]
    assert sum(part["groups"] for part in parts.values()) == 50
    assert sum(part["images"] for part in parts.values()) == 150


def test_volumes_are_learned(study: Path) -> None:
    assert min(stored["test_auroc"] for stored in _confirmed(study, "volumes")) > 0.8


def test_the_report_names_classes_labels_and_subgroups(study: Path) -> None:
    page = (study / "report" / "report.html").read_text()
    for words in ("well", "ill", *LABELS, "site", "arm", "leg"):
        assert words in page
