"""The training loop that users of LibAUC write, with all parts from the installed LibAUC 2.0.1.

It needs ``pip install --no-deps libauc==2.0.1`` and tqdm. As in the library's own examples: images
transformed one at a time, `DualSampler`, `AUCMLoss` on sigmoids, `PESG`, and the predictions of
each step copied to the host for the training AUC. The network is ours: the loop alone differs.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from tests.benchmarks.plain_loop import ImageByImage
from trainables.datasets.imbalance import BinaryTask
from trainables.models.classifier import BinaryClassifier

__all__ = ["PeerLoop"]


class PeerLoop:
    """AUC-M by LibAUC.

    Args:
        model: ours.
        task: ours, on the device that trains.
        batch_size: images a batch.
        lr, margin, epoch_decay, weight_decay: of its loss and optimizer; else its defaults.
        positives: share of positives that its sampler puts into a batch.
        workers: processes of the DataLoader.

    Attributes:
        predictions, targets: of the epoch under way, one entry (B,) a step.
    """

    def __init__(
        self,
        model: BinaryClassifier,
        task: BinaryTask,
        batch_size: int,
        *,
        lr: float,
        margin: float,
        epoch_decay: float,
        weight_decay: float,
        positives: float = 0.5,
        workers: int = 0,
    ) -> None:
        from libauc.losses.auc import AUCMLoss
        from libauc.optimizers.pesg import PESG
        from libauc.sampler import DualSampler

        self.device = task.train_images.device
        self.model: nn.Module = model.to(self.device)
        self.loss = AUCMLoss(margin=margin, device=self.device)
        self.optimizer = PESG(
            self.model.parameters(),
            loss_fn=self.loss,
            lr=lr,
            weight_decay=weight_decay,
            epoch_decay=epoch_decay,
            verbose=False,
            device=self.device,
        )
        images = ImageByImage(task)
        labels = task.train_targets.cpu().numpy()
        sampler = DualSampler(images, batch_size, labels=labels, sampling_rate=positives)
        self.loader = DataLoader(images, batch_size, sampler=sampler, num_workers=workers)
        self.batches = self._epochs()
        self.predictions: list[np.ndarray] = []
        self.targets: list[np.ndarray] = []

    def step(self) -> float:
        images, targets = next(self.batches)
        images, targets = images.to(self.device), targets.to(self.device)
        predictions = torch.sigmoid(self.model(images))
        loss = self.loss(predictions, targets)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.predictions.append(predictions.detach().cpu().numpy())
        self.targets.append(targets.cpu().numpy())
        return float(loss.item())

    def _epochs(self) -> Iterator[list[Tensor]]:
        while True:
            self.predictions, self.targets = [], []
            yield from self.loader
