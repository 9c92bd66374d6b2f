"""The batches of a trial: which images each holds, and their pixels, where a step finds them.

A step may be captured once and replayed, so it reads indices and pixels from buffers that stay.
What fits the memory that a trial may take lies on its device, and the step gathers its pixels
there. All else stays mapped on the host: a thread gathers the pixels of the next batches while the
steps before them run.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor

from trainables.batches.sampling import BatchSampler
from trainables.datasets.images import Images

__all__ = ["AHEAD", "Ahead", "Resident", "Supply", "in_advance"]

T = TypeVar("T")

AHEAD = 3
"""Batches that are drawn before they are needed; on a GPU so many steps may be under way."""


class Supply(Protocol):
    """Gives batches, one after the other, of each of its samplers."""

    @property
    def chosen(self) -> Sequence[Tensor]:
        """By sampler, int64 (B,) on the trial's device: which images its batch holds."""
        ...

    def load(self, batches: int) -> None:
        """Put the next batches of the first samplers where a step finds them."""
        ...

    def pixels(self, number: int) -> Tensor:
        """Those of one sampler's batch, (B, ...) on the trial's device; part of a step."""
        ...

    def state_dict(self) -> list[dict[str, Any]]:
        """Of each sampler as it was before all that no step has seen."""
        ...

    def load_state_dict(self, states: Sequence[dict[str, Any]]) -> None:
        """Go on from what `state_dict` gave."""
        ...


class Resident:
    """Images that lie on the trial's device.

    Args:
        images: of the training part.
        samplers: of one batch size.
        device: the trial's.
    """

    def __init__(
        self, images: Images, samplers: Sequence[BatchSampler], device: torch.device
    ) -> None:
        self._images, self._samplers = images, samplers
        self.chosen: Sequence[Tensor] = _chosen(samplers, device)

    def load(self, batches: int) -> None:
        """Draw indices."""
        for chosen, sampler in zip(self.chosen[:batches], self._samplers, strict=False):
            chosen.copy_(sampler.draw())

    def pixels(self, number: int) -> Tensor:
        """A copy of the chosen ones."""
        return self._images.take(self.chosen[number])

    def state_dict(self) -> list[dict[str, Any]]:
        """Of each sampler."""
        return [sampler.state_dict() for sampler in self._samplers]

    def load_state_dict(self, states: Sequence[dict[str, Any]]) -> None:
        """Go on from what `state_dict` gave."""
        for sampler, state in zip(self._samplers, states, strict=True):
            sampler.load_state_dict(state)


class Ahead:
    """Images that stay on the host, mapped; the same batches as `Resident` gives.

    Args:
        images: of the training part, on the CPU.
        samplers: of one batch size; they draw for this object alone.
        device: the trial's.
    """

    def __init__(
        self, images: Images, samplers: Sequence[BatchSampler], device: torch.device
    ) -> None:
        self.chosen: Sequence[Tensor] = _chosen(samplers, device)
        pool = ThreadPoolExecutor(1)
        self._lines = [_Line(images, sampler, pool, device) for sampler in samplers]
        self._pixels = [line.buffer() for line in self._lines]

    def load(self, batches: int) -> None:
        """Wait for what was gathered; begin with batches that come later."""
        for number, line in enumerate(self._lines[:batches]):
            self._pixels[number] = line.next_into(self.chosen[number], self._pixels[number])

    def pixels(self, number: int) -> Tensor:
        """On a GPU always the same tensor."""
        return self._pixels[number]

    def state_dict(self) -> list[dict[str, Any]]:
        """Of each sampler, without the draws for batches that are still to come."""
        return [line.state for line in self._lines]

    def load_state_dict(self, states: Sequence[dict[str, Any]]) -> None:
        """Go on from what `state_dict` gave."""
        for line, state in zip(self._lines, states, strict=True):
            line.go_on_from(state)


