"""Small builders that several methods share."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from trainables.losses.auc import AUCLoss, Prior
from trainables.losses.auc_ce import AUCPlusCELoss
from trainables.optimizers.ascent import Ascent
from trainables.optimizers.named import optimizer_of
from trainables.optimizers.pesg import PESG
from trainables.optimizers.proximal import Reference, divide_lr
from trainables.recipe import Context, Recipe, Stage, Update, decays
from trainables.updates import Descent, Mix, SharpDescent, unmixed

__all__ = [
    "adam",
    "by_label",
    "descent",
    "one_stage",
    "pesg",
    "prior_of",
    "reference_of",
    "sgd",
    "warmed_up",
]

NEAR_ZERO = 0.01
"""Deviation of LibAUC's first reference point."""

SAM_RHO = 0.05
"""Foret et al., ICLR 2021: good on CIFAR-10 and ImageNet."""

WARM_UP_FROM = 0.1
"""Share of the learning rate at which a warm-up begins: at 0 the first step would be lost."""


def one_stage(start: Callable[[], Update], batches: int = 1) -> Recipe:
    """One update rule for the whole trial, its learning rate decaying at 50 % and 75 %."""
    return Recipe([Stage(start, batches=batches, decays=decays())])


def descent(
    optimizer: str,
    context: Context,
    loss: nn.Module,
    params: Iterable[Tensor],
    *,
    lr: float,
    weight_decay: float,
    momentum: float = 0.0,
    nesterov: bool = False,
    sam_rho: float = SAM_RHO,
    mix: Mix = unmixed,
) -> Descent:
    """Descent by the optimizer of that name.

    Args:
        optimizer: "sgd", "adam" or "adamw" (`trainables.optimizers.named`), or "sam", which is SGD
            with the gradient of `trainables.updates.SharpDescent`.
        context: whose model is trained.
        loss: a new one, which has no parameters.
        params: what of the model is trained.
        lr, weight_decay: at least 0.
        momentum, nesterov: of SGD, alone or in SAM; ``nesterov`` needs a momentum above 0.
        sam_rho: of SAM alone.
        mix: done to each batch first.
    """
    loss.to(context.device)
    weights = list(params)
    made = optimizer_of(
        "sgd" if optimizer == "sam" else optimizer,
        weights,
        lr=lr,
        weight_decay=weight_decay,
        momentum=momentum,
        nesterov=nesterov,
    )
    update = _update(optimizer, weights, sam_rho)
    return update(context.model, loss, made, lambda: divide_lr(made), mix)


sgd = partial(descent, "sgd")
"""Descent by SGD, with the other arguments of `descent`."""

adam = partial(descent, "adam")
"""Descent by Adam, the weight decay as a part of the gradient (Kingma and Ba, ICLR 2015)."""


def warmed_up(lr: float, share: float) -> Callable[[Any, float], None] | None:
    """For `Stage.before_step`: raise the learning rate of a `Descent` linearly up to ``lr``.

    Source: Goyal et al., arXiv 1706.02677, sec. 2.2.

    Args:
        lr: which the stage has until it decays, first at half of the trial.
        share: of the trial over which it rises, in [0, 0.5]; 0: it does not.
    """
    if share == 0:
        return None
    first, _ = decays()

    def rise(update: Descent, progress: float) -> None:
        # It keeps no state, so that a trial goes on from any step.
        if progress < first:
            part = WARM_UP_FROM + (1 - WARM_UP_FROM) * progress / share
            update.set_lr(lr * min(1.0, part))

    return rise


def pesg(
    context: Context,
    loss: AUCLoss,
    params: Iterable[Tensor],
    *,
    lr: float,
    epoch_decay: float,
    weight_decay: float,
    momentum: float,
    clip: float | None,
    reference: Reference | None = None,
    project_alpha: bool = True,
    ce_weight: float = 0.0,
    optimizer: str = "pesg",
    dual_lr: float | None = None,
    sam_rho: float = SAM_RHO,
    mix: Mix = unmixed,
) -> Descent:
    """Descent-ascent on ``params`` and the loss's own a, b and alpha, by PESG or another optimizer.

    Args:
        context: whose model is trained.
        loss: a new one.
        params: what of the model is trained.
        lr, weight_decay: at least 0.
        epoch_decay: of PESG, alone or in SAM.
        momentum: of SGD and PESG, alone or in SAM: the weight of the past in an average.
        clip: bound on the size of every entry of the gradient in the descent; None: no bound.
        reference: where the reference point of PESG starts, see `reference_of`.
        project_alpha: keep alpha at 0 or above.
        ce_weight: above 0 it adds so much of the cross entropy to the loss.
        optimizer: "pesg"; "sgd", "adam" or "adamw" in ``params``, a and b, beside
            `trainables.optimizers.ascent.Ascent` in alpha; or "sam", which is PESG with the
            gradients of `trainables.updates.SharpDescent`, w being ``params`` alone.
        dual_lr: of alpha, before `by_label`; None: lr.
        sam_rho: of SAM alone.
        mix: done to each batch first.
    """
    loss.to(context.device)
    weights = list(params)
    primal, dual = [*weights, loss.a, loss.b], [loss.alpha]
    ascent = by_label(lr if dual_lr is None else dual_lr, context)
    whole = AUCPlusCELoss(loss, ce_weight) if ce_weight else loss
    if optimizer not in ("pesg", "sam"):
        made = optimizer_of(
            optimizer,
            primal,
            lr=lr,
            weight_decay=weight_decay,
            momentum=momentum,
            dampening=momentum,
        )
        Ascent(made, dual, lr=ascent, project=project_alpha, clip=clip)
        return Descent(context.model, whole, made, lambda: divide_lr(made), mix)
    proximal = PESG(
        primal,
        dual,
        lr=lr,
        dual_lr=ascent,
        epoch_decay=epoch_decay,
        weight_decay=weight_decay,
        momentum=momentum,
        clip=clip,
        project_alpha=project_alpha,
        reference=reference,
    )
    update = _update(optimizer, weights, sam_rho)
    return update(context.model, whole, proximal, proximal.decay, mix)


def _update(optimizer: str, weights: list[Tensor], sam_rho: float) -> Callable[..., Descent]:
    """The kind of update: SAM's takes two passes."""
    if optimizer == "sam":
        return partial(SharpDescent, weights=weights, rho=sam_rho)
    return Descent


def reference_of(name: str, context: Context) -> Reference | None:
    """Where the reference point of PESG and PDSCA starts, by its name among the hyperparameters."""
    if name == "start":
        return None

    def near_zero(each: Tensor) -> Tensor:
        return torch.empty_like(each).normal_(0, NEAR_ZERO, generator=context.generator)

    return near_zero


def by_label(dual_lr: float, context: Context) -> float:
    """The learning rate of alpha with which each label's moves as if the label were alone.

    A loss of L labels is their mean, so that an alpha meets 1 / L of its own label's gradient.
    """
    return dual_lr * context.outputs


def prior_of(prior: float | str, context: Context) -> Prior:
    """The share, or one a label (L,), that "dataset" or a number stands for; None for "batch"."""
    words: dict[str, Prior] = {"dataset": context.prior, "batch": None}
    return words[prior] if isinstance(prior, str) else prior
