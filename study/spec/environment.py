"""Can this machine do what the spec asks? Looked at before anything is written."""

import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from study.machine import cluster_address, cores, memory
from study.spec.frozen_features import for_images
from study.spec.model import StudySpec, Task, data_root, directory_of, ratios
from study.spec.named import FEATURES, Dataset, Network
from study.spec.names import name_problems
from study.spec.network_options import network_of, networks_tried
from study.spec.sentences import Problem, spec_error
from study.spec.several_labels import for_one_label
from study.spec.space import fixed_params
from study.spec.text import Document
from trainables.errors import DataError, TrainableError, in_one_line

if TYPE_CHECKING:
    from torch import Tensor

    from trainables.datasets.source import Source as Images
    from trainables.models.classifier import BinaryClassifier

__all__ = ["check_environment"]

FEW = 2
"""Images on which a network is tried, if a training batch has as many."""

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
        raise spec_error(Document(f"study {spec.name}", None), problems)


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

    from trainables.steps.compiled import compiler

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
    if spec.compile is True and compiler() is None:
        yield Problem(
            ("compile",),
            "compile: true needs a C++ compiler, and none is found (g++, or what the variable CXX "
            "names): install one, or leave compile out",
        )
    gpus = torch.cuda.device_count()
    if spec.resources.gpus > gpus:
        yield Problem(
            ("resources", "gpus"),
            f"a trial must not take more GPUs than there are, and {spec.resources.gpus:g} is more "
            f"than {gpus}: set gpus to 0 to train on the CPU, or plan for the machine that has "
            'them, as in `aucstudy plan SPEC --for "8x H200"`',
        )


def _data(spec: StudySpec) -> Iterator[Problem]:
    from trainables.datasets.cache import read_source

    done: list[Dataset] = []
    for first, each in enumerate(spec.tasks):
        dataset = each.dataset
        if dataset in done:
            continue
        done.append(dataset)
        tasks = [(i, task) for i, task in enumerate(spec.tasks) if task.dataset == dataset]
        path = ("tasks", first, "dataset")
        try:
            found = read_source(dataset.name, data_root(spec), spec.download, dataset.options)
        except DataError as error:
            yield Problem(path, str(error))
        except Exception as error:  # noqa: BLE001 - the user's own reader may raise anything
            yield Problem(
                path,
                f"{dataset.name} cannot be read ({in_one_line(error)}): a reader takes (root, "
                "download) and gives a trainables.datasets.source.Source",
            )
        else:
            for index, task in tasks:
                try:
                    trained = _trained(task, found)
                except DataError as error:
                    yield Problem(("tasks", index, "long_tail"), f"task {task.name}: {error}")
                    continue
                labels = trained.labels, trained.train_labels
                if wrong := [*for_one_label(spec, task, index, *labels)]:
                    yield from wrong
                    continue
                yield from _images(spec, task, index, found, trained)
                yield from for_images(spec, task, index, found)
                yield from _model(spec, task, index, trained)


def _trained(task: Task, found: "Images") -> "Images":
    """The data set with the labels that the task trains, of a long tail its classes."""
    from trainables.datasets.choice import names
    from trainables.datasets.cut.long_tail import by_class

    return found if task.long_tail is None else by_class(found, names(found))