def in_advance(parts: Iterator[T]) -> Iterator[T]:
    """The same parts; a thread gets the next one while this one is at work."""
    end = object()
    pool = ThreadPoolExecutor(1)
    following: Future[Any] = pool.submit(next, parts, end)
    while (part := following.result()) is not end:
        following = pool.submit(next, parts, end)
        yield part


@dataclass
class _Room:
    """Host memory of one batch, used again and again.

    Attributes:
        rows: int64 (B,), its images.
        pixels: theirs.
        drawn, sent: on a GPU, when the rows are here and when the pixels have left.
    """

    rows: Tensor
    pixels: Tensor
    drawn: torch.cuda.Event | None
    sent: torch.cuda.Event | None


@dataclass(frozen=True)
class _Drawn:
    """A batch to come: its indices on the device, the sampler after them, and its room."""

    indices: Tensor
    after: dict[str, Any]
    room: Future[_Room]


class _Line:
    """The batches of one sampler, as many as `AHEAD` drawn before they are needed.

    This thread draws and the pool's gathers, so that the draws are those of a trial without it. On
    a GPU the indices are drawn there, as in `Resident`, and come to the host behind the steps that
    were launched before; nothing waits for them but the pool's thread.
    """

    def __init__(
        self,
        images: Images,
        sampler: BatchSampler,
        pool: ThreadPoolExecutor,
        device: torch.device,
    ) -> None:
        self._images, self._sampler, self._pool = images, sampler, pool
        self._device = device
        self._on_gpu = device.type == "cuda"
        self._rooms: deque[_Room] = deque()
        self._waiting: deque[_Drawn] = deque()
        self.state = sampler.state_dict()

    def buffer(self) -> Tensor:
        """Pixels of a batch on the device."""
        shape = (self._sampler.batch_size, *self._images.shape)
        return torch.empty(shape, dtype=self._images.pixels.dtype, device=self._device)

    def next_into(self, chosen: Tensor, pixels: Tensor) -> Tensor:
        """The next batch: its indices in ``chosen``; gives its pixels, on a GPU in ``pixels``."""
        while len(self._waiting) < AHEAD:
            self._draw()
        drawn = self._waiting.popleft()
        chosen.copy_(drawn.indices)
        room = drawn.room.result()
        self.state = drawn.after
        self._draw()
        if room.sent is None:
            return room.pixels
        pixels.copy_(room.pixels, non_blocking=True)
        room.sent.record()
        return pixels

    def go_on_from(self, state: dict[str, Any]) -> None:
        """Forget the batches to come."""
        for drawn in self._waiting:
            drawn.room.result()
        self._waiting.clear()
        self._sampler.load_state_dict(state)
        self.state = self._sampler.state_dict()

    def _draw(self) -> None:
        indices, after = self._sampler.draw(), self._sampler.state_dict()
        # One room more than wait: that of the batch which is trained on.
        room = self._room() if len(self._rooms) <= AHEAD else self._rooms.popleft()
        self._rooms.append(room)
        room.rows.copy_(indices, non_blocking=True)
        if room.drawn is not None:
            room.drawn.record()
        self._waiting.append(_Drawn(indices, after, self._pool.submit(self._gather, room)))

    def _gather(self, room: _Room) -> _Room:
        for event in (room.drawn, room.sent):
            if event is not None:
                event.synchronize()
        self._images.take(room.rows, out=room.pixels)
        return room

    def _room(self) -> _Room:
        size = self._sampler.batch_size

        def pinned(shape: Sequence[int], dtype: torch.dtype) -> Tensor:
            return torch.empty(shape, dtype=dtype, pin_memory=self._on_gpu)

        event: Callable[[], torch.cuda.Event | None]
        event = torch.cuda.Event if self._on_gpu else lambda: None
        return _Room(
            pinned((size,), torch.int64),
            pinned((size, *self._images.shape), self._images.pixels.dtype),
            event(),
            event(),
        )


def _chosen(samplers: Sequence[BatchSampler], device: torch.device) -> list[Tensor]:
    return [
        torch.empty(sampler.batch_size, dtype=torch.int64, device=device) for sampler in samplers
    ]
