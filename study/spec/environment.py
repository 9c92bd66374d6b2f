"""Can this machine do what the spec asks? Looked at before anything is written."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from study.machine import cluster_address, cores, memory
from study.spec.model import StudySpec, Task, data_root, directory_of
from study.spec.names import name_problems
from study.spec.sentences import Problem, spec_error
from study.spec.text import Source
from trainables.errors import DataError

if TYPE_CHECKING:
    from trainables.datasets.source import Source as Images

__all__ = ["check_environment"]

SQLITE_BYTES = 495
"""SQLite opens no file whose path, with a suffix of its own, is longer than 512."""

LEAST_GB = 1.0
"""Of memory. Measured: a driver with Ray takes 0.9 GB, and each trial 0.5 GB or more."""


def check_environment(spec: StudySpec) -> None:
    """Names, hardware and data: all that a run needs beside a well-formed spec.

    A data set that is not there is fetched here where the spec allows it. Cores, GPUs and memory
    are not looked at when ``RAY_ADDRESS`` names a cluster, since trials then run elsewhere.

    Raises:
        SpecError: one line for each thing that is wrong.
    """
    problems = name_problems(spec) or [*_storage(spec), *_hardware(spec), *_data(spec)]
    if problems:
        raise spec_error(Source(f"study {spec.name}", None), problems)


def _storage(spec: StudySpec) -> Iterator[Problem]:
    if spec.storage is None:
        directory = directory_of(spec)
        if (length := len(os.fsencode(directory.resolve()))) > SQLITE_BYTES:
            yield Problem(
                ("directory",),
                f"must have at most {SQLITE_BYTES} bytes, or SQLite cannot open a file there, and "
                f"{directory} has {length}: choose another, or set storage to a server's URL",
            )
        return
    from study.database_url import resolve_url
    from study.errors import LedgerError

    try:
        resolve_url(spec.storage)
    except LedgerError as error:
        yield Problem(("storage",), str(error))


def _hardware(spec: StudySpec) -> Iterator[Problem]:
    if cluster_address():
        return
    import torch

    there = cores()
    if spec.resources.cpus > there:
        yield Problem(
            ("resources", "cpus"),
            f"a trial must not take more CPU cores than there are, and {spec.resources.cpus:g} is "
            f"more than the {there} that this process may use",
        )
    if memory() < LEAST_GB * 1e9:
        yield Problem(
            (),
            f"a study takes more than {LEAST_GB:g} GB of memory, and this process may use "
            f"{memory() / 1e9:.2g} GB",
        )
    gpus = torch.cuda.device_count()
    if spec.resources.gpus > gpus:
        yield Problem(
            ("resources", "gpus"),
            f"a trial must not take more GPUs than there are, and {spec.resources.gpus:g} is more "
            f"than {gpus}: set gpus to 0 to train on the CPU",
        )


def _data(spec: StudySpec) -> Iterator[Problem]:
    from trainables.datasets.cache import read_source
    from trainables.datasets.imbalance import counts

    for index, task in enumerate(spec.tasks):
        try:
            found = read_source(task.dataset, data_root(spec), spec.download)
        except DataError as error:
            yield Problem(("tasks", index, "dataset"), str(error))
            continue
        except Exception as error:  # noqa: BLE001 - the user's own reader may raise anything
            reason = str(error).partition("\n")[0]
            wrong = f"{task.dataset} cannot be read ({type(error).__name__}: {reason})"
            yield Problem(("tasks", index, "dataset"), wrong)
            continue
        yield from _model(task, index, found)
        for ratio_index, imratio in enumerate(spec.imratios):
            try:
                have = counts(
                    found.train_labels,
                    found.n_classes,
                    imratio,
                    task.validation,
                    found.validation_share,
                    task.easy_positives,
                )
            except DataError as error:
                yield Problem(("imratios", ratio_index), f"task {task.name}: {error}")
                continue
            images = have.train_positives + have.train_negatives
            steps = task.epochs * max(1, images // task.batch_size)
            if task.budget != "seconds" and task.intervals > steps:
                yield Problem(
                    ("tasks", index, "intervals"),
                    f"must be at most the {steps} steps of a trial, not {task.intervals}",
                )


def _model(task: Task, index: int, images: "Images") -> Iterator[Problem]:
    """A network that cannot take the images would fail in every single trial."""
    import torch

    from trainables.models import MODELS
    from trainables.names import resolve

    channels, size = images.train_images.shape[1:3]
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        try:
            model = resolve("model", MODELS, task.model)(channels, size).eval()
            logits = model(torch.zeros(2, channels, size, size))
        except Exception as error:  # noqa: BLE001 - the user's own network may raise anything
            yield Problem(
                ("tasks", index, "model"),
                f"{task.model} must take {task.dataset}'s images, {channels} channels of "
                f"{size}x{size} pixels, and fails on them ({type(error).__name__}: "
                f"{str(error).partition(chr(10))[0]})",
            )
            return
    if logits.shape != (2,):
        yield Problem(
            ("tasks", index, "model"),
            f"{task.model} must give one logit an image, (B,), not {tuple(logits.shape)} for two",
        )
