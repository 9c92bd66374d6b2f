"""CE of C classes, one of which an image has, and what is changed of it for a long tail.

Targets are one-hot, or shares of the classes that sum to 1, as mixed images have them. Every loss
here is the mean over images of sum_c w_c t_c l_c, l_c the cost of class c:

- CE, and weighted CE with weights w_c, as of `class_weights` (Cui et al., CVPR 2019,
  arXiv 1901.05555, eq. (10)): l_c = -log softmax(z)_c;
- focal (Lin et al., ICCV 2017, eq. (5)): alpha (1 - p_c)^gamma times that;
- VS (Kini et al., NeurIPS 2021, arXiv 2103.01550, eq. (2)), of which logit-adjusted CE (Menon et
  al., ICLR 2021, arXiv 2007.07314, eq. (10)) has gamma 0, and balanced softmax (Ren et al.,
  "Balanced Meta-Softmax", NeurIPS 2020, arXiv 2007.10740, eq. (4)) gamma 0 and tau 1, since
  log n_c and log pi_c differ by a number that no softmax sees: -log softmax(D z + tau log pi)_c;
- LDAM (Cao et al., NeurIPS 2019, arXiv 1906.07413, eq. (13)): the margin D_c is taken off the logit
  of class c alone, and all are multiplied by s.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainables.losses.arguments import check_number, matching_targets
from trainables.losses.late_weights import LateWeights

__all__ = [
    "SoftmaxCELoss",
    "SoftmaxFocalLoss",
    "SoftmaxLDAMLoss",
    "SoftmaxVSLoss",
    "class_weights",
    "softmax_ce",
]


def softmax_ce(logits: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean over images of -sum_c w_c t_c log softmax(z)_c, 0-dim.

    Args:
        logits, targets: (B, C), each row of the targets at least 0 with the sum 1; their values are
            not looked at.
        weights: (C,); None: all 1.

    Raises:
        ValueError: the two have other shapes, or are not real numbers.
    """
    targets = _of_classes(logits, targets)
    return _mean(-F.log_softmax(logits, 1), targets, weights)


def class_weights(prior: Tensor, images: int, beta: float) -> Tensor:
    """Weights (C,) of classes of n images, as (1 - beta) / (1 - beta^n), C together.

    Args:
        prior: share of each class among the images, (C,).
        images: at least 1.
        beta: in [0, 1]; 0: all weigh 1; 1: its limit, as 1 / n.

    >>> class_weights(torch.tensor([0.8, 0.2]), 1000, 1.0)
    tensor([0.4000, 1.6000])
    """
    check_number("beta", beta, "in [0, 1]")
    # 1 - beta^n loses its digits in float32.
    counts = prior.double() * images
    raw = 1 / counts if beta == 1 else (1 - beta) / (1 - beta**counts)
    return (raw * len(raw) / raw.sum()).to(prior)


class SoftmaxCELoss(nn.Module):
    """`softmax_ce` as a module.

    Args:
        weights: (C,), on the device of the logits; None: all 1.
    """

    def __init__(self, weights: Tensor | None = None) -> None:
        super().__init__()
        self.weights = weights

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss (0-dim) of logits and targets (B, C)."""
        return softmax_ce(logits, targets, self.weights)


class SoftmaxFocalLoss(nn.Module):
    """Mean over images of -alpha sum_c t_c (1 - p_c)^gamma log p_c, p = softmax(z).

    Args:
        alpha: above 0; it weighs all classes alike.
        gamma: at least 0; the larger, the less the easy images count.

    Raises:
        ValueError: a number is out of its range.
    """

    def __init__(self, alpha: float = 1.0, gamma: float = 2.0) -> None:
        super().__init__()
        check_number("alpha", alpha, "above 0")
        check_number("gamma", gamma, "at least 0")
        self.alpha, self.gamma = alpha, gamma

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss (0-dim) of logits and targets (B, C)."""
        targets = _of_classes(logits, targets)
        logs = F.log_softmax(logits, 1)
        # Below 1 by a hair: at 0 a power below 1 has no slope.
        hard = (1 - logs.exp()).clamp_min(torch.finfo(logits.dtype).tiny)
        return _mean(-self.alpha * hard**self.gamma * logs, targets)


class SoftmaxVSLoss(nn.Module):
    """CE of D_c z_c + tau log pi_c, D_c = (pi_c / the largest of them)^gamma.

    Args:
        prior: pi, share of each class among the images that it meets, (C,) on the device of the
            logits.
        gamma: at least 0; 0: logit-adjusted CE, and with tau 1 balanced softmax.
        tau: at least 0; both 0: CE.

    Raises:
        ValueError: a number is out of its range.
    """

    def __init__(self, prior: Tensor, gamma: float = 0.0, tau: float = 1.0) -> None:
        super().__init__()
        check_number("gamma", gamma, "at least 0")
        check_number("tau", tau, "at least 0")
        self.scales = (prior / prior.max()) ** gamma
        self.shifts = tau * prior.log()

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss (0-dim) of logits and targets (B, C)."""
        targets = _of_classes(logits, targets)
        return softmax_ce(self.scales * logits + self.shifts, targets)


class SoftmaxLDAMLoss(LateWeights):
    """CE in which class c has to win by D_c = C n_c^(-1/4), the largest of them given.

    Args:
        prior: share of each class among the images, (C,) on the device of the logits.
        images: training images.
        largest_margin: at least 0, D of the rarest class.
        scale: s > 0.
        beta: of `class_weights`, for the late weights, in [0, 1].

    Raises:
        ValueError: a number is out of its range.
    """

    def __init__(
        self,
        prior: Tensor,
        images: int,
        largest_margin: float = 0.5,
        scale: float = 1.0,
        beta: float = 0.9999,
    ) -> None:
        super().__init__()
        check_number("largest_margin", largest_margin, "at least 0")
        check_number("scale", scale, "above 0")
        self.scale = scale
        self.margins = largest_margin * (prior.min() / prior) ** 0.25
        weights = class_weights(prior, images, beta)
        # 1 on average over the images: the authors' code divides by the weights of a batch.
        self.weights = weights / (prior * weights).sum()

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss (0-dim) of logits and targets (B, C)."""
        targets = _of_classes(logits, targets)
        logs = F.log_softmax(self.scale * logits, 1)
        taken = self.scale * self.margins
        # With the margin off the logit of c alone the sum of exponentials is that of all, times
        # 1 - p_c (1 - exp(-s D_c)).
        each = taken - logs + torch.log1p(logs.exp() * torch.expm1(-taken))
        return _mean(each, targets, self.now(self.weights))


def _of_classes(logits: Tensor, targets: Tensor) -> Tensor:
    targets = matching_targets(logits, targets)
    if logits.dim() != 2:
        raise ValueError(
            f"logits of classes must have the shape (B, C), not {tuple(logits.shape)}: give one "
            "a class."
        )
    return targets


def _mean(costs: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
    weighed = targets if weights is None else weights * targets
    return (weighed * costs).sum(1).mean()
