"""What a replayed step relies on: state that stays at its place in memory, nothing on the host."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

__all__ = ["Snapshot", "changed", "snapshot"]


class _Leaf(NamedTuple):
    """One entry; ``held`` keeps its memory, so that no later tensor can be at its address."""

    identity: tuple[Any, ...]
    held: Any


Snapshot = dict[str, _Leaf]
"""Every entry of a nested state, by a name such as "optimizer.state.0.average"."""


def snapshot(state: Any, device: torch.device) -> Snapshot:
    """Where the tensors of ``state`` lie, and what else it holds.

    Args:
        state: nested dicts, lists and tuples of tensors and plain values, such as
            ``state_dict()`` of an optimizer.
        device: tensors there count by their place, all others by their values.
    """
    return dict(_leaves(state, device, ""))


def changed(before: Snapshot, after: Snapshot) -> str | None:
    """The name of the first entry that a step changed and a replay of it would not, or None.

    A replay repeats the work on the device at the same addresses. So every tensor there has to be
    changed in place, and whatever else changes (a number in Python, a tensor on the host) would
    stay as it is.

    >>> gpu = torch.device("cuda")
    >>> changed(snapshot({"lr": 0.1, "steps": 1}, gpu), snapshot({"lr": 0.1, "steps": 2}, gpu))
    'steps'
    """
    for name in before | after:
        if name not in before or name not in after:
            return name
        if before[name].identity != after[name].identity:
            return name
    return None


def _leaves(state: Any, device: torch.device, name: str) -> Iterator[tuple[str, _Leaf]]:
    if isinstance(state, dict | list | tuple):
        parts = state.items() if isinstance(state, dict) else enumerate(state)
        for key, part in parts:
            yield from _leaves(part, device, f"{name}.{key}" if name else str(key))
    elif isinstance(state, Tensor):
        place = (state.data_ptr(), tuple(state.shape), state.dtype)
        values = None if state.device.type == device.type else state.tolist()
        yield name, _Leaf((*place, values), state)
    else:
        yield name, _Leaf((state,), None)
