"""What a trial starts with, of its config and seeds alone: its method, network and draws."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from trainables.batches.inputs import Inputs
from trainables.batches.sampling import BatchSampler
from trainables.config import TrialConfig
from trainables.datasets.cut.task import BinaryTask
from trainables.method import Method
from trainables.methods import METHODS
from trainables.models import network
from trainables.models.classifier import BinaryClassifier
from trainables.names import resolve
from trainables.recipe import Batch, Context

__all__ = [
    "Draws",
    "context_of",
    "draws_of",
    "method_of",
    "network_of",
    "outputs_of",
    "partners_of",
    "probe",
    "samplers_of",
    "steps_of",
]


EVENLY = 0.5
"""Share of positives of a batch's partner."""


@dataclass(frozen=True)
class Draws:
    """What a trial draws from, each apart from the others; generators are on its device.

    Attributes:
        batches: of the order of images in the two streams of batches.
        augmentation, method: of what their names say.
        probe: seed of `probe`.
        network: seed of what the network itself draws in training.
        partners: of the order of images in the partners of the two streams.
    """

    batches: tuple[torch.Generator, torch.Generator]
    augmentation: torch.Generator
    method: torch.Generator
    probe: int
    network: int
    partners: tuple[torch.Generator, torch.Generator]


def draws_of(config: TrialConfig) -> Draws:
    """All from the trial's order seed."""
    device = torch.device(config.device)
    seeds = np.random.SeedSequence(config.order_seed).generate_state(8, np.uint64) >> 1
    first, second, augmentation, method, *partners = (
        torch.Generator(device).manual_seed(int(seed)) for seed in (*seeds[:4], *seeds[6:])
    )
    probed, network, (third, fourth) = int(seeds[4]), int(seeds[5]), partners
    return Draws((first, second), augmentation, method, probed, network, (third, fourth))


def outputs_of(task: BinaryTask) -> int:
    """Logits an image: labels or classes of the task."""
    targets = task.train_targets
    return 1 if targets.dim() == 1 else targets.shape[1]


def method_of(config: TrialConfig, task: BinaryTask) -> Method:
    """The trial's method, which can take the task's targets and images.

    Raises:
        UnknownNameError: there is no such method.
        ValueError, TypeError: a hyperparameter is outside its domain, or unknown.
        DataError: the method does not take such targets, or such images.
    """
    method = resolve("method", METHODS, config.method)(**config.params)
    targets = task.train_targets
    soft = bool(((targets > 0) & (targets < 1)).any())
    method.refuse_labels(outputs_of(task), soft, task.classes)
    method.refuse_images(len(task.train_images.shape))
    return method


def network_of(config: TrialConfig, task: BinaryTask) -> BinaryClassifier:
    """The trial's network for images of ``task``, on its device, drawn from the init seed.

    Args:
        config: of the trial.
        task: on the trial's device, but for its images, which may stay on the host.

    Raises:
        UnknownNameError, DataError: as `trainables.models.network` does.
    """
    device = torch.device(config.device)
    shape = task.train_images.shape
    channels, size = shape[0], shape[-1]
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(config.init_seed)
        root, columns = Path(config.data_root), len(task.columns)
        model = network(config.model, config.network, channels, size, root, columns)
        model.have_outputs(outputs_of(task))
    model.to(device)
    model.precision = config.precision
    return model


def samplers_of(
    config: TrialConfig, method: Method, task: BinaryTask, draws: Draws
) -> list[BatchSampler]:
    """Two independent streams of batches: compositional training wants S1 and S2."""
    targets = task.train_targets
    return [
        BatchSampler(
            len(targets) if config.positive_rate is None else targets,
            method.images_a_batch(config.batch_size),
            generator,
            config.positive_rate,
        )
        for generator in draws.batches
    ]


def partners_of(
    method: Method, task: BinaryTask, draws: Draws, batch_size: int
) -> list[BatchSampler]:
    """Beside each stream one that is drawn evenly from the classes, where the method wants it."""
    return [
        BatchSampler(task.train_targets, batch_size, generator, EVENLY)
        for generator in (draws.partners if method.wants_partners else ())
    ]


def steps_of(config: TrialConfig, task: BinaryTask, batch_size: int) -> int:
    """Batches that hold as many images as those of the task's size do in its epochs.

    Args:
        config, task: of the trial.
        batch_size: images of a batch, which may be the method's own.
    """
    images = len(task.train_targets)
    of_task = min(config.batch_size, images)
    in_all = config.epochs * (images // of_task) * of_task
    return max(1, round(in_all / batch_size))


def context_of(
    config: TrialConfig, method: Method, task: BinaryTask, model: BinaryClassifier, draws: Draws
) -> Context:
    """What the method is told of the trial, whose parts these are."""
    targets, outputs = task.train_targets, outputs_of(task)
    drawn = config.positive_rate or task.prior
    return Context(
        model=model,
        # The loss must know the share that it meets: with another one the margin's term outweighs
        # the scores and alpha falls to 0.
        prior=method.share_met(drawn, task.classes),
        generator=draws.method,
        images=len(targets),
        positives=tuple((targets > 0.5).view(-1, outputs).sum(0).tolist()),
        outputs=outputs,
        classes=task.classes,
        drawn=drawn,
    )


def probe(
    config: TrialConfig, task: BinaryTask, inputs: Inputs, drawn: float | Tensor, seed: int
) -> Batch:
    """A training batch, always the same: as many positives as usual, not augmented.

    Args:
        config, task, inputs: of the trial.
        drawn: share of positives that its batches are drawn with; of several labels of each.
        seed: decides which images.
    """
    generator = torch.Generator(config.device).manual_seed(seed)
    size = max(2, config.batch_size)
    # Several labels have no one share to keep.
    rate = drawn if isinstance(drawn, float) else None
    return inputs.plain(BatchSampler(task.train_targets, size, generator, rate).draw())
