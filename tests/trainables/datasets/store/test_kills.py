"""Whoever builds a set may die at any moment: what is read is whole, and the work goes on."""

import multiprocessing
import os
import random
import time
from dataclasses import replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import numpy as np
import pytest

from tests.trainables.datasets.store.building import HOW, SIDE, Drawn, build, pixels_of
from trainables.datasets.store.entry import Entry
from trainables.datasets.store.photos import photos
from trainables.datasets.store.place import CACHE_VARIABLE
from trainables.datasets.store.progress import beating

KILLS = 20
CHUNK = 5 * 3 * SIDE * SIDE


def start(images: Drawn, chunk: int = CHUNK) -> ForkServerProcess:
    # Each child is a copy of a server that has imported all this once and runs no threads.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([build.__module__])
    child = context.Process(target=build, args=(os.environ[CACHE_VARIABLE], images, chunk))
    child.start()
    return child


def entries(store: Path) -> list[Path]:
    return [file for file in store.glob("*") if file.suffix != ".lock"]


def test_killed_at_random_moments_it_never_leaves_half_a_set(store: Path, tmp_path: Path) -> None:
    draw = random.Random(0)
    log = tmp_path / "log"
    images = Drawn(120, broken=(7, 50, 51), log=log, seconds=0.002)
    whole = np.stack([pixels_of(0, i) for i in range(120) if i not in images.broken])
    first = start(images)  # also the server's own start, which is none of a build's moments
    first.join()
    began = time.monotonic()
    for file in entries(store):
        file.unlink()
    child = start(images)
    child.join()
    seconds = time.monotonic() - began
    kills = ends = resumed = 0
    while kills < KILLS:
        if ends or not kills:
            for file in entries(store):
                file.unlink()
            ends = 0
        child = start(images)
        child.join(draw.uniform(0, 1.1 * seconds))
        if child.is_alive():
            child.kill()
            child.join()
            kills += 1
        records = [*store.glob("*.json")]
        if not records:
            resumed += any(
                len(file.read_text().splitlines()) > 1 for file in store.glob("*.journal")
            )
            continue
        ends = 1
        log.unlink()
        found = photos("drawn", images, HOW, "skip")
        np.testing.assert_array_equal(found.images.numpy(), whole)
        assert not log.exists(), "it was whole, so nothing was decoded"
    assert resumed > 0
    log.unlink(missing_ok=True)
    np.testing.assert_array_equal(photos("drawn", images, HOW, "skip").images.numpy(), whole)


def interrupted(images: Drawn, store: Path, chunks: int) -> None:
    """Kill a build after so many chunks."""
    child = start(replace(images, hangs_at=5 * chunks))
    while sum(len(file.read_text().splitlines()) for file in store.glob("*.journal")) <= chunks:
        assert child.is_alive()
        time.sleep(0.01)
    child.kill()
    child.join()


def test_what_was_decoded_is_not_decoded_again(store: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    images = Drawn(100, log=log)
    interrupted(images, store, chunks=8)
    log.unlink()
    start(images).join()
    assert len(log.read_text()) == 60
    whole = np.stack([pixels_of(0, i) for i in range(100)])
    np.testing.assert_array_equal(photos("drawn", images, HOW, "stop").images.numpy(), whole)


@pytest.mark.parametrize("spoil", ["partial", "journal", "line"])
def test_what_a_crash_of_the_machine_spoilt_is_done_anew(spoil: str, store: Path) -> None:
    images = Drawn(60)
    interrupted(images, store, chunks=5)
    (partial,), (journal,) = store.glob("*.partial"), store.glob("*.journal")
    if spoil == "partial":
        partial.write_bytes(bytes(partial.stat().st_size))
    elif spoil == "journal":
        journal.write_bytes(b"\0" * journal.stat().st_size)
    else:
        journal.write_text(journal.read_text()[:-9])
    start(images).join()
    whole = np.stack([pixels_of(0, i) for i in range(60)])
    np.testing.assert_array_equal(photos("drawn", images, HOW, "stop").images.numpy(), whole)


def test_one_process_builds_and_the_others_wait(tmp_path: Path) -> None:
    images = Drawn(60, log=tmp_path / "log", seconds=0.005)
    children = [start(images) for _ in range(4)]
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0] * 4
    assert len((tmp_path / "log").read_text()) == 60


def test_who_waits_says_that_it_is_alive(store: Path) -> None:
    images = Drawn(20)
    child = start(replace(images, hangs_at=5))
    while not [*store.glob("*.journal")]:
        assert child.is_alive()
        time.sleep(0.01)
    beats: list[int] = []

    def beat() -> None:
        beats.append(1)
        child.kill()  # a builder that dies keeps nobody out

    with beating(beat):
        found = photos("drawn", images, HOW, "stop")
    child.join()
    assert beats
    assert len(found.images) == 20


def test_a_record_without_its_pixels_is_no_set(store: Path) -> None:
    images = Drawn(10)
    photos("drawn", images, HOW, "stop")
    (pixels,) = store.glob("*.pixels")
    for damage in (pixels.unlink, lambda: pixels.write_bytes(b"short")):
        damage()
        found = photos("drawn", images, HOW, "stop").images
        np.testing.assert_array_equal(found[9].numpy(), pixels_of(0, 9))
    (record,) = store.glob("*.json")
    for text in ("{", "[]", "{}", '{"shape": null}'):
        record.write_text(text)
        assert photos("drawn", images, HOW, "stop").images.shape == (10, 3, SIDE, SIDE)


def test_sets_have_names_of_their_own() -> None:
    names = {Entry("a", made_of).pixels for made_of in (1, "1", [1], {"a": 1}, None)}
    assert len(names) == 5