def _images(
    spec: StudySpec, task: Task, index: int, found: "Images", trained: "Images"
) -> Iterator[Problem]:
    """Do they suffice for every imratio, and are they augmented as such images can be?"""
    from trainables.batches.augment import refuse_other_axes
    from trainables.datasets.cut.imbalance import targets_of_test
    from trainables.datasets.cut.part_counts import part_counts
    from trainables.methods import METHODS
    from trainables.models.branch import METADATA
    from trainables.names import resolve

    try:
        targets_of_test(trained)
    except DataError as error:
        yield Problem(("tasks", index, "dataset"), f"{task.dataset.shown}: {error}")
    if task.augmentation is not None:
        try:
            refuse_other_axes(task.augmentation, found.train_images.ndim - 1)
        except DataError as error:
            yield Problem(("tasks", index, "augmentation"), f"task {task.name}: {error}")
    of_images = task.model.name not in (METADATA, FEATURES)
    axes = found.train_images.ndim - 1 if of_images else 1
    for place, variant in enumerate(spec.methods):
        method = resolve("method", METHODS, variant.method)(**fixed_params(spec, variant))
        try:
            method.refuse_images(axes)
        except DataError as error:
            yield Problem(("methods", place), f"task {task.name}: {error}")
    plain = of_images and (task.augmentation or found.augmentation) == "none"
    if spec.evaluation.tta is not None and plain:
        yield Problem(
            ("evaluation", "tta"),
            f"averages over augmented copies of an image, and task {task.name} has augmentation "
            "none: give the task one, or leave tta out",
        )
    key: tuple[str | int, ...] = ("tasks", index, "imratios") if task.imratios else ("imratios",)
    said = set[str]()  # what hangs on no ratio is said once
    for ratio_index, imratio in enumerate(ratios(spec, task)):
        try:
            have = part_counts(
                found, imratio, task.validation, task.easy_positives, long_tail=task.long_tail
            )
        except DataError as error:
            if str(error) not in said:
                yield Problem((*key, ratio_index), f"task {task.name}: {error}")
            said.add(str(error))
            continue
        images = have["train"].images
        steps = task.epochs * max(1, images // task.batch_size)
        if task.budget != "seconds" and steps * (spec.evaluation.swa or 1) < 1:
            yield Problem(
                ("evaluation", "swa"),
                f"must leave a step to average over, but a trial of task {task.name} has {steps}, "
                f"and its last {spec.evaluation.swa:g} holds none",
            )
        if task.budget != "seconds" and task.intervals > steps:
            yield Problem(
                ("tasks", index, "intervals"),
                f"must be at most the {steps} steps of a trial, not {task.intervals}",
            )


def _built(
    name: str,
    options: Mapping[str, Any],
    columns: int,
    root: Path,
    in_channels: int,
    image_size: int,
) -> "BinaryClassifier":
    from trainables.models import network
    from trainables.models.features import of_images

    name, own = of_images(name, options)
    return network(name, own, in_channels, image_size, root, columns)


def _columns(found: "Images") -> "Tensor":
    """Metadata of the training images as float columns (N, K); without any, K is 0."""
    import torch

    from trainables.datasets.cut.columns import fitted

    metadata = found.train_metadata
    if metadata is None or not metadata.columns:
        return torch.empty(len(found.train_images), 0)
    return fitted(metadata).encode(metadata)


def _model(spec: StudySpec, task: Task, index: int, found: "Images") -> Iterator[Problem]:
    """A network that cannot take the images would fail in every single trial; one that the space
    gives, in many."""
    base = network_of(spec, task)
    if wrong := _wrong(spec, task, base, found, train=True):
        yield Problem(("tasks", index, "model"), wrong)
        return
    for path, network in networks_tried(spec, task):
        if wrong := _wrong(spec, task, network, found, train=False):
            yield Problem(path, wrong)


def _wrong(
    spec: StudySpec, task: Task, network: Network, found: "Images", *, train: bool
) -> str | None:
    """What is wrong with a network of the task; where it is the user's own and we ``train`` it,
    a step of every method is tried, too."""
    import torch

    from study.spec.own_network import flaw, untrained
    from trainables.batches.augment import normalise
    from trainables.methods import METHODS
    from trainables.models import MODELS
    from trainables.models.branch import METADATA, OPTIONS, Branch, refuse_none
    from trainables.names import resolve

    name, options = network.name, network.options
    few = torch.arange(min(FEW, task.batch_size)) % len(found.train_images)
    metadata = None
    try:
        if name == METADATA or Branch.of(name, options) is not None:
            metadata = _columns(found)[few]
            refuse_none(f"task {task.name}: {network.shown}", metadata.shape[1])
    except DataError as error:
        return str(error)
    if name == METADATA:
        return None  # it is ours, and takes any number of columns
    # Its branch is ours, too: what is the user's own is the network of the images.
    of_images = {option: value for option, value in options.items() if option not in OPTIONS}
    half = torch.full((found.train_images.shape[1],), 0.5)
    images = normalise(found.train_images[few], half, half)
    with torch.random.fork_rng(devices=[]):
        try:
            wrong = flaw(partial(_built, name, of_images, 0, data_root(spec)), images)
        except TrainableError as error:
            return str(error)
        if wrong is None and train and name not in (*MODELS, FEATURES):
            methods = [
                (each.name, resolve("method", METHODS, each.method)(**fixed_params(spec, each)))
                for each in spec.methods
            ]
            # On a GPU bf16 may have what it lacks on this CPU.
            precision = "f32" if spec.resources.gpus else spec.precision
            precision = "bf16" if precision == "auto" else precision
            columns = 0 if metadata is None else metadata.shape[1]
            build = partial(_built, name, options, columns, data_root(spec))
            labels = max(1, len(found.labels))
            classes = task.long_tail is not None
            wrong = untrained(build, images, methods, precision, labels, metadata, classes)
    return f"{network.shown} {wrong} (images of {task.dataset.shown})" if wrong else None
