"""Networks by name. A builder takes (in_channels, image_size) and gives a BinaryClassifier.

Weights come from torch's global generator: seed it (``torch.random.fork_rng``) before building.
"""

from collections.abc import Callable

from trainables.models.classifier import BinaryClassifier
from trainables.models.mlp import mlp
from trainables.models.small_cnn import small_cnn

__all__ = ["MODELS", "Builder"]

Builder = Callable[[int, int], BinaryClassifier]

MODELS: dict[str, Builder] = {
    "mlp": mlp,
    "small_cnn": small_cnn,
}
