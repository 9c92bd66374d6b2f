"""Ranking metrics on the device: one sort in float64, ties handled."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["auprc", "auroc", "by_label", "over_labels"]


def auroc(scores: Tensor, targets: Tensor) -> float:
    """Area under the ROC curve: P(positive scores higher) + P(tie) / 2 over all pairs.

    Equal to ``sklearn.metrics.roc_auc_score``.

    Args:
        scores: (N,) finite numbers; a higher score means positive.
        targets: (N,), 0 or 1.

    Raises:
        ValueError: a class is missing (the AUROC is not defined), or a score is NaN.
    """
    scores, positive = _checked("AUROC", scores, targets)
    positives, negatives = scores[positive], scores[~positive].sort().values
    # Negatives below plus negatives not above counts a tie once and a win twice: whole numbers,
    # so the sum is exact.
    wins = torch.searchsorted(negatives, positives).sum()
    wins_and_ties = torch.searchsorted(negatives, positives, right=True).sum()
    return float(int(wins + wins_and_ties) / (2 * len(positives) * len(negatives)))


def auprc(scores: Tensor, targets: Tensor) -> float:
    """Average precision: the sum over thresholds of (R_n - R_(n-1)) P_n, equal scores at once.

    Equal to ``sklearn.metrics.average_precision_score``. Arguments and errors as in ``auroc``.
    """
    scores, positive = _checked("average precision", scores, targets)
    ordered, order = scores.sort(descending=True)
    true_positives = positive[order].double().cumsum(0)
    is_threshold = torch.ones_like(ordered, dtype=torch.bool)
    is_threshold[:-1] = ordered[1:] != ordered[:-1]
    hits = true_positives[is_threshold]
    ranks = is_threshold.nonzero().squeeze(1) + 1
    gained = torch.diff(hits, prepend=hits.new_zeros(1))
    return float((gained * hits / ranks).sum() / hits[-1])


def by_label(
    metric: Callable[[Tensor, Tensor], float], scores: Tensor, targets: Tensor
) -> list[float]:
    """``metric`` of each label over the images that have it; NaN where these lack a class.

    Args:
        metric: `auroc` or `auprc`.
        scores, targets: (N, L), targets NaN where one is missing.
    """
    found = []
    for label in range(targets.shape[1]):
        known = ~targets[:, label].isnan()
        positive = targets[known, label] > 0.5
        both = bool(positive.any()) and not bool(positive.all())
        found.append(metric(scores[known, label], positive) if both else math.nan)
    return found


def over_labels(labels: list[float]) -> float:
    """Mean of what `by_label` gave over the labels that have both classes.

    Raises:
        ValueError: none of them has.
    """
    defined = [each for each in labels if not math.isnan(each)]
    if not defined:
        raise ValueError(
            f"the mean over labels needs one with positives and negatives, but none of {len(labels)} "
            "labels has both."
        )
    return sum(defined) / len(defined)


def _checked(metric: str, scores: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    positive = targets > 0.5
    count = int(positive.sum())
    if not 0 < count < len(positive):
        raise ValueError(
            f"{metric} needs positives and negatives, but got {count} positives among "
            f"{len(positive)} targets."
        )
    scores = scores.detach().double()
    if scores.isnan().any():
        raise ValueError(f"{metric} needs scores that are numbers, but some are NaN.")
    return scores, positive
