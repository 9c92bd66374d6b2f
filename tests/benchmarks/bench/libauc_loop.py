"""The loop of LibAUC's own examples, around the losses, optimizers and sampler of LibAUC 2.0.1.

It needs ``pip install --no-deps libauc==2.0.1``. As in its examples, images are transformed one by
one in a DataLoader, the loss takes probabilities, and every epoch ends with the AUROC of both the
training and the test set, by scikit-learn. Network, data and batch are ours, for a comparison.
"""

from typing import Any

import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor

from tests.benchmarks.bench.images import Images, endless, first, training_images
from tests.benchmarks.bench.work import Work, default_precision
from trainables.models import MODELS

__all__ = ["LibAUCLoop"]


class LibAUCLoop:
    """``ce`` in random order, as its examples pre-train; ``auc_m`` and ``ct_auc`` by DualSampler.

    A step of ``ct_auc`` is two batches, of which its loss takes one for the cross entropy.

    Raises:
        ImportError: LibAUC is not installed.
    """

    def __init__(self, method: str, work: Work) -> None:
        self.method, self.work = method, work
        self.precision = default_precision(work)
        task = work.task()
        channels, size = task.train_images.shape[:2]
        self.model = MODELS[work.model](channels, size).to(work.device)
        self.loss, self.optimizer = self._parts()
        training = training_images(task)
        self.batches = endless(
            training, work, sampler=None if method == "ce" else self._sampler(training)
        )
        self.batches_a_step = 2 if method == "ct_auc" else 1
        self.images = work.batch * self.batches_a_step
        scored = Images(task.train_images, task.train_targets, task, augmented=False)
        self.scored = endless(scored, work)
        self.evaluated = len(task.train_targets) + len(task.test_targets)

    def _parts(self) -> tuple[Any, Any]:
        parameters, device = self.model.parameters(), self.work.device
        if self.method == "ce":
            from libauc.losses.losses import CrossEntropyLoss
            from libauc.optimizers.sgd import SGD

            return CrossEntropyLoss(), SGD(parameters, lr=0.1, weight_decay=1e-4, verbose=False)
        if self.method == "auc_m":
            from libauc.losses.auc import AUCMLoss
            from libauc.optimizers.pesg import PESG

            loss = AUCMLoss(device=device)
            return loss, PESG(parameters, loss_fn=loss, verbose=False, device=device)
        from libauc.losses.auc import CompositionalAUCLoss
        from libauc.optimizers.pdsca import PDSCA

        loss = CompositionalAUCLoss(k=1, device=device)
        return loss, PDSCA(parameters, loss_fn=loss, verbose=False, device=device)

    def _sampler(self, images: Images) -> Any:
        from libauc.sampler.sampler import DualSampler

        labels = images.targets.numpy()
        return DualSampler(images, self.work.batch, labels=labels)

    def step(self) -> float:
        """A batch, or two; the last loss."""
        for _ in range(self.batches_a_step):
            images, targets = (each.to(self.work.device) for each in next(self.batches))
            scores = self.model(images)
            if self.method != "ce":
                scores = torch.sigmoid(scores)
            loss: Tensor = self.loss(scores, targets)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            value = loss.item()
        return float(value)

    @torch.no_grad()
    def evaluate(self, some: int) -> float:
        """AUROC of so many training images; those of the test set cost the same each."""
        self.model.eval()
        scores, labels = [], []
        for images, targets in first(some, self.scored):
            scores.append(torch.sigmoid(self.model(images.to(self.work.device))).cpu())
            labels.append(targets)
        self.model.train()
        return float(roc_auc_score(torch.cat(labels).numpy(), torch.cat(scores).numpy()))
