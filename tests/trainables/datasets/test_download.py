"""A MedMNIST download, from a web server of our own on this machine."""

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from tests.trainables.official_files import Expected, md5, write_medmnist
from trainables.datasets import (
    DATASETS,
)
from trainables.datasets.sets import (
    medmnist,
)
from trainables.datasets.sets.medmnist_sets import SETS
from trainables.errors import DataError


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Expected]]:
    """(the file that the server gives for breastmnist, its content)."""
    file = tmp_path / "server" / "breastmnist.npz"
    expected = write_medmnist("breastmnist", file)
    handler = partial(_Quiet, directory=str(file.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}/{{name}}.npz?download=1"
        monkeypatch.setattr(medmnist, "URL", address)
        yield file, expected
        server.shutdown()
        thread.join()


def test_download_then_read(
    served: tuple[Path, Expected], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, expected = served
    facts = SETS["breastmnist"]._replace(md5={28: md5(file)})
    monkeypatch.setitem(SETS, "breastmnist", facts)
    root = tmp_path / "data"
    source = DATASETS["breastmnist"](root, True)
    np.testing.assert_array_equal(source.train_images.numpy(), expected.train_images)
    assert [path.relative_to(root) for path in root.rglob("*.*")] == [
        Path("medmnist/breastmnist.npz")
    ]


@pytest.mark.usefixtures("served")
def test_download_with_a_wrong_checksum_leaves_nothing(tmp_path: Path) -> None:
    root = tmp_path / "data"
    with pytest.raises(DataError, match="cannot be downloaded"):
        DATASETS["breastmnist"](root, True)
    assert not list(root.rglob("*.*"))


def test_facts_are_the_medmnist_package_s() -> None:
    info = pytest.importorskip("medmnist.info", reason="the medmnist package is not installed")
    assert set(SETS) == set(info.INFO)
    for name, facts in SETS.items():
        official = info.INFO[name]
        for size, md5_sum in facts.md5.items():
            more = "" if size == 28 else f"_{size}"
            assert medmnist.URL.format(name=f"{name}{more}") == official[f"url{more}"]
            assert md5_sum == official[f"MD5{more}"]
        assert len(facts.md5) == sum(key.startswith("MD5") for key in official)
        assert facts.names == tuple(official["label"][str(n)] for n in range(len(facts.names)))
        assert facts.images == tuple(official["n_samples"][part] for part in medmnist.PARTS)
        assert facts.channels == official["n_channels"]
        assert facts.multi_label == ("multi-label" in official["task"])
        assert facts.axes == 2 + name.endswith("3d")
