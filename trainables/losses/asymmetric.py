"""Asymmetric loss: focal weights of each class's own, and easy negatives that count for nothing.

Source: Ridnik et al., "Asymmetric Loss for Multi-Label Classification", ICCV 2021
(arXiv 2009.14119), eq. (7). The paper's is the sum over images and labels, this the mean.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainables.losses.arguments import check_number, matching_targets
from trainables.losses.labels import mean_by_label, mean_over_labels, split

__all__ = ["AsymmetricLoss"]


class AsymmetricLoss(nn.Module):
    """Mean of -(1 - p)^gamma+ log p over positives and -p_m^gamma- log(1 - p_m) over negatives,
    p = sigmoid(f), p_m = (p - m)_+.

    Args:
        gamma_positive, gamma_negative: at least 0.
        shift: m, in [0, 1): a negative with p below it counts for nothing.

    Raises:
        ValueError: a number is out of its range.
    """

    def __init__(
        self, gamma_positive: float = 0.0, gamma_negative: float = 4.0, shift: float = 0.05
    ) -> None:
        super().__init__()
        check_number("gamma_positive", gamma_positive, "at least 0")
        check_number("gamma_negative", gamma_negative, "at least 0")
        check_number("shift", shift, "in [0, 1)")
        self.gamma_positive, self.gamma_negative = gamma_positive, gamma_negative
        self.shift = shift

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss (0-dim) of logits and targets (B,), or (B, L) of several labels.

        Targets are 0, 1 or, of several labels, NaN where one is missing.
        """
        targets, missing = split(matching_targets(logits, targets))
        # In logarithms nothing overflows, and no gradient is lost where p rounds to 1.
        log_p, log_q = F.logsigmoid(logits), F.logsigmoid(-logits)
        positive = (self.gamma_positive * log_q).exp() * log_p
        # log(1 - p_m) = log(1 - p + m), at most 0.
        shift = math.log(self.shift) if self.shift else -math.inf
        log_rest = torch.logaddexp(log_q, torch.full_like(log_q, shift)).clamp_max(0)
        # A power of 0 below 1 has no gradient.
        above = (logits.sigmoid() - self.shift).clamp_min(torch.finfo(logits.dtype).tiny)
        negative = above.pow(self.gamma_negative) * log_rest
        each = targets * positive + (1 - targets) * negative
        return -mean_over_labels(mean_by_label(each, missing), missing)
