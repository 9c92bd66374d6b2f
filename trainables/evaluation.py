"""What a trial tells of its validation and its test set, from the scores alone."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from trainables.datasets.cut.task import BinaryTask
from trainables.metrics import accuracy, auprc, auroc, log_odds, over_labels

__all__ = ["tested", "validated", "without"]


def validated(task: BinaryTask, scores: Tensor, select: str) -> dict[str, float]:
    """Figures of the validation set for the curve.

    Args:
        task: on the device of the scores.
        scores: logits (N,), or (N, L) of several labels; finite.
        select: what a search selects by, "auroc", "auprc" or "accuracy".

    Returns:
        {"val_auroc"}, and "val_auprc" if a search selects by it. Of several labels each is the mean
        over those with both classes, and "val_auroc.<label>" stands for each of these; of classes
        each label is a class against all others, by its probability, and "val_accuracy" stands
        besides.
    """
    scores = _ranked(task, scores)
    mean, labels = over_labels(auroc, scores, task.val_targets, task.labels)
    found = {"val_auroc": mean}
    if select == "auprc":
        found["val_auprc"], _ = over_labels(auprc, scores, task.val_targets, task.labels)
    if task.classes:
        found["val_accuracy"] = accuracy(scores, task.val_targets)
    return found | {f"val_auroc.{name}": value for name, value in labels.items()}


def tested(task: BinaryTask, scores: Tensor, val_scores: Tensor) -> dict[str, Any]:
    """Figures of the test set, and what is kept of it for those who read the predictions.

    Args:
        task: on the device of the scores.
        scores, val_scores: logits of the test and of the validation set, (N,), or (N, L) of several
            labels; finite.

    Returns:
        {"test_auroc", "test_auprc", "scores": float32 (N,), "targets": uint8 (N,)}, and the same
        two of the validation set as "val_scores" and "val_targets". Of several labels the metrics
        are means over those with both classes, scores and targets float32 (N, L) with NaN where one
        is missing, and "labels" their names (L,). Of classes "test_accuracy" and "classes" (true)
        stand besides, and the scores are `trainables.metrics.log_odds`. Where the set has groups,
        "groups" and "val_groups": int64 of each image; where it has metadata, "metadata.<column>":
        of the test images, as it was read.
    """
    scores, val_scores = _ranked(task, scores), _ranked(task, val_scores)
    dtype = torch.float32 if task.labels else torch.uint8
    found: dict[str, Any] = {
        **_figures(task, scores),
        "scores": scores.float().cpu().numpy(),
        "targets": task.test_targets.to(dtype).cpu().numpy(),
        "val_scores": val_scores.float().cpu().numpy(),
        "val_targets": task.val_targets.to(dtype).cpu().numpy(),
    }
    if task.labels:
        found["labels"] = np.array(task.labels)
    if task.classes:
        found["classes"] = np.array(True)
    for name, groups in (("groups", task.test_groups), ("val_groups", task.val_groups)):
        if groups is not None:
            found[name] = groups.cpu().numpy()
    if task.raw_metadata is not None:
        columns = task.raw_metadata.columns
        found |= {f"metadata.{name}": column for name, column in columns.items()}
    return found


def without(task: BinaryTask, scores: Tensor) -> dict[str, Any]:
    """What the test set gives without the options of ``TrialConfig.evaluation``.

    Args:
        task, scores: as for `tested`.

    Returns:
        {"without": {"test_auroc", "test_auprc"}, "plain_scores": float32, of the shape of scores};
        of classes "test_accuracy", too.
    """
    scores = _ranked(task, scores)
    return {"without": _figures(task, scores), "plain_scores": scores.float().cpu().numpy()}


def _figures(task: BinaryTask, scores: Tensor) -> dict[str, float]:
    found = {
        f"test_{name}": over_labels(metric, scores, task.test_targets, task.labels)[0]
        for name, metric in (("auroc", auroc), ("auprc", auprc))
    }
    if task.classes:
        found["test_accuracy"] = accuracy(scores, task.test_targets)
    return found


def _ranked(task: BinaryTask, logits: Tensor) -> Tensor:
    """By what images are ranked: of classes a logit alone says nothing of the others."""
    return log_odds(logits) if task.classes else logits
