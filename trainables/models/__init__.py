"""Networks by name. A builder takes (in_channels, image_size) and gives a BinaryClassifier.

Weights come from torch's global generator: seed it (``torch.random.fork_rng``) before building.
"""

from collections.abc import Callable

from trainables.models.classifier import BinaryClassifier
from trainables.models.mlp import mlp
from trainables.models.resnet_cifar import resnet20
from trainables.models.small_cnn import small_cnn
from trainables.models.small_cnn_3d import small_cnn_3d
from trainables.models.torchvision_models import densenet121, resnet18

__all__ = ["MODELS", "Builder"]

Builder = Callable[[int, int], BinaryClassifier]

MODELS: dict[str, Builder] = {
    "mlp": mlp,
    "small_cnn": small_cnn,
    "resnet20": resnet20,
    "resnet18": resnet18,
    "densenet121": densenet121,
    "small_cnn_3d": small_cnn_3d,
}
