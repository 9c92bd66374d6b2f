"""BatchNorm statistics of weights that were not trained as they are, such as an average."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from trainables.averages.draws import STATISTICS, generator
from trainables.batches.sampling import BatchSampler
from trainables.batches.vectors import inputs_of
from trainables.config import TrialConfig
from trainables.datasets.cut.task import BinaryTask
from trainables.models.classifier import BinaryClassifier
from trainables.recipe import Batch

__all__ = ["MOST_BATCHES", "batches", "counts", "norms", "recomputed"]

MOST_BATCHES = 32
"""From which statistics are computed; of a smaller training set those of one pass."""


def norms(model: BinaryClassifier) -> list[_BatchNorm]:
    """The layers that keep statistics."""
    return [
        each
        for each in model.modules()
        if isinstance(each, _BatchNorm) and each.num_batches_tracked is not None
    ]


def counts(layers: Sequence[_BatchNorm]) -> Tensor | None:
    """How many batches each has seen, (layers,), on their device; None: there is no layer."""
    seen = [each.num_batches_tracked for each in layers if each.num_batches_tracked is not None]
    return torch.stack(seen) if seen else None


def batches(config: TrialConfig, task: BinaryTask, batch_size: int) -> Iterator[Batch]:
    """Training batches as a step draws and augments them, unmixed, the same at every call."""
    draw = generator(config.order_seed, STATISTICS)
    inputs = inputs_of(config, task, draw)
    targets = task.train_targets
    rate = config.positive_rate
    sampler = BatchSampler(len(targets) if rate is None else targets, batch_size, draw, rate)
    for _ in range(min(MOST_BATCHES, sampler.steps_per_epoch)):
        chosen = sampler.draw().to(targets.device)
        yield inputs.augmented(chosen, inputs.pixels(chosen))


@contextmanager
def recomputed(
    model: BinaryClassifier, layers: Sequence[_BatchNorm], given: Iterable[Batch]
) -> Iterator[None]:
    """Within it the statistics of ``layers`` are means over batches that went through ``model``.

    As `torch.optim.swa_utils.update_bn` has it, but that no other layer is touched: all else is in
    evaluation meanwhile, dropout draws nothing, and what is frozen stays. Statistics change in
    place and are put back, and so is what was compiled, which this would compile anew.
    """
    kept = [[each.clone() for each in layer.buffers(recurse=False)] for layer in layers]
    momenta = [layer.momentum for layer in layers]
    try:
        if layers:
            _pass(model, layers, given)
        yield
    finally:
        for layer, momentum, buffers in zip(layers, momenta, kept, strict=True):
            layer.momentum = momentum
            for mine, before in zip(layer.buffers(recurse=False), buffers, strict=True):
                mine.copy_(before)


@torch.no_grad()
def _pass(model: BinaryClassifier, layers: Sequence[_BatchNorm], given: Iterable[Batch]) -> None:
    training, compiled_for = model.training, model.compiled_for
    model.eval()
    model.compiled_for = frozenset()
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # the mean over all batches
        layer.training = True
    try:
        for batch in given:
            model(*batch.inputs)
    finally:
        for layer in layers:
            layer.training = False
        model.compiled_for = compiled_for
        model.train(training)
