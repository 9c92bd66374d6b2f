"""Trials side by side on one machine hold the images of a set once, not once each."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from trainables.datasets.cache import read_source
from trainables.datasets.source import Source
from trainables.datasets.store.arrays import is_mapped
from trainables.datasets.store.place import CACHE_VARIABLE, kept

ROOT = Path(__file__).resolve().parents[3]
IMAGES, SIDE = 4000, 100
MB = IMAGES * SIDE**2 / 1e6
"""Of the training images; there are as many for the test."""

READER = f"""
import numpy as np
import torch
from trainables.datasets.source import Source


def read(root, download):
    draw = np.random.default_rng(int((root / "seed").read_text()))
    images = draw.integers(0, 256, (2 * {IMAGES}, 1, {SIDE}, {SIDE}), dtype=np.uint8)
    parts = torch.from_numpy(images).split({IMAGES})
    labels = torch.arange({IMAGES}) % 2
    return Source(parts[0], labels, parts[1], labels, 2)


class Own(Source):
    def __init__(self, root, download):
        super().__init__(**vars(read(root, download)))
"""

TRIAL = """
import sys
import torch
from trainables.config import TrialConfig
from trainables.loop import TrainingRun


def private():
    sizes = {}
    for line in open("/proc/self/smaps_rollup"):
        name, _, size = line.partition(":")
        if size.strip().endswith("kB"):
            sizes[name] = int(size.split()[0]) * 1024 / 1e6
    return sizes["Private_Dirty"]  # what is clean lies in the file, too


def trained(dataset):
    run = TrainingRun(TrialConfig(method="ce", dataset=dataset, model="mlp", imratio=None, epochs=1,
        batch_size=50, intervals=1, data_root=sys.argv[1], data_seed=1, init_seed=2, order_seed=3))
    for _ in range(run.steps):
        run.train_step()
    return run


torch.set_num_threads(1)
small = trained("digits")  # what torch loads at a first step
before = private()
run = trained("own_shared:read")
print("trained", flush=True)
sys.stdin.readline()
print(private() - before, flush=True)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a reader of one's own, and a store of its own."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_shared.py").write_text(READER)
    (tmp_path / "seed").write_text("0")
    return tmp_path


def test_processes_share_what_they_read(folder: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}"}
    trials = [
        subprocess.Popen(
            [sys.executable, "-c", TRIAL, str(folder)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for trial in trials:
        assert trial.stdout is not None
        assert trial.stdout.readline() == "trained\n"
    own = [float(trial.communicate("\n")[0]) for trial in trials]
    assert [trial.returncode for trial in trials] == [0, 0]
    # Each has its network, its batches and what Python keeps; not the 80 MB of the set, of which
    # it trained on the half.
    assert max(own) < MB
    assert kept().sets == 2


@pytest.mark.usefixtures("fresh_cache")
@pytest.mark.parametrize("name", ["read", "Own"])
def test_what_a_reader_gives_is_mapped_and_equal(name: str, folder: Path) -> None:
    import own_shared  # type: ignore[import-not-found]

    given: Source = getattr(own_shared, name)(folder, False)
    found = read_source(f"own_shared:{name}", folder)
    for part in ("train", "test"):
        images = getattr(found, f"{part}_images")
        assert is_mapped(images)
        assert torch.equal(images, getattr(given, f"{part}_images"))
        assert torch.equal(getattr(found, f"{part}_labels"), getattr(given, f"{part}_labels"))


@pytest.mark.usefixtures("fresh_cache")
def test_data_that_changed_are_not_taken_for_those_before(folder: Path) -> None:
    from trainables.datasets.cache import clear

    first = read_source("own_shared:read", folder).train_images
    (folder / "seed").write_text("1")
    clear()
    second = read_source("own_shared:read", folder).train_images
    assert not torch.equal(first, second)
    assert kept().sets == 4
