"""A training step that the GPU runs alone: captured once as a CUDA graph, then replayed.

A replay launches all kernels of a step at once, at the same addresses and with the same numbers
as when it was captured. A step may therefore read nothing back to the host, has to change tensors
in place, and has to draw from the generators that are named here, or from torch's default one of
the device, which torch registers with every graph by itself. A replay draws from where a generator
stands at that moment, and moves it on as the eager step does: a state that was set between two
replays (`torch.cuda.set_rng_state`) counts (torch's note "CUDA Graph-safe RNG states").
"""

import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from trainables.recipe import Update
from trainables.steps.fixed_state import Snapshot, changed, snapshot

__all__ = ["WARM_UP", "Step", "StepGraph"]

Step = Callable[[], int]
"""Does a step from what lies on the device, and gives the gradient evaluations it costs."""

WARM_UP = 3
"""Eager steps before the capture: libraries set themselves up, optimizers make their state."""


class StepGraph:
    """Does steps eagerly first, on a side stream, then captures one and replays it ever after.

    The capture does nothing by itself: its step is done by the first replay. So every call is one
    step, whichever way it goes. A step that cannot be captured stays eager, and `way` says why.

    Args:
        model: what is trained, on a CUDA device.
        generators: all that a step draws from, on that device.
        required: a step that cannot be captured is an error.
    """

    def __init__(
        self, model: nn.Module, generators: Sequence[torch.Generator], *, required: bool = False
    ) -> None:
        self._model = model
        self._generators = tuple(generators)
        self._required = required
        self._device = next(model.parameters()).device
        self._update: Update | None = None
        self._graph: torch.cuda.CUDAGraph | None = None
        self._refusal = ""
        self._stays_eager = False
        self._eager_steps = 0
        self._cost = 0

    @property
    def way(self) -> str:
        """ "graph" once the step is captured, "eager" before; "eager: <why>" from the first step on
        that cannot be, also while later updates are captured: what is told at the end must not
        depend on the last stage alone.
        """
        if self._refusal:
            return f"eager: {self._refusal}"
        return "eager" if self._graph is None else "graph"

    def __call__(self, step: Step, update: Update) -> int:
        """Do one step.

        Args:
            step: always the same work, as long as ``update`` is the same.
            update: what the step trains with; with another one it is captured anew.

        Returns:
            The gradient evaluations it cost.

        Raises:
            RuntimeError: the step cannot be captured, and that is required.
        """
        if update is not self._update:
            self._begin(update)
        if self._graph is None and not self._stays_eager:
            if self._eager_steps < WARM_UP:
                return self._warm_up(step, update)
            self._capture(step)
        if self._graph is None:
            return step()
        self._graph.replay()
        return self._cost

    def _begin(self, update: Update) -> None:
        if self._graph is not None:
            torch.cuda.synchronize(self._device)  # its last replay may still be under way
        self._update, self._graph = update, None
        self._stays_eager, self._eager_steps = False, 0

    def _warm_up(self, step: Step, update: Update) -> int:
        """An eager step on the side stream; the last one is watched."""
        side, current = _side_stream(self._device), torch.cuda.current_stream(self._device)
        side.wait_stream(current)
        self._eager_steps += 1
        with torch.cuda.stream(side):
            watched = self._eager_steps == WARM_UP
            cost = self._watched(step, update) if watched else step()
        current.wait_stream(side)
        return cost

    def _watched(self, step: Step, update: Update) -> int:
        """A step that shows whether a replay would do the same: no host, no tensor replaced."""

        before, again = self._snapshot(update), self._snapshot(update)
        cost, waits = _waits(step)
        if waits:
            self._refuse(f"the step waits for the device ({waits})")
        elif copied := changed(before, again):
            self._refuse(f"state_dict() gives a copy, not what the step changes ({copied})")
        elif replaced := changed(before, self._snapshot(update)):
            self._refuse(f"the step does not change its state in place ({replaced})")
        return cost

    def _snapshot(self, update: Update) -> Snapshot:
        state = {"model": self._model.state_dict(), "update": update.state_dict()}
        return snapshot(state, self._device)

    def _capture(self, step: Step) -> None:
        graph, pool = torch.cuda.CUDAGraph(), torch.cuda.graph_pool_handle()
        drawn = (*self._generators, torch.cuda.default_generators[self._index])
        states = [generator.get_state() for generator in drawn]
        for generator in self._generators:
            graph.register_generator_state(generator)
        side = _side_stream(self._device)
        try:
            # The first context gives the stream back where the capture's own end fails. Thread
            # local: other threads of the process may go on using the device.
            with (
                torch.cuda.stream(side),
                torch.cuda.graph(graph, pool, side, capture_error_mode="thread_local"),
            ):
                self._cost = step()
        except Exception as error:  # noqa: BLE001 - a fault of the step's own comes back eagerly
            self._end_failed_capture(graph, pool)
            for generator, state in zip(drawn, states, strict=True):
                _renew(generator, state)
            self._refuse(_first_cause(error))
        else:
            self._graph = graph

    def _refuse(self, reason: str) -> None:
        if self._required:
            raise RuntimeError(
                f"execution 'graph' needs a step that can be captured, but {reason}; "
                "'auto' goes on without a graph."
            )
        self._refusal, self._stays_eager = reason, True

    def _end_failed_capture(self, graph: torch.cuda.CUDAGraph, pool: Any) -> None:
        """Take back from the allocator what a capture that did not end leaves with it."""
        torch.cuda.synchronize(self._device)
        with suppress(RuntimeError):
            graph.pool()  # an error, unless the capture came to its end
            return
        # Where the first is done already, as newer versions of torch may, the second must not be.
        with suppress(RuntimeError, AttributeError):
            torch._C._cuda_endAllocateToPool(self._index, pool)
            torch._C._cuda_releasePool(self._index, pool)

    @property
    def _index(self) -> int:
        index = self._device.index
        return torch.cuda.current_device() if index is None else index


@cache
def _side_stream(device: torch.device) -> torch.cuda.Stream:
    """One for all runs of the process: cuBLAS keeps a workspace for every stream it ever saw."""
    return torch.cuda.Stream(device)


def _waits(step: Step) -> tuple[int, str]:
    """Do a step; gives its cost, and where in the code it waits for the device ("": nowhere)."""
    mode = torch.cuda.get_sync_debug_mode()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            cost = step()
        finally:
            torch.cuda.set_sync_debug_mode(mode)
    places = []
    for each in caught:
        if "called a synchronizing" in str(each.message):
            places.append(f"{each.filename.rpartition('/')[2]}:{each.lineno}")
        elif "Synchronization debug mode" not in str(each.message):
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    return cost, places[0] if places else ""


def _renew(generator: torch.Generator, state: Tensor) -> None:
    """Set a generator to ``state``, also one that believes to be in a capture still."""
    fresh = torch.Generator(generator.device)
    fresh.set_state(state)
    generator.graphsafe_set_state(fresh)


def _first_cause(error: BaseException) -> str:
    """The first line of the error that began it: the capture's own end fails after it."""
    while error.__context__ is not None:
        error = error.__context__
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
