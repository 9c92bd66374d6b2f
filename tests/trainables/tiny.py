"""A tiny model, tiny batches and a trial around a method, for tests of the mathematics."""

import torch
from torch import nn

from trainables.method import Method
from trainables.models.classifier import BinaryClassifier
from trainables.recipe import Batch, Context, Recipe

__all__ = ["STEPS", "TinyTrial", "batch", "generator", "model"]

STEPS = 12
SIZE = 16
"""Images of a batch, where a method does not say otherwise."""


def generator(seed: int) -> torch.Generator:
    """A generator on the CPU."""
    return torch.Generator().manual_seed(seed)


def model(seed: int = 0) -> BinaryClassifier:
    """(B, 1, 2, 3) images, with a BatchNorm; float32."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        features = nn.Sequential(nn.Flatten(), nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ELU())
        return BinaryClassifier(features, nn.Linear(5, 1))


def batch(draw: torch.Generator, size: int = SIZE, positives: int = 4) -> Batch:
    """Images (size, 1, 2, 3); the first targets are positive and their images shifted."""
    targets = (torch.arange(size) < positives).float()
    images = torch.randn(size, 1, 2, 3, generator=draw) + targets.view(-1, 1, 1, 1)
    return Batch(images, targets)


class TinyTrial:
    """A method's recipe on the tiny model, with batches and mixup from seeded generators."""

    def __init__(
        self, method: Method, *, seed: int = 0, steps: int = STEPS, positives: int = 4
    ) -> None:
        self.model = model(seed)
        self.draws = generator(1)
        self.mixup = generator(2)
        self.positives = positives
        self.size = method.images_a_batch(SIZE)
        self.steps, self.done = steps, 0
        self.recipe: Recipe = method.recipe(Context(self.model, prior=0.25, generator=self.mixup))

    def train(self, steps: int, done: int | None = None) -> list[float]:
        """Train on; gives the losses. ``done``: steps done so far, by default by this object."""
        self.done = self.done if done is None else done
        losses = []
        for _ in range(steps):
            self.recipe.advance(self.done / self.steps)
            self.done += 1
            batches = [
                batch(self.draws, self.size, self.positives * self.size // SIZE)
                for _ in range(self.recipe.batches)
            ]
            losses.append(float(self.recipe.step(batches)))
        return losses

    def weights(self) -> torch.Tensor:
        """All that evaluation sees, as one vector: parameters and BatchNorm statistics."""
        with self.recipe.evaluating():
            return torch.cat([each.flatten().float() for each in self.model.state_dict().values()])
