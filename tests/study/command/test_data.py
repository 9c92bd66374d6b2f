"""``aucstudy data``: the counts are those of the files, the page holds them, mistakes are said."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from playwright.sync_api import sync_playwright
from typer.testing import CliRunner

from study.cli import app
from tests.analysis.browsing import launch
from tests.trainables.datasets.own.pictures import write
from trainables.datasets import (
    cache,
)

SPEC: dict[str, Any] = {
    "name": "looked",
    "methods": ["ce"],
    "imratios": [None],
    "search": {"trials": 1},
    "data_root": "data",
}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUCSTUDY_CACHE", str(tmp_path / "cache"))
    cache.clear()


def look(*datasets: Any, exit_code: int = 0) -> tuple[str, str]:
    """(stdout, stderr) with single spaces."""
    tasks = [
        {"name": f"t{number}", "dataset": each, "model": "mlp", "epochs": 1}
        for number, each in enumerate(datasets)
    ]
    Path("s.yaml").write_text(yaml.safe_dump({**SPEC, "tasks": tasks}))
    done = CliRunner().invoke(app, ["data", "s.yaml"])
    assert done.exit_code == exit_code, done.output
    return " ".join(done.stdout.split()), done.stderr


def fill(top: Path, classes: tuple[str, ...] = ("cat", "dog"), count: int = 10) -> None:
    for number in range(count * len(classes)):
        write(top / classes[number % len(classes)] / f"{number}.png", number)


class Page(HTMLParser):
    """What a page shows."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.images: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self.feed(file.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "img":
            self.images.append(dict(attrs)["src"] or "")

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_folder_is_counted_by_class_and_part(tmp_path: Path) -> None:
    for part, count in (("train", 10), ("val", 3), ("test", 4)):
        fill(tmp_path / "data" / "pets" / part, count=count)
    (tmp_path / "data" / "pets" / "train" / "cat" / "0.png").write_bytes(b"no image")
    said, _ = look({"folder": "pets", "undecodable": "skip"})
    assert "class train validation test" in said
    assert "cat negative 9 3 4" in said
    assert "dog positive 10 3 4" in said
    assert "all 19 6 8" in said
    assert "Images: 6x6 pixels, grey" in said
    assert "1 image of 34 could not be decoded and was skipped" in said
    assert re.search(r"Store of images: 1 set, \d.\d\d GiB in", said)
    page = Page(tmp_path / "looked-data.html")
    assert len(page.images) == 10 + 10 + 4 + 4
    assert all(image.startswith("data:image/png;base64,") for image in page.images)
    assert "could not be decoded" in page.text


def test_a_table_is_counted_by_label(tmp_path: Path) -> None:
    lines = ["file,a,b,patient,age"]
    for number in range(40):
        write(tmp_path / "data" / f"{number}.png", number)
        known = "" if number < 5 else number % 2
        soft = 0.5 if number == 1 else number % 4 // 2
        lines.append(f"{number}.png,{known},{soft},p{number // 4},{'' if number % 2 else 30}")
    (tmp_path / "data" / "t.csv").write_text("\n".join(lines))
    columns = {"path": "file", "labels": ["a", "b"], "group": "patient", "metadata": ["age"]}
    said, _ = look({"csv": "t.csv", **columns})
    counts = {
        (label, value): int(train) + int(test)
        for label, value, train, test in re.findall(r"([ab]) ([a-z]+) (\d+) (\d+)", said)
    }
    assert counts == {
        ("a", "positive"): 18,
        ("a", "negative"): 17,
        ("a", "missing"): 5,
        ("b", "positive"): 20,
        ("b", "negative"): 19,
        ("b", "uncertain"): 1,
    }
    assert "Groups: 8 in training and validation, 2 in the test." in said
    assert "Metadata: age (known of 16 of 32 images)." in said


