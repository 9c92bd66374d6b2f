"""What a method's step takes, and what its loss keeps: counted on a tiny network."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from trainables.method import Method
from trainables.models.classifier import BinaryClassifier
from trainables.recipe import Batch, Context, Recipe

__all__ = ["passes_and_numbers", "spent"]

IMAGES = 997
"""Of the training set, by which the tensors with a row for each are known."""

SIZE = 16


def spent(method: Method, size: int) -> float:
    """Gradient evaluations of the first step with batches of ``size`` images."""
    return float(_stepped(method, size).gradient_evaluations)


def passes_and_numbers(method: Method) -> tuple[float, int]:
    """Images that go forward and backward in a step, by those of a batch; and how many numbers the
    method keeps of each training image and label, beside the network.
    """
    recipe = _stepped(method, SIZE)
    numbers = sum(each.shape[:1] == (IMAGES,) for each in _tensors(recipe.state_dict()))
    return recipe.gradient_evaluations / SIZE, numbers


def _stepped(method: Method, size: int) -> Recipe:
    draw = torch.Generator().manual_seed(0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        features = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
        network = BinaryClassifier(features, torch.nn.Linear(2, 1))
        recipe = method.recipe(Context(network, 0.5, draw, max(IMAGES, size), (IMAGES // 2,)))
        images = torch.rand(size, 1, 2, 2, generator=draw)
        which = torch.arange(size)
        batch = Batch(images, (which % 2).float(), which)
        batch.partner = batch  # for methods that want one
        recipe.step([batch] * recipe.batches)
    return recipe


def _tensors(state: Any) -> Iterator[Tensor]:
    if isinstance(state, Tensor):
        yield state
    elif isinstance(state, dict | list | tuple):
        for each in state.values() if isinstance(state, dict) else state:
            yield from _tensors(each)
