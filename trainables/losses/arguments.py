"""What every loss asks of its arguments before it computes: nothing that broadcasts by chance.

Shapes, dtypes and Python numbers are looked at, at every call. They are known without the device,
so a step neither waits for them nor takes them into a CUDA graph. VALUES on the device are never
looked at: that would make every step wait. So targets of -1 and 1 give a number here; they must be
in [0, 1] before. A `trainables.datasets.source.Source` sees to that where data are read. Of several
labels, NaN says that one is missing (`trainables.losses.labels`).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from types import MappingProxyType

from torch import Tensor

__all__ = ["check_by_label", "check_number", "check_prior", "matching_targets"]

RULES: Mapping[str, Callable[[float], bool]] = MappingProxyType(
    {
        "in (0, 1)": lambda value: 0 < value < 1,
        "in [0, 1)": lambda value: 0 <= value < 1,
        "in (0, 1]": lambda value: 0 < value <= 1,
        "in [0, 1]": lambda value: 0 <= value <= 1,
        "above 0": lambda value: value > 0,
        "at least 0": lambda value: value >= 0,
    }
)
"""What a number may be asked to be, in words."""


def matching_targets(outputs: Tensor, targets: Tensor, name: str = "logits") -> Tensor:
    """The targets of ``outputs``, integers and bools in the dtype of the outputs.

    Targets of any floating-point dtype come back as they are.

    Args:
        outputs: logits, or scores: floating point, (B,), or (B, L) of L labels, L at least 2.
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
    one = outputs.dim() == 1
    several = outputs.dim() == 2 and outputs.shape[1] > 1
    if not (one or several) or outputs.shape != targets.shape or outputs.numel() == 0:
        raise ValueError(
            f"{name} and targets must both have the shape (B,), or (B, L) of two labels or more, "
            f"B at least 1, not {tuple(outputs.shape)} and {tuple(targets.shape)}: give one of "
            "each an image and label; for one label, such as model(images).squeeze(1)."
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


def check_by_label(outputs: Tensor, **tensors: Tensor) -> None:
    """Refuse what is not one number a label, such as an ``a`` an image, which would broadcast.

    Args:
        outputs: (B,) or (B, L).
        tensors: to be 0-dim or (L,).

    Raises:
        ValueError: it names the tensor and its shape.
    """
    for name, each in tensors.items():
        _check_shape(name, each, (outputs.shape[1:],))


def check_number(name: str, value: object, rule: str, advice: str = "", labels: int = 1) -> None:
    """Refuse a number that breaks ``rule``; of a tensor the shape alone is looked at.

    Args:
        name: of the parameter.
        value: a Python number, a 0-dim tensor, or one number for each of several labels, (L,).
        rule: a key of ``RULES``; the number must be finite besides.
        advice: what to do, to end the sentence with.
        labels: L.

    Raises:
        ValueError: the number is not allowed, or not one number.
    """
    if isinstance(value, Tensor):
        _check_shape(name, value, ((),) if labels == 1 else ((), (labels,)))
    elif not isinstance(value, Real) or not (math.isfinite(value) and RULES[rule](float(value))):
        raise ValueError(
            f"{name} must be a finite number {rule}, not {value!r}{advice and ': '}{advice}."
        )


def check_prior(prior: float | Tensor | None, labels: int = 1) -> None:
    """Refuse a prior that is neither a share in (0, 1), or one a label (L,), nor None.

    Raises:
        ValueError: it says what came.
    """
    if prior is not None:
        advice = "None takes the share of positives in each batch"
        check_number("prior", prior, "in (0, 1)", advice, labels)


def _check_shape(name: str, value: object, allowed: Sequence[Sequence[int]]) -> None:
    if isinstance(value, Tensor) and any(value.shape == shape for shape in allowed):
        return
    found = tuple(value.shape) if isinstance(value, Tensor) else repr(value)
    words = [f"of shape {tuple(shape)}" if shape else "a 0-dim tensor" for shape in allowed]
    example = tuple(allowed[-1]) or "()"
    raise ValueError(
        f"{name} must be {' or '.join(words)}, not {found}: give one number a "
        f"{'label' if allowed[-1] else 'batch'}, such as torch.zeros({example})."
    )
