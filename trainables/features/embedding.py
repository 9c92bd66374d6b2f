"""A data set's images as vectors: made once by whoever needs them first, then mapped by all.

They lie in the store of images, known by all that decides them: the images, the network with its
weights, how images are normalised, and for views the augmentation and its seed. So they hang on no
split and on no ratio; the parts of a task are rows of them.
"""

import hashlib
import inspect
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod
from pathlib import Path
from typing import Any, Literal
from zlib import crc32

import numpy as np
import torch
from torch import Tensor, nn

from trainables.batches.augment import augment, normalise
from trainables.datasets.cache import read_source
from trainables.datasets.source import Source
from trainables.datasets.store.arrays import blocks
from trainables.datasets.store.entry import Entry, Stored, put
from trainables.datasets.store.journal import Chunk, Journal
from trainables.datasets.store.progress import beat, progress
from trainables.errors import DataError
from trainables.files import checksum
from trainables.host_memory import give_back, keep_freed
from trainables.models import builder, network
from trainables.models.features import Features
from trainables.models.weights import statistics
from trainables.steps.precision import f32_products

__all__ = ["Embedding", "Vectors", "embedding"]

BATCH = 250
"""Images that go through a network together, at most."""

BATCH_PIXELS = 2**23
"""And so many pixels of all channels: large networks keep a multiple of them."""

TIMED_SECONDS = 1.0

FLOAT = 4
"""Bytes of a float32."""

KEPT = 2
"""Embeddings that a process remembers, as it does data sets."""

Part = Literal["train", "test"]


@dataclass(frozen=True)
class Vectors:
    """Of all images of a data set.

    Attributes:
        train: float32 (N, D), or with V views (N, V, D), of which the first is the image's own.
        plain: float32 (N, D), of the training images as they are.
        test: float32 (M, D).
    """

    train: Tensor
    plain: Tensor
    test: Tensor


