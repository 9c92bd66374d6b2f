"""What every loss asks of its arguments before it computes: nothing that broadcasts by chance.

Shapes, dtypes and Python numbers are looked at, at every call. They are known without the device,
so a step neither waits for them nor takes them into a CUDA graph. VALUES on the device are never
looked at: that would make every step wait. So targets of -1 and 1 give a number here; they must be
in [0, 1] before. A `trainables.datasets.source.Source` sees to that where data are read.
"""

import math
from collections.abc import Callable, Mapping
from numbers import Real
from types import MappingProxyType

from torch import Tensor

__all__ = ["check_number", "check_prior", "check_scalars", "matching_targets"]

RULES: Mapping[str, Callable[[float], bool]] = MappingProxyType(
    {
        "in (0, 1)": lambda value: 0 < value < 1,
        "in [0, 1)": lambda value: 0 <= value < 1,
        "above 0": lambda value: value > 0,
        "at least 0": lambda value: value >= 0,
    }
)
"""What a number may be asked to be, in words."""


def matching_targets(outputs: Tensor, targets: Tensor, name: str = "logits") -> Tensor:
    """The targets (B,) of ``outputs`` (B,); integers and bools in the dtype of the outputs.

    Targets of any floating-point dtype come back as they are.

    Args:
        outputs: logits, or scores: floating point.
        targets: one an output; their values are not looked at.
        name: what the outputs are called in the error.

    Raises:
        ValueError: one of the two is not a tensor, has another shape or another kind of dtype,
            or the batch is empty.
    """
    for called, each in ((name, outputs), ("targets", targets)):
        if not isinstance(each, Tensor):
            raise ValueError(
                f"{called} must be a tensor, not {type(each).__name__}: make it one first."
            )
    if outputs.dim() != 1 or outputs.shape != targets.shape or outputs.numel() == 0:
        raise ValueError(
            f"{name} and targets must both have the shape (B,), B at least 1, not "
            f"{tuple(outputs.shape)} and {tuple(targets.shape)}: give one of each an image, such "
            "as model(images).squeeze(1)."
        )
    if not outputs.is_floating_point():
        raise ValueError(
            f"{name} must be of a floating-point dtype, not {outputs.dtype}: give the model's "
            "outputs as they are, neither rounded nor thresholded."
        )
    if targets.is_complex():
        raise ValueError(
            f"targets must be real numbers in [0, 1], not {targets.dtype}: give their real part."
        )
    return targets if targets.is_floating_point() else targets.to(outputs.dtype)


def check_scalars(**tensors: Tensor) -> None:
    """Refuse what is not a 0-dim tensor, such as an ``a`` an image, which would broadcast.

    Raises:
        ValueError: it names the tensor and its shape.
    """
    for name, each in tensors.items():
        if not isinstance(each, Tensor) or each.dim() != 0:
            found = tuple(each.shape) if isinstance(each, Tensor) else repr(each)
            raise ValueError(
                f"{name} must be a 0-dim tensor, not {found}: give one number a batch, such as "
                "torch.zeros(())."
            )


def check_number(name: str, value: object, rule: str, advice: str = "") -> None:
    """Refuse a number that breaks ``rule``; of a tensor the shape alone is looked at.

    Args:
        name: of the parameter.
        value: a Python number, or a 0-dim tensor.
        rule: a key of ``RULES``; the number must be finite besides.
        advice: what to do, to end the sentence with.

    Raises:
        ValueError: the number is not allowed, or not one number.
    """
    if isinstance(value, Tensor):
        check_scalars(**{name: value})
    elif not isinstance(value, Real) or not (math.isfinite(value) and RULES[rule](float(value))):
        raise ValueError(
            f"{name} must be a finite number {rule}, not {value!r}{advice and ': '}{advice}."
        )


def check_prior(prior: float | Tensor | None) -> None:
    """Refuse a prior that is neither a share in (0, 1) nor None.

    Raises:
        ValueError: it says what came.
    """
    if prior is not None:
        check_number("prior", prior, "in (0, 1)", "None takes the share of positives in each batch")
