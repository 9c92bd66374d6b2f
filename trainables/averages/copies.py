"""Test-time augmentation: an image's score is the mean over augmented copies of it.

Yuan et al., ICCV 2021 (robust deep AUC maximisation), average the predictions over the copies on
the melanoma data. Here the mean is that of logits. A score is a logit here for every method, also
for those that are trained on it and not on a probability (score maps raw and bsn); and in float32
the probabilities of logits above 17 are all 1, so that a mean of them would tie images which the
network tells apart.
"""

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor

from trainables.averages.draws import generator
from trainables.batches.augment import augment
from trainables.errors import DataError

__all__ = ["Copies", "as_it_is", "augmented_copies", "mean"]

Copies = Callable[[Tensor], Iterable[Tensor]]
"""From a part of a set, uint8 (B, ...), to what the network sees of it, each uint8 (B, ...)."""


def as_it_is(pixels: Tensor) -> Iterable[Tensor]:
    """The images themselves."""
    return (pixels,)


def augmented_copies(count: int, augmentation: str, order_seed: int, what: int) -> Copies:
    """Copies of a set's images, the same each time that they are asked for.

    Args:
        count: of each image.
        augmentation: as for `trainables.batches.augment.augment`.
        order_seed: of the trial.
        what: of `trainables.averages.draws`.

    Returns:
        For one evaluation: it is to be called with the parts of the set in order.

    Raises:
        DataError: the augmentation changes nothing.
    """
    if augmentation == "none":
        raise DataError(
            "evaluation.tta averages over augmented copies of an image, and the task's "
            "augmentation is none: give the task one, or leave tta out."
        )
    draw = generator(order_seed, what)

    def copies(pixels: Tensor) -> Iterator[Tensor]:
        for _ in range(count):
            yield augment(augmentation, pixels, draw)

    return copies


def mean(outputs: Iterable[Tensor]) -> Tensor:
    """Of tensors (B, ...) that are alike; in float64, so that the mean of equal ones is their own.

    Of a single tensor that tensor.
    """
    first, *others = outputs
    if not others:
        return first
    total = first.to(torch.float64)
    for each in others:
        total += each
    return (total / (1 + len(others))).to(first.dtype)
