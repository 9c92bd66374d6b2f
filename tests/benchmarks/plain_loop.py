"""The usual PyTorch training loop that throughput.py compares with; nothing else uses it.

A DataLoader without workers, torchvision transforms one image at a time, PESG as a Python loop
over the parameters, and ``loss.item()`` every step.
"""

from collections.abc import Iterator

import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from trainables.datasets.imbalance import BinaryTask
from trainables.losses.auc_margin import AUCMarginLoss
from trainables.models.classifier import BinaryClassifier

__all__ = ["ImageByImage", "PlainLoop", "TensorByTensorPESG", "loader"]


class ImageByImage(Dataset[tuple[Tensor, Tensor]]):
    def __init__(self, task: BinaryTask) -> None:
        self.images = task.train_images.permute(0, 2, 3, 1).cpu().numpy()
        self.targets = task.train_targets.cpu()
        self.transform = transforms.Compose(
            [
                transforms.RandomCrop(self.images.shape[1], padding=4),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
                transforms.Normalize(task.mean.tolist(), task.std.tolist()),
            ]
        )

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.transform(Image.fromarray(self.images[index])), self.targets[index]


def loader(task: BinaryTask, batch_size: int) -> Iterator[list[Tensor]]:
    """Endless augmented, normalised batches on the CPU."""
    batches = DataLoader(ImageByImage(task), batch_size=batch_size, shuffle=True, drop_last=True)
    while True:
        yield from batches


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
    """AUC-M with the settings of the ``auc_m`` method, trained the usual way."""

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
    ) -> None:
        self.device = task.train_images.device
        self.model: nn.Module = model.to(self.device)
        self.loss = AUCMarginLoss(task.prior, margin).to(self.device)
        self.optimizer = TensorByTensorPESG(
            [*self.model.parameters(), self.loss.a, self.loss.b],
            self.loss.alpha,
            lr,
            epoch_decay,
            weight_decay,
        )
        self.batches = loader(task, batch_size)

    def step(self) -> float:
        images, targets = next(self.batches)
        images, targets = images.to(self.device), targets.to(self.device)
        loss = self.loss(self.model(images), targets)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return float(loss.item())
