"""Is a network sound? Looked at before it fails in every trial."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from trainables.errors import TrainableError, in_one_line

if TYPE_CHECKING:
    from torch import Tensor

    from trainables.method import Method
    from trainables.models.classifier import BinaryClassifier

__all__ = ["flaw", "untrained"]

ALIKE = 1e-3
"""Logits of a network and of its parts differ by rounding, so much relative to 1 + their size."""

LARGER = (32, 48, 64, 96, 128, 224)
"""Pixels a side that a network may take which does not take the images."""

TRIED_AT = (0.0, 0.999)
"""Shares of a trial at which a method's step is tried: in its first stage and in its last."""


def flaw(build: Callable[[int, int], Any], images: "Tensor") -> str | None:
    """What is wrong with the network that ``build`` gives, as a clause that follows its name.

    Draws from torch's global generator.

    Args:
        build: (in_channels, image_size) to a ``BinaryClassifier``.
        images: float32 (B, C, H, W) or (B, C, D, H, W), no more than a training batch has.

    Raises:
        TrainableError: an option has a wrong value, or its weights cannot be had.
    """
    channels, *sizes = images.shape[1:]
    size = sizes[-1]
    try:
        model = build(channels, size)
        return _form(model) or _outputs(model, images)
    except TrainableError:
        raise
    except Exception as error:  # noqa: BLE001 - the user's own network may raise anything
        least = next((each for each in LARGER if each > size and _takes(build, images, each)), None)
        hint = "" if least is None else f"; it takes {least}x{least}"
        return (
            f"must take {'images' if len(sizes) == 2 else 'volumes'} of {channels} channels and "
            f"{'x'.join(map(str, sizes))} pixels, as these are, and fails on them "
            f"({in_one_line(error)}){hint}"
        )


def _takes(build: Callable[[int, int], Any], images: "Tensor", size: int) -> bool:
    """Whether it takes images of another size."""
    import torch

    axes = [size] * (images.ndim - 2)
    try:
        with torch.no_grad():
            build(images.shape[1], size).eval()(images.new_zeros(*images.shape[:2], *axes))
    except Exception:  # noqa: BLE001 - as it may on the images themselves
        return False
    return True


def untrained(
    build: Callable[[int, int], Any],
    images: "Tensor",
    methods: Iterable[tuple[str, "Method"]],
    precision: str,
    labels: int = 1,
    metadata: "Tensor | None" = None,
    classes: bool = False,
) -> str | None:
    """Which method cannot train a network that has no flaw, as a clause that follows its name.

    One step of the method's first stage is done, and one of its last.

    Args:
        build, images: as for ``flaw``.
        methods: by name.
        precision: "f32", "tf32" or "bf16".
        labels: that the network is asked for.
        metadata: float32 (B, K), of the images, if the network takes any.
        classes: the labels are classes, one of which an image has.
    """
    import torch

    from trainables.branch_after import recipe_of
    from trainables.recipe import Batch, Context

    targets = (torch.arange(len(images)) % 2).float()
    prior: float | torch.Tensor = 0.5
    if classes:
        targets = torch.eye(labels)[torch.arange(len(images)) % labels]
        prior = torch.full((labels,), 1 / labels)
    elif labels > 1:
        targets = targets[:, None].expand(-1, labels)
        prior = torch.full((labels,), 0.5)
    batch = Batch(images, targets, torch.arange(len(images)), metadata)
    batch.with_metadata = metadata is not None
    batch.partner = batch  # for methods that want one
    for name, method in methods:
        model = build(images.shape[1], images.shape[-1])
        model.precision = precision
        try:
            model.have_outputs(labels)
            generator = torch.Generator()
            context = Context(model, prior, generator, len(images), outputs=labels, classes=classes)
            recipe = recipe_of(method, context)
            for share in TRIED_AT:
                recipe.advance(share)
                recipe.step([batch] * recipe.batches)
        except Exception as error:  # noqa: BLE001 - the user's own network may raise anything
            return f"must be trained by {name}, whose training step fails ({in_one_line(error)})"
    return None


def _form(model: Any) -> str | None:
    from torch import nn
    from torch.nn.parameter import is_lazy

    from trainables.models.classifier import BinaryClassifier

    if not isinstance(model, BinaryClassifier):
        return (
            "must give a trainables.models.classifier.BinaryClassifier, of features and a linear "
            f"head, not {'None' if model is None else type(model).__name__}"
        )
    if not isinstance(getattr(model, "features", None), nn.Module) or not isinstance(
        getattr(model, "head", None), nn.Linear
    ):
        return "must call BinaryClassifier.__init__ with a module of features and an nn.Linear head"
    weights = [*model.named_parameters(), *model.named_buffers()]
    for name, weight in weights:
        if is_lazy(weight):
            return (
                f"must have all its weights once it is built, and {name} has no shape yet: give "
                "the layer its sizes, or send a batch of images through it in the builder"
            )
    if not any(weight.requires_grad for _, weight in weights):
        return "must have weights that can be trained, and none of its own requires a gradient"
    return None


def _outputs(model: "BinaryClassifier", images: "Tensor") -> str | None:
    import torch

    model.precision = "f32"
    model.eval()
    with torch.no_grad():
        # The last part of an evaluation may be a single image.
        for part in (images[:1], images):
            features, logits = model.features(part), model(part)
            if wrong := _shape(logits, len(part), "evaluation"):
                return wrong
            if features.shape != (len(part), model.head.in_features):
                return (
                    f"must turn an image into the {model.head.in_features} features that its head "
                    f"takes, (B, {model.head.in_features}), and gives {tuple(features.shape)}"
                )
            apart = (model.head(features).squeeze(1) - logits).abs()
            if (apart > ALIKE * (1 + logits.abs())).any():
                return (
                    "must give what its head makes of its features, and in evaluation it gives "
                    "other logits: methods train the head by itself"
                )
    model.train()
    logits = model(images)
    if wrong := _shape(logits, len(images), "training"):
        return wrong
    if not logits.requires_grad:
        return "must train, and in training its logits do not depend on weights with a gradient"
    return None


def _shape(logits: Any, images: int, mode: str) -> str | None:
    import torch

    if not isinstance(logits, torch.Tensor):
        return (
            f"must give one logit an image, a tensor (B,), not a {type(logits).__name__} in {mode}"
        )
    if logits.shape != (images,):
        return (
            f"must give one logit an image, (B,), not {tuple(logits.shape)} for {images} in {mode}"
        )
    if logits.dtype != torch.float32:
        return f"must give logits in float32, not {logits.dtype} in {mode}"
    return None
