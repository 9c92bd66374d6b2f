"""Compositional training as Alg. 1 is printed, with the Hessian of its inner steps.

Source: Yuan et al., ICLR 2022 (compositional training), Alg. 1, whose O for k = 1 is
(I - inner_lr H(w; S1)) grad F(u; S2). For larger k this is the chain rule through all inner
steps, as in MAML (Finn et al., ICML 2017).
"""

from typing import ClassVar

import torch
from torch import Tensor, nn

from trainables.optimizers.inner import Loss
from trainables.optimizers.looks_ahead import LooksAhead

__all__ = ["Exact"]


class Exact(LooksAhead):
    """The points of `LooksAhead`, and O = (I - inner_lr H(w)) (I - inner_lr H(u_1)) ...
    (I - inner_lr H(u_(k-1))) grad F(u_k).

    H(u) is the Hessian of the inner loss on S1 at u. It is never formed: each factor is one
    Hessian-vector product, backward through the inner gradient, which costs about as much as two
    more passes forward and backward. So a step takes 3 k + 1 passes, and the memory of k backward
    passes that are kept.
    """

    passes: ClassVar[int] = 3

    def __init__(self, model: nn.Module, loss: nn.Module, inner_loss: Loss, steps: int) -> None:
        super().__init__(model, loss, inner_loss, steps)
        self._kept: list[tuple[tuple[Tensor, ...], list[Tensor]]] = []

    def _slopes(self, loss: Tensor, weights: list[Tensor]) -> tuple[Tensor, ...]:
        slopes = torch.autograd.grad(loss, weights, create_graph=True)
        self._kept.append((slopes, weights))
        return slopes

    def _through(self, gradients: list[Tensor], inner_lr: Tensor) -> list[Tensor]:
        weighed = len(self._own)
        carried, others = gradients[:weighed], gradients[weighed:]
        while self._kept:
            slopes, weights = self._kept.pop()
            # Where weights have factors R the step is u - inner_lr R grad L, and the transpose of
            # its Jacobian I - inner_lr H R.
            curved = torch.autograd.grad(
                slopes, weights, self._scaled(carried), materialize_grads=True
            )
            carried = list(torch._foreach_sub(carried, torch._foreach_mul(curved, inner_lr)))
        return [*carried, *others]
