"""Compiles a trial's network, before its first step, for all the batches that are to come."""

import torch
from torch import Tensor

from trainables.batches.inputs import Inputs
from trainables.config import TrialConfig
from trainables.datasets.cut.task import BinaryTask
from trainables.method import Method
from trainables.models.branch import AFTER
from trainables.models.classifier import BinaryClassifier
from trainables.steps.compiled import compile_now

__all__ = ["compile_network", "way"]

_SECOND_DERIVATIVES = "the method needs second derivatives, and a compiled network has none"


def way(model: BinaryClassifier) -> str:
    """How the network of a trial with ``compile`` runs: "compiled", or "eager: <why not>"."""
    return "compiled" if model.compiled_for else f"eager: {_SECOND_DERIVATIVES}"


def compile_network(
    config: TrialConfig,
    method: Method,
    model: BinaryClassifier,
    task: BinaryTask,
    inputs: Inputs,
    training: int,
    evaluation: int,
) -> None:
    """Compile ``model`` for whole batches, if the method can do with a compiled network.

    Args:
        config, method, model, task, inputs: of the trial.
        training: images in a training batch.
        evaluation: images in an evaluation batch.

    Raises:
        ValueError: the trial is not on a CPU.
        RuntimeError: torch cannot compile it here.
    """
    if config.device != "cpu":
        raise ValueError(
            "compile: true is for trials on a CPU; on a GPU `execution` captures a step."
        )
    if not method.compilable:
        return

    def first(times: int) -> tuple[Tensor, ...]:
        """The first training image so many times, as the network takes a batch."""
        return inputs.plain(torch.zeros(times, dtype=torch.int64)).inputs

    model.compiled_for = frozenset({training, evaluation})
    compile_now(model, *first(training))
    sizes = set[int]()
    if max(len(task.val_images), len(task.test_images)) >= evaluation:
        # What is left over of an evaluation is eager: it comes in more sizes than would pay.
        sizes.add(evaluation)
    if config.network.get("branch") == AFTER:
        sizes.add(training)  # of the image network, once it is kept as it is
    model.eval()
    for size in sizes:
        compile_now(model, *first(size))
    model.train()