class Embedding:
    """The vectors that a network gives of a data set's images; in evaluation, in f32.

    Args:
        source: the data set.
        what: the set, for people.
        asked: the network, and how many views.
        augmentation: makes the views.
        root: folder of the data sets.
        device: "cpu", all of whose cores are used, or "cuda".

    Attributes:
        width: D, numbers of a vector.

    Raises:
        UnknownNameError, DataError: there is no such network, or its weights cannot be had.
    """

    def __init__(
        self,
        source: Source,
        what: str,
        asked: Features,
        augmentation: str,
        root: Path,
        device: str,
    ) -> None:
        self._source, self._asked, self._root = source, asked, root
        self._what = f"{what}, embedded by {asked.features}"
        self._augmentation, self._device = augmentation, torch.device(device)
        channels, *sizes = source.train_images.shape[1:]
        self._channels, self._size = channels, sizes[-1]
        self._batch = max(1, min(BATCH, BATCH_PIXELS // source.train_images[0].numel()))
        self._mean, self._std = statistics(asked.features, channels)
        model = self._network()
        self.width = model.head.in_features
        self._made_by = [asked.features, _checksum(model.features), _code(asked.features)]

    @property
    def shapes(self) -> dict[tuple[Part, int], tuple[int, ...]]:
        """Of the tensors that it has in the store, by part and number of views."""
        train, test = len(self._source.train_images), len(self._source.test_images)
        found: dict[tuple[Part, int], tuple[int, ...]] = {
            ("train", 1): (train, self.width),
            ("test", 1): (test, self.width),
        }
        if (views := self._asked.views) > 1:
            found["train", views] = (train, views, self.width)
        return found

    @property
    def nbytes(self) -> int:
        """Of all vectors, as they lie in the store."""
        return FLOAT * sum(map(prod, self.shapes.values()))

    @property
    def kept(self) -> bool:
        """They lie in the store."""
        return all(self._entry(*key).find() is not None for key in self.shapes)

    def vectors(self) -> Vectors:
        """All of them, mapped and read-only; the store's are made if it lacks them.

        Raises:
            DataError: the disk is full, or a vector is not finite.
        """
        plain, test = self._get("train", 1), self._get("test", 1)
        views = self._asked.views
        return Vectors(self._get("train", views) if views > 1 else plain, plain, test)

    def blank(self) -> Vectors:
        """Zeros in their place, which take no memory: enough to time a trial's steps."""
        of = {key: torch.zeros(1).expand(shape) for key, shape in self.shapes.items()}
        plain, test = of["train", 1], of["test", 1]
        return Vectors(of.get(("train", self._asked.views), plain), plain, test)

    def seconds(self) -> float:
        """About how long it takes to make them here: a batch is timed."""
        features = self._features()
        images = self._source.train_images[: self._batch]
        with _all_cores():
            self._embed(features, images)
            times, started = 0, time.perf_counter()
            while not times or time.perf_counter() - started < TIMED_SECONDS:
                self._embed(features, images)
                times += 1
            of_image = (time.perf_counter() - started) / times / len(images)
        each = len(self._source.train_images) * self._asked.views + len(self._source.test_images)
        return of_image * each

    def _network(self) -> Any:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._asked.seed)
            return network(
                self._asked.features, self._asked.options, self._channels, self._size, self._root
            )

    def _features(self) -> nn.Module:
        features: nn.Module = self._network().features.eval().to(self._device)
        return features

    @torch.no_grad()
    def _embed(self, features: nn.Module, images: Tensor) -> Tensor:
        """float32 (B, D), on the CPU."""
        mean, std = self._mean.to(self._device), self._std.to(self._device)
        with f32_products("f32"):
            vectors: Tensor = features(normalise(images.to(self._device), mean, std))
        return vectors.float().cpu()

    @cached_property
    def _digests(self) -> dict[Part, str]:
        return {
            "train": _digest(self._source.train_images),
            "test": _digest(self._source.test_images),
        }

    def _entry(self, part: Part, views: int) -> Entry:
        drawn = [views, self._augmentation, self._asked.seed] if views > 1 else []
        numbers = [each.tolist() for each in (self._mean, self._std)]
        made_of = ["features", self._digests[part], self._made_by, numbers, drawn]
        return Entry(self._what, made_of)

    def _get(self, part: Part, views: int) -> Tensor:
        entry = self._entry(part, views)
        stored = entry.get(lambda: self._make(entry, part, views))
        return stored.images.view(torch.float32)

    def _make(self, entry: Entry, part: Part, views: int) -> Stored:
        """Batch by batch, going on where an earlier process was interrupted."""
        images: Tensor = getattr(self._source, f"{part}_images")
        *before, width = self.shapes[part, views]
        shape = (*before, FLOAT * width)
        of_image = prod(shape[1:])

        def span(start: int) -> tuple[int, int]:
            return start * of_image, min(self._batch, len(images) - start) * of_image

        journal = Journal(entry.file("journal"), {"shape": [*shape], "chunk": self._batch})
        done = journal.sound(entry.partial, span)
        descriptor = entry.reserve(shape, again=bool(done))
        features = self._features()
        try:
            journal.begin(done)
            with progress(self._what, len(images)) as told, _all_cores():
                for start in range(0, len(images), self._batch):
                    rows = images[start : start + self._batch]
                    if start not in {chunk.start for chunk in done}:
                        content = self._seen(features, rows, views, start).numpy().tobytes()
                        put(descriptor, content, span(start)[0])
                        journal.add(Chunk(start, crc32(content), []))
                    told(len(rows))
        finally:
            os.close(descriptor)
            if self._device.type == "cuda":
                torch.cuda.empty_cache()  # trials share the GPU
        stored = entry.finish(shape)
        journal.remove()
        return stored

    def _seen(self, features: nn.Module, images: Tensor, views: int, start: int) -> Tensor:
        """float32 (B, D), or (B, V, D) of several views.

        Raises:
            DataError: a number is not finite.
        """
        found = [self._embed(features, images)]
        if views > 1:
            seed = np.random.SeedSequence([self._asked.seed, start]).generate_state(1, np.uint64)
            generator = torch.Generator().manual_seed(int(seed[0] >> 1))
            for _ in range(views - 1):
                changed = augment(self._augmentation, images, generator)
                found.append(self._embed(features, changed))
        vectors = torch.stack(found, 1) if views > 1 else found[0]
        if not bool(torch.isfinite(vectors).all()):
            raise DataError(
                f"features must be finite, and {self._asked.features} gives others of an image: "
                "look at its weights."
            )
        return vectors.contiguous()


@lru_cache(maxsize=KEPT)
def _known(
    dataset: str, data: str, options: str, augmentation: str | None, root: Path, device: str
) -> Embedding:
    source = read_source(dataset, root, data=json.loads(data))
    asked = Features.of(json.loads(options))
    made = asked.augmentation(augmentation, source.augmentation)
    return Embedding(source, dataset, asked, made, root, device)


def embedding(
    dataset: str,
    data: dict[str, Any],
    options: dict[str, Any],
    augmentation: str | None,
    root: Path,
    device: str,
) -> Embedding:
    """The same object for the same arguments: its images are gone through but once a process.

    Args:
        dataset, data: name and options of the data set.
        options: of the frozen features (`Features.of`).
        augmentation: the task's; None: what the data set asks for.
        root: folder of the data sets.
        device: "cpu" or "cuda".

    Raises:
        UnknownNameError, DataError: see `read_source`, `Features` and `Embedding`.
    """
    # A head changes no vector.
    ours = {name: value for name, value in options.items() if name not in ("head", "hidden")}
    texts = (json.dumps(each, sort_keys=True) for each in (data, ours))
    return _known(dataset, *texts, augmentation, root, device)


@contextmanager
def _all_cores() -> Iterator[None]:
    """Within it torch uses them all, where a trial has one, and a batch the memory of the last."""
    from joblib import cpu_count

    keep_freed()
    before = torch.get_num_threads()
    torch.set_num_threads(int(cpu_count()))  # what a container or a job leaves, too
    try:
        yield
    finally:
        torch.set_num_threads(before)
        give_back()


def _digest(images: Tensor) -> str:
    """Of shape and bytes; ``images`` may be mapped."""
    found = hashlib.sha256(str(tuple(images.shape)).encode())
    for rows in blocks(len(images), images[0].numel()):
        found.update(images[rows].contiguous().numpy().data)
        beat()
    return found.hexdigest()


def _checksum(features: nn.Module) -> str:
    """Of layers and weights."""
    found = hashlib.sha256(repr(features).encode())
    for name, tensor in features.state_dict().items():
        found.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        found.update(tensor.contiguous().view(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()


def _code(name: str) -> str | None:
    """Checksum of the file in which a network is written, for what its layers do not show."""
    with suppress(TypeError, OSError):  # built in, or compiled
        file = inspect.getsourcefile(builder(name))
        return None if file is None else checksum(Path(file))
    return None
