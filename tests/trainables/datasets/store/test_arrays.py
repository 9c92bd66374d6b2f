"""Arrays that processes share: known by their content, mapped, and never half."""

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from trainables.datasets.store import arrays
from trainables.datasets.store.arrays import FEW_BYTES, blocks, is_mapped, shared, streamed
from trainables.datasets.store.place import kept

SHAPE = (FEW_BYTES // 48 + 1, 3, 4, 4)


def images(seed: int) -> torch.Tensor:
    draw = np.random.default_rng(seed)
    return torch.from_numpy(draw.integers(0, 256, SHAPE, dtype=np.uint8))


def test_what_is_shared_is_equal_mapped_and_there_once() -> None:
    own = images(0)
    assert not is_mapped(own)
    found = shared(own, "drawn")
    assert torch.equal(found, own)
    assert is_mapped(found)
    assert not is_mapped(own)
    assert shared(found, "drawn") is found
    assert is_mapped(shared(images(0), "drawn again"))
    assert kept().sets == 1
    assert is_mapped(found[5:]), "a part of it is mapped, too"


def test_a_pixel_or_a_shape_makes_another_set() -> None:
    own = images(0)
    shared(own, "drawn")
    own[-1, -1, -1, -1] += 1
    assert torch.equal(shared(own, "drawn"), own)
    turned = own.view(SHAPE[0], 3, 2, 8)
    assert shared(turned, "drawn").shape == turned.shape
    assert kept().sets == 3


def test_what_is_small_stays_as_it_is() -> None:
    few = images(0)[: FEW_BYTES // 48]
    assert shared(few, "drawn") is few
    assert kept().sets == 0


def test_a_view_is_shared_as_it_reads() -> None:
    turned = images(0).transpose(2, 3)
    assert torch.equal(shared(turned, "drawn"), turned)


def test_without_a_store_the_images_stay_in_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AUCSTUDY_CACHE", str(tmp_path / "file"))
    own = images(0)
    with caplog.at_level(logging.WARNING):
        assert shared(own, "drawn") is own
    assert "drawn is not shared between trials" in caplog.text


def test_what_comes_in_parts_is_never_whole_in_memory_and_made_once() -> None:
    whole = images(1).numpy()
    asked: list[int] = []

    def parts() -> Iterator[NDArray[np.uint8]]:
        for start in range(0, len(whole), 1000):
            asked.append(start)
            yield whole[start : start + 1000]

    for _ in range(2):
        found = streamed("parts", ["a file"], whole.shape, parts())
        np.testing.assert_array_equal(found.numpy(), whole)
        assert is_mapped(found)
    assert len(asked) == len(set(asked))


def test_a_source_that_fails_in_the_middle_leaves_no_set() -> None:
    whole = images(1).numpy()

    def parts() -> Iterator[NDArray[np.uint8]]:
        yield whole[:1000]
        raise OSError("the file is cut short")

    with pytest.raises(OSError, match="cut short"):
        streamed("parts", ["a file"], whole.shape, parts())
    assert kept().sets == 0
    found = streamed("parts", ["a file"], whole.shape, iter([whole]))
    np.testing.assert_array_equal(found.numpy(), whole)


def test_few_images_need_no_store() -> None:
    few = images(1)[:100].numpy()
    found = streamed("parts", ["a file"], few.shape, iter([few[:30], few[30:]]))
    np.testing.assert_array_equal(found.numpy(), few)
    assert kept().sets == 0


@pytest.mark.parametrize(("total", "each"), [(0, 5), (1, 5), (10, 3), (10, 2**30)])
def test_blocks_cover_all_rows_once(total: int, each: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "BLOCK_BYTES", 4 * 3)
    rows = [row for block in blocks(total, each) for row in range(total)[block]]
    assert rows == [*range(total)]
