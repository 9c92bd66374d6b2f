"""Which images the next batch holds: index draws, without a DataLoader."""

from typing import Any

import torch
from torch import Tensor

__all__ = ["BatchSampler"]


class BatchSampler:
    """Endless batches of indices, reshuffled without replacement every epoch.

    Args:
        targets: (N,), 0 or 1, and the indices come on its device; N alone serves the natural draw,
            on the generator's device.
        batch_size: images a batch, at least 1; capped to N. The natural draw drops an epoch's
            last partial batch.
        generator: decides every draw; on any device.
        positive_rate: None: the natural draw. A number in (0, 1), for one label: every batch holds
            round(positive_rate x batch_size) positives, at least one and at most all but one
            (first in the batch), each class reshuffled when it is used up; a batch needs two
            images or more then.

    Raises:
        ValueError: an argument is outside what is allowed, or a class to be drawn is empty.
    """

    def __init__(
        self,
        targets: Tensor | int,
        batch_size: int,
        generator: torch.Generator,
        positive_rate: float | None = None,
    ) -> None:
        images = targets if isinstance(targets, int) else len(targets)
        if batch_size < 1 or images == 0:
            raise ValueError(
                f"batches need a size of at least 1 and images to draw from, not batch size "
                f"{batch_size} of {images} images."
            )
        self.batch_size = min(batch_size, images)
        self.steps_per_epoch = images // self.batch_size
        self._generator = generator
        if positive_rate is None:
            device = generator.device if isinstance(targets, int) else targets.device
            everything = torch.arange(images, device=device)
            used = self.steps_per_epoch * self.batch_size
            self._streams = [_Stream(everything, self.batch_size, used, generator)]
            return
        if isinstance(targets, int) or targets.dim() != 1:
            found = "their number" if isinstance(targets, int) else f"{tuple(targets.shape)}"
            raise ValueError(
                f"positive_rate needs the targets of one label, (N,), not {found}; null is the "
                "natural draw."
            )
        if not 0 < positive_rate < 1 or self.batch_size < 2:
            raise ValueError(
                f"positive_rate must be in (0, 1) with batches of at least 2 images, not "
                f"{positive_rate} with {self.batch_size}; null is the natural draw."
            )
        positives = min(max(round(positive_rate * self.batch_size), 1), self.batch_size - 1)
        self._streams = []
        for is_class, count in (
            (targets > 0.5, positives),
            (targets <= 0.5, self.batch_size - positives),
        ):
            ids = is_class.nonzero().squeeze(1)
            if len(ids) == 0:
                raise ValueError("positive_rate needs images of both classes, but one is empty.")
            self._streams.append(_Stream(ids, count, len(ids), generator))

    def draw(self) -> Tensor:
        """The next batch's indices: int64 (batch_size,)."""
        parts = [stream.draw() for stream in self._streams]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on bit for bit, the generator's state included."""
        return {
            "generator": self._generator.get_state(),
            # Without a copy: a stream that shuffles again has another tensor.
            "streams": [{"order": s.order, "used": s.used} for s in self._streams],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue where a sampler of the same targets and settings was saved."""
        self._generator.set_state(state["generator"].cpu())
        for stream, saved in zip(self._streams, state["streams"], strict=True):
            stream.order = saved["order"].to(stream.ids.device)
            stream.used = saved["used"]


class _Stream:
    """Draws ``count`` of ``ids`` at a time; reshuffles after ``limit`` of them."""

    def __init__(self, ids: Tensor, count: int, limit: int, generator: torch.Generator) -> None:
        self.ids, self.count, self.limit, self.generator = ids, count, limit, generator
        self.order = ids
        self.used = limit  # the first draw shuffles

    def draw(self) -> Tensor:
        parts, wanted = [], self.count
        while wanted:
            if self.used == self.limit:
                device = self.generator.device
                shuffle = torch.randperm(len(self.ids), generator=self.generator, device=device)
                self.order, self.used = self.ids[shuffle.to(self.ids.device)], 0
            part = self.order[self.used : min(self.used + wanted, self.limit)]
            self.used += len(part)
            wanted -= len(part)
            parts.append(part)
        return parts[0] if len(parts) == 1 else torch.cat(parts)
