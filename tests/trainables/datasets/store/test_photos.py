"""Photos become pixels once; what is damaged, absent or too much is one sentence."""

import errno
import io
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from tests.trainables.datasets.store.building import HOW, SIDE, Drawn, pixels_of
from trainables.datasets.formats.decode import Decoding, decode
from trainables.datasets.store import building as module
from trainables.datasets.store.arrays import is_mapped
from trainables.datasets.store.encoded import Files
from trainables.datasets.store.photos import photos
from trainables.datasets.store.place import kept, store_folder
from trainables.datasets.store.progress import beating
from trainables.errors import DataError

IMAGE_BYTES = 3 * SIDE * SIDE


def expected(images: Drawn) -> np.ndarray:
    chosen = [i for i in range(len(images)) if i not in images.broken]
    return np.stack([pixels_of(images.seed, i) for i in chosen])


@pytest.mark.parametrize("chunk", [1, 7, 1000])
@pytest.mark.parametrize("broken", [(), (0,), (3, 4, 11), (22,), (0, 1, 21, 22)])
def test_the_set_is_the_images_in_their_order(
    chunk: int, broken: tuple[int, ...], store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK_BYTES", chunk * IMAGE_BYTES)
    images = Drawn(23, broken=broken)
    found = photos("drawn", images, HOW, "skip")
    np.testing.assert_array_equal(found.images.numpy(), expected(images))
    assert is_mapped(found.images)
    assert [i for i, is_kept in enumerate(found.kept) if not is_kept] == [*broken]
    assert [name for name, _ in found.skipped] == [f"image {i}" for i in broken]
    assert len(found.notes) == (len(broken) > 0)
    assert {file.suffix for file in store.iterdir()} == {".pixels", ".json", ".lock"}


def test_notes_count_what_was_skipped() -> None:
    one = photos("drawn", Drawn(9, broken=(4,)), HOW, "skip")
    assert one.notes == ("1 image of 9 could not be decoded and was skipped (such as image 4).",)
    two = photos("drawn", Drawn(9, broken=(4, 5)), HOW, "skip")
    assert two.notes[0].startswith("2 images of 9 could not be decoded and were skipped")


def test_it_is_decoded_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    first = photos("drawn", Drawn(10, log=log), HOW, "stop")
    again = photos("drawn", Drawn(10, log=log), HOW, "stop")
    assert torch.equal(first.images, again.images)
    assert len(log.read_text()) == 10
    for other in (HOW.__class__(image_size=4, channels=3), Decoding(SIDE, 1)):
        photos("drawn", Drawn(10, log=log), other, "stop")
    photos("drawn", Drawn(10, seed=1, log=log), HOW, "stop")
    assert len(log.read_text()) == 40
    assert kept().sets == 4
    assert kept().bytes >= 3 * 10 * IMAGE_BYTES


def test_an_image_that_cannot_be_decoded_is_named(store: Path) -> None:
    with pytest.raises(DataError, match=r"^image 5 must be a PNG.*undecodable: skip") as refusal:
        photos("drawn", Drawn(40, broken=(5, 30)), HOW, "stop")
    assert "\n" not in str(refusal.value)
    assert [file.suffix for file in store.iterdir()] == [".lock"]
    for how in (HOW, Decoding()):
        with pytest.raises(DataError, match="none of 3 is"):
            photos("drawn", Drawn(3, broken=(0, 1, 2)), how, "skip")


def write(folder: Path, count: int, size: tuple[int, int] = (9, 9)) -> Files:
    folder.mkdir(exist_ok=True)
    for i in range(count):
        pixels = np.random.default_rng(i).integers(0, 256, size, dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
    return Files([folder / f"{i}.png" for i in range(count)])


def test_size_and_channels_are_those_of_the_images(tmp_path: Path) -> None:
    files = write(tmp_path / "grey", 5)
    found = photos("files", files, Decoding(), "stop").images
    assert found.shape == (5, 1, 9, 9)
    for path, image in zip(files.paths, found, strict=True):
        with path.open("rb") as stream:
            np.testing.assert_array_equal(image.numpy(), decode(stream, Decoding()))
    Image.new("RGB", (9, 9), "red").save(files.paths[3])
    assert photos("files", Files(files.paths), Decoding(), "stop").images.shape == (5, 3, 9, 9)


def test_images_of_several_sizes_need_one(tmp_path: Path) -> None:
    files = write(tmp_path / "sizes", 3)
    Image.new("L", (12, 9)).save(files.paths[1])
    with pytest.raises(DataError, match=r"1.png has 12x9 pixels .*0.png 9x9.*set image_size"):
        photos("files", Files(files.paths), Decoding(), "stop")
    found = photos("files", Files(files.paths), Decoding(image_size=6), "stop")
    assert found.images.shape == (3, 1, 6, 6)


def test_a_file_that_changes_is_another_set(tmp_path: Path) -> None:
    files = write(tmp_path / "files", 3)
    before = photos("files", files, Decoding(), "stop").images
    Image.new("L", (9, 9), 200).save(files.paths[1])
    os.utime(files.paths[1], ns=(0, 7))
    after = photos("files", Files(files.paths), Decoding(), "stop").images
    assert (after[1] == 200).all()
    assert torch.equal(after[[0, 2]], before[[0, 2]])


def test_files_that_are_absent_are_named(tmp_path: Path) -> None:
    files = write(tmp_path / "files", 5)
    for path in files.paths[1:]:
        path.unlink()
    with pytest.raises(DataError, match=r"4 of 5 .*1.png, .*2.png, .*3.png, \.\.\.\)"):
        photos("files", files, Decoding(), "stop")


def test_a_disk_that_is_too_small_is_said_before_anything_is_decoded(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    usage = SimpleNamespace(free=10_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DataError, match=r"takes .* GiB, and the disk of .* free: free some space"):
        photos("drawn", Drawn(100, log=log), HOW, "stop")
    assert not log.exists()
    assert [file.suffix for file in store.iterdir()] == [".lock"]


def test_a_disk_that_fills_up_meanwhile_is_said(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", taken)
    with pytest.raises(DataError, match="free some space"):
        photos("drawn", Drawn(100), HOW, "stop")
    assert [file.suffix for file in store.iterdir()] == [".lock"]


def test_nobody_else_may_look_into_it(store: Path) -> None:
    photos("drawn", Drawn(3), HOW, "stop")
    assert store_folder() == store
    assert store.stat().st_mode & 0o777 == 0o700
    assert all(file.stat().st_mode & 0o077 == 0 for file in store.glob("*.pixels"))


def test_a_folder_that_cannot_be_made_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AUCSTUDY_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"cannot be made .*set AUCSTUDY_CACHE"):
        photos("drawn", Drawn(3), HOW, "stop")


@pytest.mark.parametrize("undecodable", ["ignore", None])
def test_other_policies_are_refused(undecodable: str | None) -> None:
    with pytest.raises(DataError, match="undecodable must be stop or skip"):
        photos("drawn", Drawn(3), HOW, undecodable)  # type: ignore[arg-type]


def test_lines_say_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "CHUNK_BYTES", 2 * IMAGE_BYTES)
    monkeypatch.setattr("trainables.datasets.store.progress.LINE_SECONDS", 0.0)
    photos("drawn", Drawn(6), HOW, "stop")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[-2:] == ["decoding drawn: 4 of 6", "decoding drawn: 6 of 6"]


def test_whoever_watches_hears_that_it_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK_BYTES", 2 * IMAGE_BYTES)
    beats: list[int] = []
    with beating(lambda: beats.append(1)):
        photos("drawn", Drawn(10), HOW, "stop")
    assert len(beats) >= 5
    photos("drawn", Drawn(10, seed=1), HOW, "stop")
    assert len(beats) < 10


class Terminal(io.StringIO):
    """A stream that people look at."""

    def isatty(self) -> bool:
        return True


def test_a_bar_says_how_far_it_is_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    photos("drawn", Drawn(6), HOW, "stop")
    assert "decoding drawn" in terminal.getvalue()
    assert "6/6" in terminal.getvalue()