def test_what_is_the_user_s_is_escaped_and_volumes_are_shown(tmp_path: Path) -> None:
    fill(tmp_path / "data" / "odd", classes=("<script>alert(1)<", "b & c"))
    draw = np.random.default_rng(0)
    volumes = draw.integers(0, 256, (20, 5, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "data" / "v.npz", images=volumes, labels=np.arange(20) % 2)
    look({"folder": "odd"}, {"npz": "v.npz"}, {"folder": "odd"})
    page = Page(tmp_path / "looked-data.html")
    assert "script" not in page.tags
    assert "<script>alert(1)<" in page.text
    assert len(page.images) == 2 * (8 + 2) + 2 * (8 + 2)


def test_the_page_works_in_a_browser_without_a_network(tmp_path: Path) -> None:
    fill(tmp_path / "data" / "pets")
    look({"folder": "pets"})
    asked: list[str] = []
    with sync_playwright() as driver, launch(driver) as browser:
        page = browser.new_page(offline=True)
        page.on("request", lambda request: asked.append(request.url.partition(":")[0]))
        page.on("console", lambda message: asked.append(message.text))
        page.goto((tmp_path / "looked-data.html").as_uri())
        shown = "[...document.images].filter(image => image.naturalWidth === 6).length"
        assert page.evaluate(shown) == 20
    assert {*asked} <= {"file", "data"}


def no_folder(data: Path) -> Any:  # noqa: ARG001
    return {"folder": "pets"}


def no_class(data: Path) -> Any:
    fill(data / "pets" / "train")
    fill(data / "pets" / "test", classes=("cat",))
    return {"folder": "pets"}


def one_class(data: Path) -> Any:
    fill(data / "pets", classes=("cat",))
    return {"folder": "pets"}


def broken(data: Path) -> Any:
    fill(data / "pets")
    (data / "pets" / "cat" / "0.png").write_bytes(b"no image")
    return {"folder": "pets"}


def table(data: Path, row: str, **options: Any) -> Any:
    lines = ["file,a,b", *(f"{number}.png,{number % 2},{number % 2}" for number in range(8)), row]
    for number in range(9):
        write(data / f"{number}.png", number)
    (data / "t.csv").write_text("\n".join(lines))
    return {"csv": "t.csv", "path": "file", "labels": ["a", "b"], **options}


def cut_short(data: Path, kind: str) -> Any:
    import h5py

    data.mkdir()
    content: dict[str, Any] = {
        "images": np.zeros((20, 8, 8), np.uint8),
        "labels": np.arange(20) % 2,
    }
    file = data / f"set.{kind}"
    if kind == "npz":
        np.savez(file, **content)
    else:
        with h5py.File(file, "w") as target:
            for name, array in content.items():
                target[name] = array
    file.write_bytes(file.read_bytes()[:700])
    return {kind: f"set.{kind}"}


WRONG: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no folder": (no_folder, "the folder 'pets' is missing: looked for"),
    "no class folder": (no_class, "test must hold a folder|test must have the class folders"),
    "one class": (one_class, r"two or more, and has one \(cat\)"),
    "broken": (broken, r"cat/0.png must be a PNG, .* cannot be decoded"),
    "label": (lambda data: table(data, "8.png,x,1"), "column 'a', and line 10 has 'x'"),
    "absent": (lambda data: table(data, "9.png,1,1"), r"are no files \(.*9.png\)"),
    "column": (
        lambda data: table(data, "8.png,1,1", labels=["a", "bb"]),
        r"must have the column 'bb' \(it has 'b'\)",
    ),
    "npz": (lambda data: cut_short(data, "npz"), "must be a whole .npz file, .*700 bytes failed"),
    "hdf5": (lambda data: cut_short(data, "hdf5"), "must be a whole HDF5 file, .*700 bytes failed"),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("command", ["data", "run"])
def test_what_is_wrong_is_a_sentence_before_anything_trains(
    command: str, case: str, tmp_path: Path
) -> None:
    make, words = WRONG[case]
    task = {"dataset": make(tmp_path / "data"), "model": "mlp", "epochs": 1}
    Path("s.yaml").write_text(yaml.safe_dump({**SPEC, "tasks": [task]}))
    done = CliRunner().invoke(app, [command, "s.yaml"])
    assert done.exit_code == 2, done.output
    assert re.search(words, done.stderr), done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "studies").exists()
    assert not (tmp_path / "looked-data.html").exists()


def test_a_reader_of_one_s_own_that_fails_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    Path("own_looked.py").write_text("def read(root, download):\n    raise KeyError('mine')\n")
    _, said = look("own_looked:read", exit_code=2)
    assert "own_looked:read cannot be read (KeyError: 'mine'" in said
