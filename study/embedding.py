"""Frozen features of a study: what making them will take, and making them before its trials."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from study.machine import cluster_address
from study.spec import StudySpec, Task, data_root
from study.spec.named import FEATURES
from study.words import duration

if TYPE_CHECKING:
    from study.tune.stop import Stop
    from trainables.features.embedding import Embedding

__all__ = ["embedded", "forecasts"]


class _StoppedError(Exception):
    """The study is to stop."""


def forecasts(spec: StudySpec) -> Iterator[str]:
    """A sentence for each task on frozen features: how long they take to make, and how large."""
    for task, made in _embeddings(spec):
        size = f"{made.nbytes / 1e6:,.1f} MB in the store of images"
        if made.kept:
            yield f"Features of {task.name} are made already: {size}."
        else:
            yield (
                f"Features of {task.name} are made once, before the trials: about "
                f"{duration(made.seconds())} on all cores of this machine, and {size}."
            )


def embedded(spec: StudySpec, stop: "Stop") -> bool:
    """Make what features the trials need, where they run on the CPUs of this machine; elsewhere
    the first trial of each machine makes them.

    Returns:
        Whether they are made; False: the study is to stop, and goes on with them the next time.

    Raises:
        DataError: they cannot be made.
    """
    from trainables.datasets.store.progress import beating

    if spec.resources.gpus > 0 or cluster_address():
        return True

    def heed() -> None:
        if stop.reason is not None:
            raise _StoppedError

    try:
        with beating(heed):
            for _, made in _embeddings(spec):
                made.vectors()
    except _StoppedError:
        return False
    return True


def _embeddings(spec: StudySpec) -> "Iterator[tuple[Task, Embedding]]":
    tasks = [task for task in spec.tasks if task.model.name == FEATURES]
    if not tasks:
        return
    from trainables.features.embedding import embedding

    device = "cuda" if spec.resources.gpus > 0 else "cpu"
    for task in tasks:
        found = embedding(
            task.dataset.name,
            task.dataset.options,
            task.model.options,
            task.augmentation,
            data_root(spec),
            device,
        )
        yield task, found
