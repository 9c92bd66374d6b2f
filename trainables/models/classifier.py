"""The one shape of model that every method trains: features, then one logit an image and label."""

import torch
from torch import Tensor, nn

from trainables.steps.compiled import compiled
from trainables.steps.precision import PRECISIONS

__all__ = ["BinaryClassifier"]


class BinaryClassifier(nn.Module):
    """Features of an image, and a linear head that turns them into one logit a label.

    Args:
        features: (B, C, H, W) float images to (B, D) embeddings.
        head: the last layer, D inputs and one output; a builder need not know of more labels,
            since a trial on L of them asks for L by `have_outputs`.
        precision: "f32"; "tf32", for which the loop lets a GPU round f32 products; or "bf16" to
            run features and head under bf16 autocast (the weights stay float32). It may be set
            later: ``model.precision = "bf16"``.

    Attributes:
        compiled_for: batch sizes for which it runs as torch.compile makes it for a CPU, in training
            with gradients and in evaluation without; at first none.

    Raises:
        ValueError: the precision is unknown.
    """

    def __init__(self, features: nn.Module, head: nn.Linear, precision: str = "f32") -> None:
        super().__init__()
        self.features = features
        self.head = head
        self.precision = precision
        self.compiled_for: frozenset[int] = frozenset()

    @property
    def precision(self) -> str:
        """ "f32", "tf32" or "bf16"."""
        return self._precision

    @precision.setter
    def precision(self, value: str) -> None:
        if value not in PRECISIONS:
            raise ValueError(f"precision must be 'f32', 'tf32' or 'bf16', not {value!r}.")
        self._precision = value

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) float images to float32 logits, higher for positive: (B,) from a head of one
        output, (B, L) from one of L.
        """
        if len(images) in self.compiled_for and self.training == torch.is_grad_enabled():
            return compiled(_logits)(self, images)
        return _logits(self, images)

    def have_outputs(self, outputs: int) -> None:
        """Give so many logits an image: a head of one output is replaced by a new one, which begins
        as ``nn.Linear`` does, drawn from torch's global generator. One that has so many stays.

        Raises:
            ValueError: the head has neither one output nor so many.
        """
        if self.head.out_features == outputs:
            return
        if self.head.out_features != 1:
            raise ValueError(
                f"the head must give one logit an image, not {self.head.out_features}: "
                "build it with nn.Linear(D, 1)."
            )
        like = self.head.weight
        self.head = nn.Linear(
            self.head.in_features,
            outputs,
            bias=self.head.bias is not None,
            device=like.device,
            dtype=like.dtype,
        )

    @torch.no_grad()
    def reset_head(self, generator: torch.Generator | None = None) -> None:
        """Draw the last layer anew, as ``nn.Linear`` begins: uniform to 1 / sqrt(D) either way.

        ``generator`` is on the model's device; None: torch's global one.
        """
        bound = self.head.in_features**-0.5
        for each in self.head.parameters():
            each.uniform_(-bound, bound, generator=generator)


def _logits(model: nn.Module, images: Tensor) -> Tensor:
    assert isinstance(model, BinaryClassifier)
    if model.precision != "bf16":
        logits: Tensor = model.head(model.features(images))
        return logits.squeeze(1)
    with torch.autocast(images.device.type, dtype=torch.bfloat16):
        logits = model.head(model.features(images))
    return logits.squeeze(1).float()
