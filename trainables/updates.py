"""Update rules: how a loss and an optimizer work together in one step."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from trainables.losses.image_state import ImageStateLoss
from trainables.optimizers.inner import Pair, called, exchange_
from trainables.optimizers.lr_factors import split_groups_
from trainables.optimizers.pdsca import PDSCA
from trainables.optimizers.proximal import ProximalOptimizer, groups_to_params_device
from trainables.optimizers.sam import uphill
from trainables.recipe import Batch

__all__ = ["Compositional", "Descent", "Mix", "SharpDescent", "mixed", "then", "unmixed"]

Mix = Callable[[Batch], Batch]
"""What happens to a batch before it is trained on, such as mixup."""


def mixed(mix: Mix, batch: Batch) -> Batch:
    """What ``mix`` makes of the batch; what it does not carry on is that of each first image.

    So a mix that gives ``Batch(images, targets)`` keeps indices and metadata, unless it changes how
    many images there are.
    """
    found = mix(batch)
    if len(found.targets) == len(batch.targets):
        found.indices = batch.indices if found.indices is None else found.indices
        found.metadata = batch.metadata if found.metadata is None else found.metadata
    found.with_metadata = batch.with_metadata
    return found


def unmixed(batch: Batch) -> Batch:
    """The batch as it is."""
    return batch


def then(first: Mix, second: Mix) -> Mix:
    """First the one, of a batch and of its partner, then the other."""

    def both(batch: Batch) -> Batch:
        given = mixed(first, batch)
        given.partner = None if batch.partner is None else mixed(first, batch.partner)
        return mixed(second, given)

    return both


def _pair(batch: Batch) -> Pair:
    """The batch for an optimizer of its own network, with the metadata if it takes them."""
    return batch.given, batch.targets


class Descent:
    """One loss, one optimizer, one batch a step.

    Args:
        model: images (B, C, H, W), and metadata if it takes them, to logits, (B,) or (B, L).
        loss: (logits, targets) to a 0-dim loss; its own parameters belong to ``optimizer``. An
            `ImageStateLoss` is given the batch's indices too.
        optimizer: what it trains, and nothing else, gets a gradient. It is new: its groups are
            split where parameters have factors of the learning rate.
        decay: called at each decay of the learning rate.
        mix: done to each batch first.
    """

    def __init__(
        self,
        model: nn.Module,
        loss: nn.Module,
        optimizer: Optimizer,
        decay: Callable[[], None],
        mix: Mix = unmixed,
    ) -> None:
        self._model = model
        self._loss = loss
        self._optimizer = optimizer
        self._decay = decay
        self._mix = mix
        if not isinstance(optimizer, ProximalOptimizer):  # which multiplies by the factors itself
            split_groups_(optimizer)
        self._trained = [
            each
            for group in optimizer.param_groups
            for each in group["params"]
            if each.requires_grad
        ]

    def step(self, batches: Sequence[Batch]) -> tuple[Tensor, int]:
        """Train on one batch; gives the loss and the number of its images."""
        (batch,) = batches
        given = mixed(self._mix, batch)
        loss = self._gradients(given)
        self._optimizer.step()
        return loss, len(given.targets)

    def decay(self) -> None:
        """What the optimizer does when its learning rate decays."""
        self._decay()

    def set_lr(self, lr: float) -> None:
        """Give every parameter group this learning rate, times its factor, in place of the tensor
        it has.
        """
        for group in self._optimizer.param_groups:
            group["lr"].fill_(lr * group.get("lr_factor", 1.0))

    def evaluating(self) -> AbstractContextManager[None]:
        """The model's own weights are the ones to evaluate."""
        return nullcontext()

    def metrics(self, probe: Callable[[], Batch]) -> dict[str, float]:  # noqa: ARG002
        """None."""
        return {}

    def state_dict(self) -> dict[str, Any]:
        """The loss's own parameters and the optimizer's state."""
        return {"loss": self._loss.state_dict(), "optimizer": self._optimizer.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from what `state_dict` gave."""
        self._loss.load_state_dict(state["loss"])
        self._optimizer.load_state_dict(state["optimizer"])
        groups_to_params_device(self._optimizer)

    def _gradients(self, given: Batch) -> Tensor:
        """One pass forward and backward, into ``.grad``; gives the loss, detached."""
        which = (given.indices,) if isinstance(self._loss, ImageStateLoss) else ()
        loss: Tensor = self._loss(called(self._model, given.given), given.targets, *which)
        self._optimizer.zero_grad()
        loss.backward(inputs=self._trained)
        return loss.detach()


class SharpDescent(Descent):
    """SAM: the optimizer goes by the gradient at w + rho g / ||g||, g that at w, of the same batch.

    A step takes two passes. Both begin with the same buffers of network and loss, and what the
    first one leaves in them stays: BatchNorm statistics are of batches at w alone (as in the
    authors' code), and a loss that keeps numbers an image moves them once a step. Dropout draws
    anew in the second pass. The weight decay is the optimizer's, at w, and no part of g (the
    paper's objective; the authors' code has it in g, too).

    Source: Foret et al., ICLR 2021 (arXiv 2010.01412).

    Args:
        model, loss, optimizer, decay, mix: as of `Descent`.
        weights: w; what else the optimizer trains, a and b of an AUC loss, stays in its place.
        rho: at least 0.
    """

    def __init__(
        self,
        model: nn.Module,
        loss: nn.Module,
        optimizer: Optimizer,
        decay: Callable[[], None],
        mix: Mix,
        *,
        weights: Sequence[Tensor],
        rho: float,
    ) -> None:
        super().__init__(model, loss, optimizer, decay, mix)
        self._weights = list(weights)
        self._rho = rho
        # Listed once: a walk through a network costs as much as an update of it.
        self._buffers = [*model.buffers(), *loss.buffers()]

    def step(self, batches: Sequence[Batch]) -> tuple[Tensor, int]:
        """Train on one batch; gives the loss at w and twice the number of its images."""
        (batch,) = batches
        given = mixed(self._mix, batch)
        buffers = [each.clone() for each in self._buffers]
        loss = self._gradients(given)
        exchange_(self._buffers, buffers)
        with uphill(self._weights, self._rho):
            self._gradients(given)
        exchange_(self._buffers, buffers)
        self._optimizer.step()
        return loss, 2 * len(given.targets)


class Compositional:
    """Compositional training: PDSCA on one batch (S1 = S2) or on two independent ones.

    Args:
        loss: the outer loss that ``optimizer`` works on.
        optimizer: PDSCA with its model.
        evaluate_inner: evaluate u instead of w.
        mix: done to each batch first.
        terms: from (inputs, targets) to figures for the curve, the inputs as `PDSCA.step` takes
            them; None: there are none.
    """

    def __init__(
        self,
        loss: nn.Module,
        optimizer: PDSCA,
        evaluate_inner: bool,
        mix: Mix = unmixed,
        terms: Callable[[Any, Tensor], dict[str, float]] | None = None,
    ) -> None:
        self._loss = loss
        self._optimizer = optimizer
        self._evaluate_inner = evaluate_inner
        self._mix = mix
        self._terms = terms

    def step(self, batches: Sequence[Batch]) -> tuple[Tensor, int]:
        """Train on S1 (and S2); gives the outer loss and the gradient evaluations.

        A forward pass of S1 for the gradient in alpha has no backward pass and is not counted.
        """
        given = [mixed(self._mix, batch) for batch in batches]
        loss = self._optimizer.step(*map(_pair, given))
        passes = self._optimizer.inner_passes
        return loss, passes * len(given[0].targets) + len(given[-1].targets)

    def decay(self) -> None:
        """PDSCA's decay: learning rates / 10, a new reference point."""
        self._optimizer.decay()

    def evaluating(self) -> AbstractContextManager[None]:
        """Within it the model holds w or u, as chosen."""
        return self._optimizer.inner_weights() if self._evaluate_inner else nullcontext()

    def metrics(self, probe: Callable[[], Batch]) -> dict[str, float]:
        """The ``terms``, at the model's own w, of the probe as it is, unmixed."""
        return {} if self._terms is None else self._terms(*_pair(probe()))

    def state_dict(self) -> dict[str, Any]:
        """The loss's own parameters and the optimizer's state, the points u in it."""
        return {"loss": self._loss.state_dict(), "optimizer": self._optimizer.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from what `state_dict` gave."""
        self._loss.load_state_dict(state["loss"])
        self._optimizer.load_state_dict(state["optimizer"])
