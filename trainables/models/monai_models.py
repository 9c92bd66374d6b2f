"""MONAI's networks for volumes, without pretrained weights, fitted to them and one logit."""

from collections.abc import Callable

from torch import nn

from trainables.errors import UnknownNameError
from trainables.models.classifier import BinaryClassifier
from trainables.models.torchvision_models import has_small_stem

__all__ = ["monai_builder"]

RESNETS = ("resnet10", "resnet18", "resnet34", "resnet50", "resnet101")
DENSENETS = ("densenet121", "densenet169", "densenet201", "densenet264")


def monai_builder(name: str) -> Callable[..., BinaryClassifier]:
    """The builder of a network of MONAI for volumes (B, C, D, H, W).

    Args:
        name: one of ``RESNETS`` (He et al. 2016, in 3-D after Chen et al., Med3D, 2019) or
            ``DENSENETS`` (Huang et al. 2017).

    Raises:
        UnknownNameError: MONAI is not installed, or the name is none of these.
    """
    if name not in (*RESNETS, *DENSENETS):
        raise UnknownNameError(
            f"model 'monai:{name}' must be one of {', '.join((*RESNETS, *DENSENETS))}."
        )
    try:
        from monai.networks import nets
    except ImportError as error:
        raise UnknownNameError(
            f"model 'monai:{name}' needs the package monai: pip install 'aucstudy[monai]'."
        ) from error

    def resnet(in_channels: int, image_size: int, *, stem: str | None = None) -> BinaryClassifier:
        small = has_small_stem(stem, image_size)
        network = getattr(nets, name)(
            spatial_dims=3,
            n_input_channels=in_channels,
            conv1_t_size=3 if small else 7,
            conv1_t_stride=1 if small else 2,
            no_max_pool=small,
            num_classes=1,
        )
        width = network.fc.in_features
        network.fc = nn.Identity()
        return BinaryClassifier(network, nn.Linear(width, 1))

    def densenet(
        in_channels: int, image_size: int, *, drop_rate: float = 0.0, stem: str | None = None
    ) -> BinaryClassifier:
        network = getattr(nets, name.replace("densenet", "DenseNet"))(
            spatial_dims=3, in_channels=in_channels, out_channels=1, dropout_prob=drop_rate
        )
        if has_small_stem(stem, image_size):
            network.features.conv0.stride = (1, 1, 1)
            network.features.pool0 = nn.Identity()
        width = network.class_layers.out.in_features
        network.class_layers.out = nn.Identity()
        return BinaryClassifier(network, nn.Linear(width, 1))

    build: Callable[..., BinaryClassifier] = resnet if name in RESNETS else densenet
    build.__doc__ = f"""MONAI's {name} for volumes; small ones are not halved at its stem.

    Args:
        in_channels: channels of a volume, at least 1.
        image_size: voxels a side.
    """
    return build
