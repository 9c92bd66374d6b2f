"""What losses share that keep numbers an image: which images a batch holds, and where it writes."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from trainables.losses.arguments import check_number
from trainables.losses.pairs import Pairs, pairs_of, score_map_of, squared_hinge

__all__ = ["ImageStateLoss", "Images"]


class Images:
    """Which training images a batch holds.

    Args:
        indices: int64 (B,).
    """

    def __init__(self, indices: Tensor) -> None:
        self.indices = indices
        self._same = (indices[:, None] == indices[None])[..., None]

    def mean(self, values: Tensor) -> Tensor:
        """``values`` (B, L), of an image that the batch holds more than once their mean."""
        others = values[None].masked_fill(~self._same, 0)
        return others.sum(1) / self._same.sum(1)

    def log_mean(self, logs: Tensor) -> Tensor:
        """The logarithm of the `mean` of exp(logs)."""
        others = logs[None].masked_fill(~self._same, -torch.inf)
        return others.logsumexp(1) - self._same.sum(1).to(logs.dtype).log()

    def write(self, state: Tensor, values: Tensor, where: Tensor) -> Tensor:
        """Put ``values`` into the ``state`` (N, L) of these images, in place, and give their rows.

        Args:
            state: a row a training image.
            values: (B, L), equal for equal images.
            where: bool (B, L); elsewhere the state stays.
        """
        rows = torch.where(where, values.to(state.dtype), state[self.indices])
        # An image that is there twice is written twice, with the same.
        state.index_copy_(0, self.indices, rows)
        return rows


class ImageStateLoss(nn.Module, ABC):
    """A loss of the pairs of a batch that keeps a number for each training image, or several.

    The state lies in buffers (N, L), of one label (N, 1), which go where the loss goes and are
    saved with it. It changes in the forward pass, in place, on the rows of the batch's positives
    alone; an image that the batch holds more than once changes once, by its mean. A label of which
    the batch does not know enough adds 0 and changes no state. The pairs cost (m - d)_+^2, the
    surrogate of the papers.

    Args:
        images: N, training images.
        margin: m > 0, in units of the score map.
        score_map: "sigmoid", "bsn" or "raw".
        labels: L, at least 1.

    Raises:
        UnknownNameError: there is no such score map.
        ValueError: the margin is not above 0.
    """

    def __init__(self, images: int, margin: float, score_map: str, labels: int) -> None:
        super().__init__()
        check_number("margin", margin, "above 0")
        self.margin = margin
        self.score_map = score_map_of(score_map)
        self._shape = (images, labels)

    def keep(self, name: str, start: float) -> None:
        """Have a buffer of that name, ``start`` for each image and label."""
        self.register_buffer(name, torch.full(self._shape, start))

    def forward(self, logits: Tensor, targets: Tensor, indices: Tensor | None) -> Tensor:
        """The loss (0-dim) of a batch; its gradient is what the paper's step follows.

        Args:
            logits, targets: (B,), or (B, L) of several labels; targets 0, 1 or, of several labels,
                NaN where one is missing.
            indices: int64 (B,), which training image each one is.

        Raises:
            ValueError: the two have other shapes or are not real numbers, or indices are missing.
        """
        if indices is None:
            raise ValueError(
                f"{type(self).__name__} must be told which training image each one is, not None: "
                "give the batch's indices."
            )
        pairs = pairs_of(logits, targets, self.score_map)
        return self.by_label(squared_hinge(pairs.gaps, self.margin), pairs, Images(indices)).mean()

    @abstractmethod
    def by_label(self, costs: Tensor, pairs: Pairs, images: Images) -> Tensor:
        """The loss of each label, (L,), 0 of one of which too little is known.

        Args:
            costs: (B, B, L), of the pair of images i and j, whatever their labels.
            pairs: which are positive and negative.
            images: whose state changes.
        """
