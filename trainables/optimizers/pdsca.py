"""PDSCA: primal-dual stochastic compositional adaptive method, for compositional training.

The outer AUC loss is evaluated at u, the network after gradient steps on an inner loss.
Source: Yuan, Guo, Chawla, Yang, "Compositional Training for End-to-End Deep AUC Maximization",
ICLR 2022, Alg. 1. Its printed eq. (7) is not used: its g1 carries linear terms with the classes
swapped and its g2 lacks the margin's constant. Here g1, g2 and g3 are the parts of the loss F
itself: F = g1 + alpha g2 - g3(alpha).
"""

from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from trainables.losses.auc import AUCLoss
from trainables.losses.ce import ce_loss
from trainables.optimizers.inner import InnerPoints, Loss, trained
from trainables.optimizers.proximal import (
    ProximalOptimizer,
    ascend_,
    descend_,
    proximal_directions,
)
from trainables.optimizers.scaling import Scaling, average_

__all__ = ["PDSCA"]


class PDSCA(ProximalOptimizer):
    """Compositional training of ``model``: outer ``loss`` after k steps on ``inner_loss``.

    One step, with batches S1 and S2, all gradients at the same w, a, b and alpha:
      1. u_1 <- (1 - beta0) u_1 + beta0 (w - inner_lr grad L(w; S1)), and for j = 2..k
         u_j <- (1 - beta0) u_j + beta0 (u_(j-1) - inner_lr grad L(u_(j-1); S1)), L the inner
         loss. Every inner step keeps its own u_j; a and b pass through.
      2. O = grad F(u_k, a, b, alpha; S2), of first order: the inner Hessian is dropped.
      3. z <- (1 - beta1) z + beta1 O; d = z / (sqrt(z2) + G0) by ``scaling``;
         (w, a, b) <- v - lr (d + epoch_decay (v - v_ref)) - weight_decay lr v, v = (w, a, b).
      4. alpha <- alpha + dual_lr dF/dalpha(u_k; S1 and S2 together), clipped to [0, alpha_max];
         dF/dalpha = g2 - g3'(alpha).

    Where the first step starts from: u_j = w_0 (as the authors' library states u_0 = w_0), and
    z = the first O, z2 = the first O^2 (the paper's text that we could read leaves z_0 open),
    so that no average begins with a pull to zero.

    w and u are kept apart: the model holds w, `inner_weights` lends it u_k. Each u_j has
    BatchNorm statistics of its own, from the batches that went through it.

    Args:
        model: images to logits (B,), on its device.
        loss: the outer loss F, such as `AUCMarginLoss`, on the same device.
        inner_loss: (logits, targets) to the inner loss; CE by default.
        lr: of w, a and b; `decay` divides it by 10, and dual_lr too, but not inner_lr.
        dual_lr: of alpha; None: lr.
        inner_lr: of the inner steps.
        inner_steps: k, at least 1.
        beta0: weight of the newest u in its average, in (0, 1].
        beta1: weight of the newest O in its average, in (0, 1].
        epoch_decay, weight_decay: as in `trainables.optimizers.pesg.PESG`.
        alpha_max: upper bound of alpha; None: no bound.
        scaling: the form of z2; None: 1, as in all of the paper's runs.

    Raises:
        ValueError: a number is out of its range.

    >>> from trainables.losses.auc_margin import AUCMarginLoss
    >>> model = nn.Sequential(nn.Linear(4, 1), nn.Flatten(0))
    >>> optimizer = PDSCA(model, AUCMarginLoss(prior=0.5), lr=0.5, inner_steps=2)
    >>> images, targets = torch.eye(4), torch.tensor([0.0, 0.0, 1.0, 1.0])
    >>> for _ in range(100):
    ...     loss = optimizer.step((images, targets), (images, targets))
    >>> logits = model(images)
    >>> bool(logits[2:].min() > logits[:2].max())
    True
    """

    def __init__(
        self,
        model: nn.Module,
        loss: AUCLoss,
        inner_loss: Loss = ce_loss,
        *,
        lr: float = 0.1,
        dual_lr: float | None = None,
        inner_lr: float = 0.1,
        inner_steps: int = 1,
        beta0: float = 0.9,
        beta1: float = 0.9,
        epoch_decay: float = 1 / 500,
        weight_decay: float = 1e-4,
        alpha_max: float | None = None,
        scaling: Scaling | None = None,
    ) -> None:
        if not inner_steps >= 1:
            raise ValueError(f"inner_steps must be at least 1, not {inner_steps!r}.")
        if not inner_lr >= 0:
            raise ValueError(f"inner_lr must be at least 0, not {inner_lr!r}.")
        for name, beta in {"beta0": beta0, "beta1": beta1}.items():
            if not 0 < beta <= 1:
                raise ValueError(f"{name} must be in (0, 1], not {beta!r}.")
        if alpha_max is not None and not alpha_max > 0:
            raise ValueError(f"alpha_max must be above 0 or None, not {alpha_max!r}.")
        super().__init__(
            [*trained(model), loss.a, loss.b],
            [loss.alpha],
            lr=lr,
            dual_lr=lr if dual_lr is None else dual_lr,
            epoch_decay=epoch_decay,
            weight_decay=weight_decay,
        )
        group = self.param_groups[0]
        group["inner_lr"] = group["lr"].new_tensor(inner_lr)
        group["beta0"] = group["lr"].new_tensor(beta0)
        group["beta1"] = group["lr"].new_tensor(beta1)
        group["steps"] = group["lr"].new_tensor(0.0)
        self._loss = loss
        self._inner = InnerPoints(model, inner_loss, inner_steps)
        self._alpha_max = alpha_max
        self._scaling = scaling

    def step(  # type: ignore[override]
        self, first: tuple[Tensor, Tensor], second: tuple[Tensor, Tensor] | None = None
    ) -> Tensor:
        """One step.

        It takes inner_steps + 1 passes forward and backward, and one pass forward only, of S1
        through u_k, for the gradient in alpha (none where S1 = S2).

        Args:
            first: S1, images and targets (B,) float in [0, 1].
            second: S2; None: S1 again.

        Returns:
            F(u_k, a, b, alpha; S2), 0-dim, detached.
        """
        self._begin()
        group, dual = self.param_groups
        self._inner.descend(*first, group["inner_lr"], group["beta0"])
        images, targets = first if second is None else second
        point, weights = self._inner.last
        scores = self._loss.score_map(point(images))
        outer = self._loss.objective(scores, targets)
        gradients = list(torch.autograd.grad(outer, [*weights, self._loss.a, self._loss.b]))
        scores = scores.detach()
        if second is not None:
            # Each batch through its own BatchNorm and score map, as in training.
            with torch.no_grad():
                scores = torch.cat([self._loss.score_map(point(first[0])), scores])
            targets = torch.cat([first[1], targets])
        slope = torch.autograd.grad(self._loss.objective(scores, targets), [self._loss.alpha])

        with torch.no_grad():
            self._step_outside(gradients, group)
            ascend_([self._loss.alpha], list(slope), dual["lr"], 0.0, self._alpha_max)
            self._finish()
        return outer.detach()

    def inner_weights(self) -> AbstractContextManager[None]:
        """Within it the model holds u_k and its BatchNorm statistics instead of w and its own."""
        return self._inner.lent()

    def state_dict(self) -> dict[str, Any]:
        """As every optimizer's, with the points u_j under ``inner``."""
        return {**super().state_dict(), "inner": self._inner.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """As every optimizer's; tensors go to the parameters' device."""
        super().load_state_dict(state_dict)
        self._inner.load_state_dict(state_dict["inner"])

    def _begin(self) -> None:
        super()._begin()
        self._inner.begin()
        buffers = () if self._scaling is None else self._scaling.buffers
        for each in self.param_groups[0]["params"]:
            for key in ("average", *buffers):
                if key not in self.state[each]:
                    self.state[each][key] = torch.zeros_like(each)

    def _step_outside(self, gradients: list[Tensor], group: dict[str, Any]) -> None:
        group["steps"].add_(1)
        averages = self._gather("average")
        average_(averages, gradients, torch.where(group["steps"] == 1, 1.0, group["beta1"]))
        scaled = averages
        if self._scaling is not None:
            kept = {key: self._gather(key) for key in self._scaling.buffers}
            scaled = self._scaling.scale(averages, gradients, kept, group["steps"])
        directions = proximal_directions(
            group["params"],
            scaled,
            self._gather("reference"),
            group["epoch_decay"],
            group["weight_decay"],
        )
        descend_(group["params"], directions, group["lr"])
