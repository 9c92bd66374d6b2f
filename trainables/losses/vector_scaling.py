"""VS loss: CE whose logits are scaled and shifted by how frequent the classes are.

Sources: Kini, Paraskevas, Oymak, Thrampoulidis, "Label-Imbalanced and Group-Sensitive
Classification under Overparameterization", NeurIPS 2021 (arXiv 2103.01550), eq. (2); without
scaling it is logit-adjusted CE: Menon et al., "Long-Tail Learning via Logit Adjustment", ICLR 2021
(arXiv 2007.07314), eq. (10).
"""

import math

import torch
from torch import Tensor, nn

from trainables.losses.arguments import check_number, check_prior, matching_targets
from trainables.losses.ce import Weight, ce_by_class
from trainables.losses.labels import split

__all__ = ["VSLoss"]


class VSLoss(nn.Module):
    """Mean of softplus(-(D_1 f + c)) over positives and softplus(D_0 f + c) over negatives,
    c = tau log(p / (1 - p)) and D_y = (p_y / the larger of the two)^gamma.

    Args:
        prior: p, the share of positives among the images that it meets, in (0, 1), or one a label
            (L,) on the device of the logits.
        gamma: at least 0; 0: logit-adjusted CE.
        tau: at least 0; both 0: CE.

    Raises:
        ValueError: a number is out of its range.
    """

    def __init__(self, prior: Weight, gamma: float = 0.15, tau: float = 1.25) -> None:
        super().__init__()
        check_prior(prior, prior.numel() if isinstance(prior, Tensor) else 1)
        check_number("gamma", gamma, "at least 0")
        check_number("tau", tau, "at least 0")
        other = 1 - prior
        if isinstance(prior, Tensor):
            most: Weight = torch.maximum(prior, 1 - prior)
            self.shift: Weight = tau * (prior / other).log()
        else:
            most = max(prior, 1 - prior)
            self.shift = tau * math.log(prior / other)
        self.scales = (prior / most) ** gamma, (other / most) ** gamma

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss (0-dim) of logits and targets (B,), or (B, L) of several labels."""
        targets, missing = split(matching_targets(logits, targets))
        positive, negative = (scale * logits + self.shift for scale in self.scales)
        return ce_by_class(positive, negative, targets, missing)
