"""Class weights that begin late in a trial, as in deferred re-weighting (DRW).

Source: Cao, Wei, Gaidon, Arechiga, Ma, NeurIPS 2019 (arXiv 1906.07413), Alg. 1.
"""

import torch
from torch import Tensor, nn

__all__ = ["LateWeights"]


class LateWeights(nn.Module):
    """A loss in which all classes weigh 1 at first, and have their weights from `reweight` on.

    Attributes:
        late: buffer, 0-dim, 0 or 1.
    """

    late: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("late", torch.zeros(()))

    def reweight(self, late: bool) -> None:
        """From here on weigh the classes, or not: in place, for steps that are replayed."""
        self.late.fill_(float(late))

    def now(self, weight: float | Tensor) -> Tensor:
        """What a class, or each of several (C,), weighs now that has ``weight`` in the end."""
        return 1 + self.late * (weight - 1)
