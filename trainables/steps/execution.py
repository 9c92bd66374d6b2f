"""Ways to run a training step: its kernels launched one by one, or captured once and replayed."""

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Protocol

import torch
from torch import nn

from trainables.recipe import Update
from trainables.steps.step_graph import Step, StepGraph

__all__ = ["EXECUTIONS", "Eager", "Execution"]


class Execution(Protocol):
    """Runs steps."""

    @property
    def way(self) -> str:
        """ "eager", "graph", or "eager: <why a step was not captured>"."""
        ...

    def __call__(self, step: Step, update: Update) -> int:
        """Do one step of ``update``; gives the gradient evaluations that it cost."""
        ...


class Eager:
    """Every kernel is launched by Python."""

    way = "eager"

    def __call__(self, step: Step, update: Update) -> int:  # noqa: ARG002
        """Do one step."""
        return step()


def _auto(model: nn.Module, generators: Sequence[torch.Generator]) -> Execution:
    return StepGraph(model, generators) if _on_gpu(model) else Eager()


def _graph(model: nn.Module, generators: Sequence[torch.Generator]) -> Execution:
    if not _on_gpu(model):
        raise ValueError("execution 'graph' needs a CUDA device; 'auto' is eager without one.")
    return StepGraph(model, generators, required=True)


def _eager(model: nn.Module, generators: Sequence[torch.Generator]) -> Execution:  # noqa: ARG001
    return Eager()


def _on_gpu(model: nn.Module) -> bool:
    return next(model.parameters()).is_cuda


EXECUTIONS = MappingProxyType[str, Callable[[nn.Module, Sequence[torch.Generator]], Execution]](
    {"auto": _auto, "graph": _graph, "eager": _eager}
)
"""By name, from the model on its device and the generators that a step draws from."""
