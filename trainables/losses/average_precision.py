"""AP loss: a surrogate of average precision, with the moving averages of SOAP.

Source: Qi, Luo, Xu, Ji, Yang, "Stochastic Optimization of Areas Under Precision-Recall Curves with
Provable Convergence", NeurIPS 2021 (arXiv 2104.08441), Alg. 1 and 2.
"""

import torch
from torch import Tensor

from trainables.losses.arguments import check_number
from trainables.losses.image_state import Images, ImageStateLoss
from trainables.losses.pairs import Pairs, mean_where

__all__ = ["APLoss"]


class APLoss(ImageStateLoss):
    """Mean over the positives i and ALL images j of p_ij l_ij, l_ij = (m - (h_i - h_j))_+^2.

    With u2_i a moving average of the mean of l_ij over j, and u1_i of the same with 0 for the
    negatives j, p_ij = (u1_i - u2_i [j is positive]) / u2_i^2 are constants of the gradient, which
    is that of the mean over i of -u1_i / u2_i.

    Args:
        images, margin, score_map, labels: as in `ImageStateLoss`.
        gamma: weight of the newest value in the averages, in (0, 1].

    Attributes:
        among_positives, among_all: buffers u1 and u2, 0 at first.

    Raises:
        UnknownNameError: there is no such score map.
        ValueError: a number is out of its range.
    """

    among_positives: Tensor
    among_all: Tensor

    def __init__(
        self,
        images: int,
        margin: float = 1.0,
        gamma: float = 0.9,
        score_map: str = "sigmoid",
        labels: int = 1,
    ) -> None:
        super().__init__(images, margin, score_map, labels)
        check_number("gamma", gamma, "in (0, 1]")
        self.gamma = gamma
        self.keep("among_positives", 0.0)
        self.keep("among_all", 0.0)

    def by_label(self, costs: Tensor, pairs: Pairs, images: Images) -> Tensor:
        """See `ImageStateLoss`; a label needs a positive."""
        positive = pairs.positive
        known = (positive | pairs.negative)[None].expand_as(costs)
        with torch.no_grad():
            of_positives = costs.masked_fill(~positive[None], 0)
            u1 = self._moved(
                self.among_positives, mean_where(of_positives, known, 1), pairs, images
            )
            u2 = self._moved(self.among_all, mean_where(costs, known, 1), pairs, images)
            # Of a positive u2 is above 0: it is a pair with itself.
            u1, u2 = u1[:, None], u2.masked_fill(~positive, 1)[:, None]
            weights = (u1 - u2 * positive[None]) / u2.square()
        return mean_where(weights * costs, known & positive[:, None], (0, 1))

    def _moved(self, state: Tensor, newest: Tensor, pairs: Pairs, images: Images) -> Tensor:
        old = state[images.indices]
        moved = (1 - self.gamma) * old + self.gamma * images.mean(newest)
        return images.write(state, moved, pairs.positive)
