"""One small cache a process, so that trials of one task read and prepare their data once."""

import json
import sys
from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from trainables.datasets import (
    DATASETS,
)
from trainables.datasets.choice import chosen
from trainables.datasets.cut.ablation import Ablation
from trainables.datasets.cut.imbalance import BinaryTask, binary_task
from trainables.datasets.options import refuse_unknown_of, split
from trainables.datasets.source import Source
from trainables.datasets.store.arrays import shared
from trainables.errors import DataError
from trainables.names import resolve
from trainables.options import key as key_of

__all__ = ["clear", "read_source", "task_on_device"]

# A new data seed needs the whole set again, and reading it takes 1 s for CIFAR-10, 3 s for
# Cat&Dog at 32x32; preparing a task takes 0.1 s. Tasks are views of a set's images; on a GPU each
# holds its own.
SOURCES_KEPT = 2
TASKS_KEPT = 2

_sources: dict[tuple[str, Path], Source] = {}


def read_source(
    dataset: str,
    data_root: str | Path,
    download: bool = False,
    data: Mapping[str, Any] | None = None,
) -> Source:
    """The data set of that name (or ``package.module:object``), read at most once a process.

    One that was read after a download is the one that is asked for without.

    Args:
        dataset: its name.
        data_root: folder of the data sets.
        download: whether what is missing may be fetched.
        data: its options (`trainables.datasets.options`), as plain JSON.

    Raises:
        UnknownNameError: no such data set, or it has no such option.
        DataError: it is not there, or damaged, or not as a ``Source`` must be.
    """
    key = (key_of(dataset, data), Path(data_root))
    source = _sources.pop(key, None) or _read(dataset, key[1], download, data or {})
    # The latest stands last, the first goes.
    _sources[key] = source
    while len(_sources) > SOURCES_KEPT:
        _sources.pop(next(iter(_sources)))
    return source


def task_on_device(
    dataset: str,
    data_root: str | Path,
    download: bool,
    imratio: float | None,
    data_seed: int,
    validation: str,
    device: str,
    ablation: Ablation = Ablation(),  # noqa: B008 - frozen
    data: Mapping[str, Any] | None = None,
    memory: int = sys.maxsize,
    long_tail: float | None = None,
) -> BinaryTask:
    """The binary task on a device ("cpu", "cuda"); the same arguments give the same object.

    Its tensors are shared by all who ask: never change them in place. Its images stay on the CPU if
    they take more than ``memory`` bytes.

    Raises:
        UnknownNameError, DataError: see ``read_source`` and ``binary_task``.
    """
    return _task(
        dataset,
        Path(data_root),
        download,
        imratio,
        data_seed,
        validation,
        device,
        ablation,
        json.dumps(data or {}, sort_keys=True),
        memory,
        long_tail,
    )


def clear() -> None:
    """Forget every cached set and task, and free their memory."""
    _sources.clear()
    _task.cache_clear()


def _read(dataset: str, data_root: Path, download: bool, data: Mapping[str, Any]) -> Source:
    reader = resolve("data set", DATASETS, dataset)
    refuse_unknown_of(dataset, reader, data)
    own, general = split(reader, data)
    source: object = reader(data_root, download, **own)
    if not isinstance(source, Source):
        raise DataError(
            f"a data set's reader must give a trainables.datasets.source.Source, and {dataset} "
            f"gives {source if source is None else type(source).__name__}: return one."
        )
    return chosen(_shared(source, dataset), **general)


def _shared(source: Source, dataset: str) -> Source:
    """The same, with images that the processes of this machine have in memory once for all."""
    images = {
        name: shared(getattr(source, name), dataset) for name in ("train_images", "test_images")
    }
    if all(getattr(source, name) is each for name, each in images.items()):
        return source
    # A subclass of one's own may be made in another way.
    return Source(**{each.name: getattr(source, each.name) for each in fields(Source)} | images)


@lru_cache(maxsize=TASKS_KEPT)
def _task(
    dataset: str,
    data_root: Path,
    download: bool,
    imratio: float | None,
    data_seed: int,
    validation: str,
    device: str,
    ablation: Ablation,
    data: str,
    memory: int,
    long_tail: float | None,
) -> BinaryTask:
    source = read_source(dataset, data_root, download, json.loads(data))
    task = binary_task(source, imratio, data_seed, validation, ablation, long_tail)
    return task.to(device, images=task.image_bytes <= memory)
