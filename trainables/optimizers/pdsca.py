"""PDSCA: primal-dual stochastic compositional adaptive method, for compositional training.

The outer AUC loss is evaluated at u, the network after gradient steps on an inner loss.
Source: Yuan, Guo, Chawla, Yang, "Compositional Training for End-to-End Deep AUC Maximization",
ICLR 2022, Alg. 1. Its printed eq. (7) is not used: its g1 carries linear terms with the classes
swapped and its g2 lacks the margin's constant. Here g1, g2 and g3 are the parts of the loss F
itself: F = g1 + alpha g2 - g3(alpha).
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from trainables.losses.ce import ce_loss
from trainables.optimizers.exact import Exact
from trainables.optimizers.inner import Inner, Loss, Pair, dual, primal, trained
from trainables.optimizers.looks_ahead import LooksAhead
from trainables.optimizers.moves import Moves
from trainables.optimizers.proximal import (
    AT_LEAST_0,
    ProximalOptimizer,
    Range,
    Reference,
    ascend_,
    descend_,
    proximal_directions,
)
from trainables.optimizers.scaling import Scaling, average_

__all__ = ["INNER", "PDSCA"]

INNER: Mapping[str, type[Inner]] = MappingProxyType(
    {"moves": Moves, "looks_ahead": LooksAhead, "exact": Exact}
)
"""By name: what an inner step does to w."""

SHARE = Range("in (0, 1]", lambda value: 0 < value <= 1)


class PDSCA(ProximalOptimizer):
    """Compositional training of ``model``: outer ``loss`` after k steps on ``inner_loss``.

    One step, with batches S1 and S2:
      1. k inner steps on L, the inner loss, on S1, in one of three readings:
         - ``moves``, as the authors' library runs it (`Moves`): they move w itself,
           w <- u = (1 - beta0) u + beta0 (w - inner_lr grad L(w; S1));
           O = grad F(w, a, b, alpha; S2) at the new w.
         - ``looks_ahead``, Alg. 1 as it is printed, of first order (`LooksAhead`): w stays;
           u_1 <- (1 - beta0) u_1 + beta0 (w - inner_lr grad L(w; S1)), u_j likewise from
           u_(j-1); O = grad F(u_k, a, b, alpha; S2).
         - ``exact``, Alg. 1 as it is printed (`Exact`): as ``looks_ahead``, and O is multiplied
           by I - inner_lr H of every inner step, H the Hessian of L.
         a and b pass through.
      2. z = (1 - beta1) z + beta1 O; d = z / (sqrt(z2) + G0) by ``scaling``;
         (w, a, b) <- v - lr (d + epoch_decay (v - v_ref)) - weight_decay lr v, v = (w, a, b).
      3. alpha <- alpha + dual_lr dF/dalpha, clipped to [0, alpha_max], dF/dalpha at the point of
         O and the old a, b and alpha; on S2 (``moves``), or on S1 and S2 together, as Alg. 1 has
         it (``looks_ahead``, ``exact``).

    Only ``moves`` learns as the paper's figures say: in the others the cross entropy never moves
    w (docs/results.md).

    Where the first step starts from: u = w_0 (as the authors' library states), and z = the first
    O, z2 = the first O^2 (the paper's text that we could read leaves z_0 open), so that no average
    begins with a pull to zero.

    The model holds w, `inner_weights` lends it u.

    Args:
        model: images to logits, (B,) or (B, L), on its device.
        loss: the outer loss F, such as `AUCMarginLoss`, on the same device. One without a, b and
            alpha, such as a weighted cross entropy, is minimised in w alone: step 3 falls away.
        inner_loss: (logits, targets) to the inner loss; CE by default.
        inner: "moves", "looks_ahead" or "exact".
        lr: of w, a and b; `decay` divides it by 10, and dual_lr too.
        dual_lr: of alpha; None: lr. For a mean over labels see `trainables.optimizers.pesg.PESG`.
        inner_lr: of the inner steps.
        inner_lr_decays: `decay` divides inner_lr by 10, too; None: as the reading's source does,
            which is true for "moves" (the library) and false for the others (Alg. 1).
        inner_steps: k, at least 1.
        beta0: weight of the newest u in its average, in (0, 1].
        beta1: weight of the newest O in its average, in (0, 1].
        epoch_decay, weight_decay, reference: as in `trainables.optimizers.pesg.PESG`.
        alpha_max: upper bound of alpha; None: no bound.
        scaling: the form of z2; None: 1, as in all of the paper's runs.

    Attributes:
        inner_passes: gradient evaluations of an image of S1 in one step.
        param_groups: (w, a, b) with lr, inner_lr, beta0, beta1, epoch_decay and weight_decay;
            alpha, whose lr is dual_lr. They may be written, see `ProximalOptimizer`.

    Raises:
        ValueError: a number is out of its range, or there is no such reading.

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

    ranges: ClassVar[Mapping[str, Range]] = MappingProxyType(
        {**ProximalOptimizer.ranges, "inner_lr": AT_LEAST_0, "beta0": SHARE, "beta1": SHARE}
    )

    def __init__(
        self,
        model: nn.Module,
        loss: nn.Module,
        inner_loss: Loss = ce_loss,
        *,
        inner: str = "moves",
        lr: float = 0.1,
        dual_lr: float | None = None,
        inner_lr: float = 0.1,
        inner_lr_decays: bool | None = None,
        inner_steps: int = 1,
        beta0: float = 0.9,
        beta1: float = 0.9,
        epoch_decay: float = 1 / 500,
        weight_decay: float = 1e-4,
        reference: Reference | None = None,
        alpha_max: float | None = None,
        scaling: Scaling | None = None,
    ) -> None:
        if inner not in INNER:
            raise ValueError(f"inner must be one of {', '.join(INNER)}, not {inner!r}.")
        if not inner_steps >= 1:
            raise ValueError(f"inner_steps must be at least 1, not {inner_steps!r}.")
        if alpha_max is not None and not alpha_max > 0:
            raise ValueError(f"alpha_max must be above 0 or None, not {alpha_max!r}.")
        super().__init__(
            [*trained(model), *primal(loss)],
            dual(loss),
            lr=lr,
            dual_lr=lr if dual_lr is None else dual_lr,
            epoch_decay=epoch_decay,
            weight_decay=weight_decay,
            reference=reference,
        )
        self._add_number("inner_lr", inner_lr)
        self._add_number("beta0", beta0)
        self._add_number("beta1", beta1)
        self._add_number("steps", 0.0)
        self._inner = INNER[inner](model, loss, inner_loss, inner_steps)
        self._inner_lr_decays = self._inner.decays if inner_lr_decays is None else inner_lr_decays
        self.inner_passes = inner_steps * self._inner.passes
        self._alpha_max = alpha_max
        self._scaling = scaling

    @property
    def inner_lr(self) -> Tensor:
        """The inner learning rate of the moment, 0-dim."""
        self._take_over()
        rate: Tensor = self.param_groups[0]["inner_lr"]
        return rate

    def step(self, first: Pair, second: Pair | None = None) -> Tensor:  # type: ignore[override]
        """One step.

        It takes `inner_passes` gradient evaluations of every image of S1 and one of S2.

        Args:
            first: S1, images (or a tuple of all that the model takes) and targets (B,) float in
                [0, 1], or (B, L) of several labels.
            second: S2; None: S1 again.

        Returns:
            F at the point of O, a, b and alpha on S2, 0-dim, detached.
        """
        self._begin()
        group, duals = self.param_groups
        outer = self._inner.outer(first, second, group["inner_lr"], group["beta0"])
        with torch.no_grad():
            self._step_outside(outer.gradients, group)
            if outer.slopes:
                ascend_(duals["params"], outer.slopes, duals["lr"], 0.0, self._alpha_max)
            self._finish()
        return outer.loss

    def decay(self, factor: float = 10.0) -> None:
        """Divide the learning rates by ``factor`` and renew the reference point.

        Raises:
            ValueError: the factor is not a finite number above 0.
        """
        super().decay(factor)
        if self._inner_lr_decays:
            self.inner_lr.div_(factor)

    def inner_weights(self) -> AbstractContextManager[None]:
        """Within it the model holds u, with the BatchNorm statistics that belong to it."""
        return self._inner.lent()

    def state_dict(self) -> dict[str, Any]:
        """As every optimizer's, with the points u under ``inner``."""
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
