"""Small builders that several methods share."""

from collections.abc import Callable, Iterable

from torch import Tensor, nn
from torch.optim import SGD

from trainables.losses.auc import AUCLoss
from trainables.optimizers.pesg import PESG
from trainables.optimizers.proximal import divide_lr
from trainables.recipe import Context, Recipe, Stage, Update, decays
from trainables.updates import Descent, Mix, unmixed

__all__ = ["one_stage", "pesg", "prior_of", "sgd"]


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
    momentum: float,
    mix: Mix = unmixed,
) -> Descent:
    """Descent by SGD."""
    trained = list(params)
    # Fused, with the learning rate as a tensor: one launch a step and no wait for the device.
    optimizer = SGD(
        trained,
        lr=trained[0].new_tensor(lr),
        weight_decay=weight_decay,
        momentum=momentum,
        fused=True,
    )
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
    mix: Mix = unmixed,
) -> Descent:
    """Descent-ascent by PESG on ``params`` and the loss's own a, b and alpha."""
    loss.to(context.device)
    optimizer = PESG(
        [*params, loss.a, loss.b],
        [loss.alpha],
        lr=lr,
        epoch_decay=epoch_decay,
        weight_decay=weight_decay,
        momentum=momentum,
        clip=clip,
        project_alpha=project_alpha,
    )
    return Descent(context.model, loss, optimizer, optimizer.decay, mix)


def prior_of(prior: float | str, context: Context) -> float | None:
    """The number that "dataset" or a number stands for; None for "batch"."""
    words = {"dataset": context.prior, "batch": None}
    return words[prior] if isinstance(prior, str) else prior
