"""The usual PyTorch training loop: a DataLoader, transforms image by image, ``loss.item()``."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.benchmarks.bench.images import Images, endless, first, training_images
from tests.benchmarks.bench.work import Work, default_precision
from trainables.losses.auc_margin import AUCMarginLoss
from trainables.methods.auc_m import AUCM
from trainables.metrics import auroc
from trainables.models import MODELS

__all__ = ["PlainLoop", "TensorByTensorPESG"]


class TensorByTensorPESG:
    """PESG of trainables.optimizers.pesg without clip and momentum, one tensor at a time."""

    def __init__(
        self, params: list[Tensor], alpha: Tensor, lr: float, epoch_decay: float, decay: float
    ) -> None:
        self.params, self.alpha = params, alpha
        self.lr, self.epoch_decay, self.decay = lr, epoch_decay, decay
        self.references = [each.detach().clone() for each in params]
        self.totals = [torch.zeros_like(each) for each in params]

    @torch.no_grad()
    def step(self) -> None:
        rows = zip(self.params, self.references, self.totals, strict=True)
        for each, reference, total in rows:
            assert each.grad is not None
            pull = self.epoch_decay * (each - reference)
            each.sub_(self.lr * (each.grad + pull + self.decay * each))
            total.add_(each)
        assert self.alpha.grad is not None
        self.alpha.add_(self.lr * self.alpha.grad).clamp_(min=0)

    def zero_grad(self) -> None:
        for each in [*self.params, self.alpha]:
            each.grad = None


class PlainLoop:
    """``ce`` by SGD, ``auc_m`` by PESG, or ``ct_auc`` as a step of either on a batch each.

    The last lacks the averages of compositional training, and is so much cheaper.
    """

    def __init__(self, method: str, work: Work) -> None:
        self.work, self.task = work, work.task()
        self.precision = default_precision(work)
        channels, size = self.task.train_images.shape[:2]
        self.model = MODELS[work.model](channels, size).to(work.device)
        passes: dict[str, list[tuple[Callable[..., Tensor], Any]]] = {
            "ce": [self._cross_entropy()],
            "auc_m": [self._auc_margin()],
            "ct_auc": [self._cross_entropy(), self._auc_margin()],
        }
        self.passes = passes[method]
        self.batches = endless(training_images(self.task), work)
        self.images = work.batch * len(self.passes)
        validation = Images(self.task.val_images, self.task.val_targets, self.task, augmented=False)
        self.validation = endless(validation, work)
        self.evaluated = len(validation)

    def _cross_entropy(self) -> tuple[Callable[..., Tensor], Any]:
        optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1, weight_decay=1e-4)
        return F.binary_cross_entropy_with_logits, optimizer

    def _auc_margin(self) -> tuple[Callable[..., Tensor], Any]:
        method = AUCM()
        loss = AUCMarginLoss(float(self.task.prior), method.margin).to(self.work.device)
        optimizer = TensorByTensorPESG(
            [*self.model.parameters(), loss.a, loss.b],
            loss.alpha,
            method.lr,
            method.epoch_decay,
            method.weight_decay,
        )
        return loss, optimizer

    def step(self) -> float:
        """A batch of each pass; the last loss."""
        for loss_of, optimizer in self.passes:
            images, targets = (each.to(self.work.device) for each in next(self.batches))
            loss = loss_of(self.model(images), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            value = loss.item()
        return float(value)

    @torch.no_grad()
    def evaluate(self, some: int) -> float:
        """AUROC of so many validation images."""
        self.model.eval()
        found = [
            (self.model(images.to(self.work.device)).cpu(), targets)
            for images, targets in first(some, self.validation)
        ]
        self.model.train()
        scores, targets = (torch.cat(each) for each in zip(*found, strict=True))
        return float(auroc(scores, targets))
