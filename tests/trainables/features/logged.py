"""A network that writes down each batch it sees, and what another process does with it."""

import os
import time
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from trainables.features.embedding import Embedding, embedding
from trainables.models.classifier import BinaryClassifier

__all__ = ["NAME", "digits", "make", "network"]

NAME = f"{__name__}:network"


class _Logged(nn.Module):
    def __init__(self, log: str, seconds: float) -> None:
        super().__init__()
        self._log, self._seconds = log, seconds

    def forward(self, images: Tensor) -> Tensor:
        """(B, 1, H, W) to the mean of each row (B, H)."""
        with Path(self._log).open("a") as file:
            file.write(f"{len(images)}\n")
        time.sleep(self._seconds)
        return images.mean((1, 3))


def network(
    in_channels: int,  # noqa: ARG001
    image_size: int,
    *,
    log: str,
    seconds: float = 0.0,
) -> BinaryClassifier:
    """Seconds that a batch takes, and the file that gets a line for it."""
    return BinaryClassifier(_Logged(log, seconds), nn.Linear(image_size, 1))


def digits(root: Path, augmentation: str | None = None, **options: Any) -> Embedding:
    """Of digits; features are those of the mlp, with drawn weights, unless ``options`` say so."""
    options = {"features": "mlp", "weights": "none", **options}
    return embedding("digits", {}, options, augmentation, root, "cpu")


def make(cache: str, root: Path, options: dict[str, Any]) -> None:
    """Make the vectors, with ``cache`` as the folder of the store."""
    os.environ["AUCSTUDY_CACHE"] = cache
    digits(root, **options).vectors()
