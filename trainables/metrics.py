"""Ranking metrics on the device, one sort in float64, ties handled; and accuracy of classes."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

__all__ = ["accuracy", "auprc", "auroc", "log_odds", "over_labels"]

Metric = Callable[[Tensor, Tensor], float]
"""From scores and targets, both (N,)."""


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


def accuracy(scores: Tensor, targets: Tensor) -> float:
    """Share of the images whose own class has the highest score, the first of equal ones.

    Args:
        scores: (N, C) numbers.
        targets: (N, C), one-hot.
    """
    return float((scores.argmax(1) == targets.argmax(1)).double().mean())


def log_odds(logits: Tensor) -> Tensor:
    """log p_c / (1 - p_c) of each class against all others, p the softmax of logits (N, C).

    As a score of class c it ranks images as p_c does, and the classes of an image as its logits do;
    the sigmoid of it is p_c.
    """
    logits = logits.double()
    logs = logits.log_softmax(1)
    # 1 - p of the likeliest class alone loses its digits: its rivals are summed themselves.
    likeliest = logits.argmax(1, keepdim=True)
    rivals = logits.scatter(1, likeliest, -torch.inf).logsumexp(1, keepdim=True)
    found = logs - torch.log1p(-logs.exp())
    return found.scatter(1, likeliest, logits.gather(1, likeliest) - rivals)


def over_labels(
    metric: Metric, scores: Tensor, targets: Tensor, names: Sequence[str]
) -> tuple[float, dict[str, float]]:
    """``metric`` of each label over the images that have it, and its mean over the labels.

    Args:
        metric: `auroc` or `auprc`.
        scores, targets: (N, L), targets NaN where one is missing; or (N,).
        names: of the L labels.

    Returns:
        The mean over the labels that have both classes, and the metric of each of these by name;
        of (N,) the metric itself, and nothing.

    Raises:
        ValueError: no label has both classes, or a score is NaN.
    """
    if targets.dim() == 1:
        return metric(scores, targets), {}
    found = {}
    for name, mine, wanted in zip(names, scores.unbind(1), targets.unbind(1), strict=True):
        known = ~wanted.isnan()
        positive = wanted[known] > 0.5
        if 0 < int(positive.sum()) < len(positive):
            found[name] = metric(mine[known], positive)
    if not found:
        raise ValueError(
            f"the mean over {len(names)} labels needs one with positives and negatives, but got "
            "none."
        )
    return sum(found.values()) / len(found), found


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
