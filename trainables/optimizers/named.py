"""torch's optimizers by name, made so that a GPU runs their step alone."""

from collections.abc import Iterable

from torch import Tensor
from torch.optim import SGD, Adam, AdamW, Optimizer

__all__ = ["optimizer_of"]


def optimizer_of(
    name: str,
    params: Iterable[Tensor],
    *,
    lr: float,
    weight_decay: float,
    momentum: float = 0.0,
    dampening: float = 0.0,
    nesterov: bool = False,
) -> Optimizer:
    """A new one: fused, with the learning rate as a tensor, which is one launch a step and no wait
    for the device.

    Args:
        name: "sgd"; "adam" (Kingma and Ba, ICLR 2015), the weight decay a part of its gradient; or
            "adamw" (Loshchilov and Hutter, ICLR 2019), the weight decay beside it. Both have
            torch's betas and epsilon.
        params: at least one.
        lr, weight_decay: at least 0.
        momentum, dampening, nesterov: of SGD alone; ``nesterov`` needs a momentum above 0.
    """
    trained = list(params)
    rate = trained[0].new_tensor(lr)
    if name == "sgd":
        return SGD(
            trained,
            lr=rate,
            weight_decay=weight_decay,
            momentum=momentum,
            dampening=dampening,
            nesterov=nesterov,
            fused=True,
        )
    on_gpu = trained[0].is_cuda
    kind = {"adam": Adam, "adamw": AdamW}[name]
    optimizer = kind(trained, lr=rate, weight_decay=weight_decay, fused=True, capturable=on_gpu)

    def stay_capturable(loaded: Optimizer) -> None:
        """A file from another device holds that device's answer."""
        for group in loaded.param_groups:
            group["capturable"] = on_gpu

    optimizer.register_load_state_dict_post_hook(stay_capturable)
    return optimizer
