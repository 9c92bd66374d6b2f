"""Maps of embeddings: classes that lie apart stay apart, and nothing is computed twice."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from analysis.columns import Row
from analysis.images import embeddings
from analysis.images.predictions import Predictions
from analysis.images.roc import Judged


def _said(cell: str, count: int, positive: int, seed: int = 0, dims: int = 6) -> Judged:
    draw = np.random.default_rng(seed)
    targets = np.arange(count) < positive
    features = draw.normal(4.0 * targets[:, None], 1.0, (count, dims)).astype(np.float32)
    row: Row = {"cell": cell, "method": "ce", "task": "t", "imratio": 0.1, "ratio": "10 %"}
    said = Predictions(draw.normal(size=count), targets, features)
    return Judged({**row, "number": seed, "seed": seed}, said)


def test_neighbours_stay_neighbours(tmp_path: Path) -> None:
    found = [_said("c", 200, 40)]
    table = embeddings.maps(found, tmp_path)
    assert len(table) == 200
    place, positive = table[["x", "y"]].to_numpy(), table["positive"].to_numpy()
    assert KNeighborsClassifier(5).fit(place, positive).score(place, positive) > 0.98


def test_a_map_is_kept_and_the_same_again(tmp_path: Path) -> None:
    found = [_said("c", 60, 20)]
    first = embeddings.maps(found, tmp_path / "cache")
    (file,) = (tmp_path / "cache").iterdir()
    stamp = file.stat().st_mtime_ns
    again = embeddings.maps(found, tmp_path / "cache")
    assert file.stat().st_mtime_ns == stamp
    assert first.equals(again)
    file.write_bytes(b"damaged")
    assert embeddings.maps(found, tmp_path / "cache").equals(first)


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert len(embeddings.maps([_said("c", 20, 5)], tmp_path / "file" / "cache")) == 20


@pytest.mark.parametrize(("count", "positive"), [(1000, 40), (1000, 900), (400, 200)])
def test_rare_positives_are_all_drawn(tmp_path: Path, count: int, positive: int) -> None:
    table = embeddings.maps([_said("c", count, positive)], tmp_path)
    assert len(table) == embeddings.MOST
    assert table["positive"].sum() == {40: 40, 900: 200, 200: 150}[positive]


def test_one_map_a_cell_and_none_of_few_images(tmp_path: Path) -> None:
    row, said = _said("a", 30, 10)
    without = Judged(row, Predictions(said.scores, said.targets, None))
    found = [without, _said("a", 30, 10, 1), _said("a", 30, 10, 2), _said("b", 8, 4)]
    table = embeddings.maps(found, tmp_path)
    assert table["cell"].unique().tolist() == ["a"]
    assert table["number"].unique().tolist() == [1]


def test_embeddings_that_are_all_equal_or_have_one_axis() -> None:
    assert (embeddings.flat(np.ones((20, 3), dtype=np.float32)) == 0).all()
    assert np.isfinite(embeddings.flat(np.random.default_rng(0).normal(size=(20, 1)))).all()
