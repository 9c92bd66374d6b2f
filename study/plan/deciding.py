"""What ``auto`` in a spec stands for on this machine: decided once, before the first trial."""

from collections.abc import Callable

from study.plan.bf16 import precision_decided
from study.plan.compiling import compiling_decided
from study.spec import StudySpec

__all__ = ["decided"]


def decided(spec: StudySpec, say: Callable[[str], None] = lambda _: None) -> StudySpec:
    """``spec`` with a value for each ``auto``; one without any as it is.

    Args:
        spec: one that ``check_environment`` found good, of a study that has not begun.
        say: is told what was decided and why.

    Raises:
        SpecError: a method fails in a training step.
    """
    # In this order: whether compiling pays is timed in the precision that trials have.
    return compiling_decided(precision_decided(spec, say), say)
