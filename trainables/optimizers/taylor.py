"""Terms of the Taylor expansion that explains compositional training.

Source: Yuan, Guo, Chawla, Yang, "Compositional Training for End-to-End Deep AUC Maximization",
ICLR 2022, fig. 2.
"""

import torch
from torch import Tensor, nn
from torch.func import functional_call

from trainables.optimizers.inner import Given, Loss, called
from trainables.optimizers.lr_factors import scaled

__all__ = ["taylor_terms"]


def taylor_terms(
    model: nn.Module,
    outer_loss: Loss,
    inner_loss: Loss,
    inner_lr: float,
    images: Given,
    targets: Tensor,
) -> dict[str, float]:
    """F(u) = F(w) - inner_lr <grad F(w), grad L(w)> + rest, with u = w - inner_lr grad L(w).

    Where weights have factors of the learning rate, grad L is multiplied by them.
    F is the outer loss at its a, b and alpha of the moment, L the inner loss, both of one batch.
    Parameters, their ``grad`` and (with ``model`` in evaluation) all statistics stay as they are.

    Args:
        model: images to logits, (B,) or (B, L); it holds w.
        outer_loss, inner_loss: (logits, targets) to a 0-dim loss.
        inner_lr: of the one inner step.
        images, targets: the batch; of images and more, a tuple.

    Returns:
        {"taylor_outer": F(w), "taylor_inner": inner_lr <grad F(w), grad L(w)>,
        "taylor_rest": the rest}.
    """
    weights = {name: each for name, each in model.named_parameters() if each.requires_grad}
    logits = called(model, images)
    outer = outer_loss(logits, targets)
    outward = torch.autograd.grad(outer, list(weights.values()), retain_graph=True)
    slopes = torch.autograd.grad(inner_loss(logits, targets), list(weights.values()))
    inward = scaled(slopes, weights.values())
    with torch.no_grad():
        before = outer.detach()
        inner = inner_lr * sum(
            (left * right).sum() for left, right in zip(outward, inward, strict=True)
        )
        moved = {
            name: each - inner_lr * slope
            for (name, each), slope in zip(weights.items(), inward, strict=True)
        }
        after = outer_loss(functional_call(model, moved, images), targets)
    return {
        "taylor_outer": float(before),
        "taylor_inner": float(inner),
        "taylor_rest": float(after - before + inner),
    }
