"""A tiny model, tiny batches and a trial around a method, for tests of the mathematics."""

import io
import math

import torch
from torch import nn

from tests.trainables.host_reads import no_host_reads
from trainables.method import Method
from trainables.models.classifier import BinaryClassifier
from trainables.recipe import Batch, Context, Recipe
from trainables.steps.fixed_state import changed, snapshot

__all__ = [
    "IMAGES",
    "STEPS",
    "TinyTrial",
    "batch",
    "context",
    "generator",
    "model",
    "of_classes",
    "of_labels",
]

STEPS = 12
SIZE = 16
"""Images of a batch, where a method does not say otherwise."""

IMAGES = 64
"""Of the training set, as losses that keep numbers of each image take it."""


def generator(seed: int) -> torch.Generator:
    """A generator on the CPU."""
    return torch.Generator().manual_seed(seed)


MISSING = (0.0, 0.25, 0.9)
"""Of each label: at the last, a batch now and then knows nothing of it."""


def model(seed: int = 0, labels: int = 1) -> BinaryClassifier:
    """(B, 1, 2, 3) images, with a BatchNorm; float32."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        features = nn.Sequential(nn.Flatten(), nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ELU())
        network = BinaryClassifier(features, nn.Linear(5, 1), mix_layers=("1",))
        network.have_outputs(labels)
        return network


def batch(draw: torch.Generator, size: int = SIZE, positives: int = 4) -> Batch:
    """Images (size, 1, 2, 3); the first targets are positive and their images shifted.

    It is always the first images of the training set that it holds, each time drawn anew.
    """
    targets = (torch.arange(size) < positives).float()
    images = torch.randn(size, 1, 2, 3, generator=draw) + targets.view(-1, 1, 1, 1)
    return Batch(images, targets, torch.arange(size))


def of_labels(draw: torch.Generator, size: int = SIZE, missing: bool = True) -> Batch:
    """Images (size, 1, 2, 3), each pixel of the first row shifted where its label is positive;
    targets (size, 3), a quarter positive.
    """
    targets = (torch.rand(size, 3, generator=draw) < 0.25).float()
    images = torch.randn(size, 1, 2, 3, generator=draw)
    images[:, 0, 0] += 2 * targets
    gone = torch.rand(size, 3, generator=draw) < torch.tensor(MISSING)
    return Batch(
        images, targets.masked_fill(gone, math.nan) if missing else targets, torch.arange(size)
    )


SHARES = torch.tensor([0.6, 0.3, 0.1])
"""Of three classes."""


def of_classes(draw: torch.Generator, size: int = SIZE) -> Batch:
    """Images (size, 1, 2, 3), a pixel of the first row shifted by their class; one-hot targets."""
    which = torch.multinomial(SHARES, size, replacement=True, generator=draw)
    targets = torch.nn.functional.one_hot(which, 3).float()
    images = torch.randn(size, 1, 2, 3, generator=draw)
    images[:, 0, 0] += 2 * targets
    return Batch(images, targets, torch.arange(size))


def context(
    network: BinaryClassifier, draw: torch.Generator, labels: int = 1, classes: bool = False
) -> Context:
    """Of a tiny trial: a quarter of its images is positive."""
    if classes:
        positives = tuple((IMAGES * SHARES).long().tolist())
        return Context(network, SHARES, draw, IMAGES, positives, outputs=3, classes=True)
    return Context(
        network,
        prior=0.25 if labels == 1 else torch.full((labels,), 0.25),
        generator=draw,
        images=IMAGES,
        positives=(IMAGES // 4,) * labels,
        outputs=labels,
    )


class TinyTrial:
    """A method's recipe on the tiny model, with batches and mixup from seeded generators.

    Of three labels (``labels=3``) some are missing; of three ``classes`` an image has one.
    """

    def __init__(
        self,
        method: Method,
        *,
        seed: int = 0,
        steps: int = STEPS,
        positives: int = 4,
        labels: int = 1,
        classes: bool = False,
    ) -> None:
        labels = 3 if classes else labels
        self.model = model(seed, labels)
        self.labels, self.classes = labels, classes
        self.draws = generator(1)
        self.mixup = generator(2)
        self.positives = positives
        self.size = method.images_a_batch(SIZE)
        self.steps, self.done = steps, 0
        self.with_partners = method.wants_partners
        self.recipe: Recipe = method.recipe(context(self.model, self.mixup, labels, classes))

    def train(self, steps: int, done: int | None = None) -> list[float]:
        """Train on; gives the losses. ``done``: steps done so far, by default by this object."""
        self.done = self.done if done is None else done
        losses = []
        for _ in range(steps):
            self.recipe.advance(self.done / self.steps)
            self.done += 1
            losses.append(float(self.recipe.step(self.drawn())))
        return losses

    def drawn(self) -> list[Batch]:
        """The batches of the next step."""
        if self.classes:
            return [of_classes(self.draws, self.size) for _ in range(self.recipe.batches)]
        positives = self.positives * self.size // SIZE
        drawn = [
            batch(self.draws, self.size, positives)
            if self.labels == 1
            else of_labels(self.draws, self.size)
            for _ in range(self.recipe.batches)
        ]
        for each in drawn if self.with_partners else ():
            each.partner = batch(self.draws, self.size, self.size // 2)
        return drawn

    def go_on_from(self, other: "TinyTrial") -> None:
        """Be where ``other`` is, by what a file keeps of it."""
        file = io.BytesIO()
        torch.save([other.recipe.state_dict(), other.model.state_dict()], file)
        file.seek(0)
        recipe_state, model_state = torch.load(file, weights_only=True)
        self.recipe.load_state_dict(recipe_state)
        self.model.load_state_dict(model_state)
        self.draws.set_state(other.draws.get_state())
        self.mixup.set_state(other.mixup.get_state())

    def out_of_place(self) -> str | None:
        """What of the state a step replaces instead of changing it in its place; None: nothing.

        Raises:
            HostReadError: the step reads of the host.
        """
        self.recipe.step(self.drawn())  # the first one makes the optimizer's state
        cpu = torch.device("cpu")
        state = [self.model.state_dict(), self.recipe.update.state_dict()]
        before, batches = snapshot(state, cpu), self.drawn()
        with no_host_reads():
            self.recipe.step(batches)
        state = [self.model.state_dict(), self.recipe.update.state_dict()]
        return changed(before, snapshot(state, cpu))

    def weights(self) -> torch.Tensor:
        """All that evaluation sees, as one vector: parameters and BatchNorm statistics."""
        with self.recipe.evaluating():
            return torch.cat([each.flatten().float() for each in self.model.state_dict().values()])
