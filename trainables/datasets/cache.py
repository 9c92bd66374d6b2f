"""One small cache a process, so that trials of one task read and prepare their data once."""

from functools import lru_cache
from pathlib import Path

from trainables.datasets import DATASETS
from trainables.datasets.ablation import Ablation
from trainables.datasets.imbalance import BinaryTask, binary_task
from trainables.datasets.source import Source
from trainables.names import resolve

__all__ = ["clear", "read_source", "task_on_device"]

# A new data seed needs the whole set again, and reading it takes 1 s for CIFAR-10, 3 s for
# Cat&Dog at 32x32; preparing a task takes 0.1 s, and each holds 100 MB.
SOURCES_KEPT = 2
TASKS_KEPT = 2


def read_source(dataset: str, data_root: str | Path, download: bool = False) -> Source:
    """The data set of that name (or ``package.module:object``), read at most once a process.

    Raises:
        UnknownNameError: no such data set.
        DataError: it is not there, or damaged.
    """
    return _source(dataset, Path(data_root), download)


def task_on_device(
    dataset: str,
    data_root: str | Path,
    download: bool,
    imratio: float | None,
    data_seed: int,
    validation: str,
    device: str,
    ablation: Ablation = Ablation(),  # noqa: B008 - frozen
) -> BinaryTask:
    """The binary task on a device ("cpu", "cuda"); the same arguments give the same object.

    Its tensors are shared by all who ask: never change them in place.

    Raises:
        UnknownNameError, DataError: see ``read_source`` and ``binary_task``.
    """
    return _task(
        dataset, Path(data_root), download, imratio, data_seed, validation, device, ablation
    )


def clear() -> None:
    """Forget every cached set and task, and free their memory."""
    _source.cache_clear()
    _task.cache_clear()


@lru_cache(maxsize=SOURCES_KEPT)
def _source(dataset: str, data_root: Path, download: bool) -> Source:
    return resolve("data set", DATASETS, dataset)(data_root, download)


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
) -> BinaryTask:
    source = _source(dataset, data_root, download)
    return binary_task(source, imratio, data_seed, validation, ablation).to(device)
