"""Small builders that several methods share."""

from collections.abc import Callable, Iterable
from typing import Any

from torch import Tensor, nn
from torch.optim import SGD, Adam, Optimizer

from trainables.losses.auc import AUCLoss, Prior
from trainables.losses.auc_ce import AUCPlusCELoss
from trainables.optimizers.pesg import PESG
from trainables.optimizers.proximal import divide_lr
from trainables.recipe import Context, Recipe, Stage, Update, decays
from trainables.updates import Descent, Mix, unmixed

__all__ = ["adam", "by_label", "one_stage", "pesg", "prior_of", "sgd", "warmed_up"]

WARM_UP_FROM = 0.1
"""Share of the learning rate at which a warm-up begins: at 0 the first step would be lost."""


def one_stage(start: Callable[[], Update], batches: int = 1) -> Recipe:
    """One update rule for the whole trial, its learning rate decaying at 50 % and 75 %."""
    return Recipe([Stage(start, batches=batches, decays=decays())])


def sgd(
    context: Context,
    loss: nn.Module,
    params: Iterable[Tensor],
    *,
    lr: float,
    weight_decay: float,
    momentum: float = 0.0,
    nesterov: bool = False,
    mix: Mix = unmixed,
) -> Descent:
    """Descent by SGD; ``nesterov`` needs a momentum above 0."""
    loss.to(context.device)
    trained = list(params)
    # Fused, with the learning rate as a tensor: one launch a step and no wait for the device.
    optimizer = SGD(
        trained,
        lr=trained[0].new_tensor(lr),
        weight_decay=weight_decay,
        momentum=momentum,
        nesterov=nesterov,
        fused=True,
    )
    return Descent(context.model, loss, optimizer, lambda: divide_lr(optimizer), mix)


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


def adam(
    context: Context,
    loss: nn.Module,
    params: Iterable[Tensor],
    *,
    lr: float,
    weight_decay: float,
    mix: Mix = unmixed,
) -> Descent:
    """Descent by Adam, the weight decay as a part of the gradient (Kingma and Ba, ICLR 2015)."""
    trained = list(params)
    on_gpu = trained[0].is_cuda
    optimizer = Adam(
        trained,
        lr=trained[0].new_tensor(lr),
        weight_decay=weight_decay,
        fused=True,
        capturable=on_gpu,
    )

    def stay_capturable(loaded: Optimizer) -> None:
        """A file from another device holds that device's answer."""
        for group in loaded.param_groups:
            group["capturable"] = on_gpu

    optimizer.register_load_state_dict_post_hook(stay_capturable)
    return Descent(context.model, loss, optimizer, lambda: divide_lr(optimizer), mix)


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
    project_alpha: bool = True,
    ce_weight: float = 0.0,
    mix: Mix = unmixed,
) -> Descent:
    """Descent-ascent by PESG on ``params`` and the loss's own a, b and alpha.

    ``ce_weight`` above 0 adds so much of the cross entropy to the loss.
    """
    loss.to(context.device)
    optimizer = PESG(
        [*params, loss.a, loss.b],
        [loss.alpha],
        lr=lr,
        dual_lr=by_label(lr, context),
        epoch_decay=epoch_decay,
        weight_decay=weight_decay,
        momentum=momentum,
        clip=clip,
        project_alpha=project_alpha,
    )
    whole = AUCPlusCELoss(loss, ce_weight) if ce_weight else loss
    return Descent(context.model, whole, optimizer, optimizer.decay, mix)


def by_label(dual_lr: float, context: Context) -> float:
    """The learning rate of alpha with which each label's moves as if the label were alone.

    A loss of L labels is their mean, so that an alpha meets 1 / L of its own label's gradient.
    """
    return dual_lr * context.outputs


def prior_of(prior: float | str, context: Context) -> Prior:
    """The share, or one a label (L,), that "dataset" or a number stands for; None for "batch"."""
    words: dict[str, Prior] = {"dataset": context.prior, "batch": None}
    return words[prior] if isinstance(prior, str) else prior
