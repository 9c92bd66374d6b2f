"""A small spec, and edits of it."""

from copy import deepcopy
from typing import Any

from study.spec import Variant

__all__ = ["SPEC", "edited", "plain"]

SPEC: dict[str, Any] = {
    "name": "small",
    "methods": ["ce", "auc_m"],
    "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 3}],
    "imratios": [0.1],
    "search": {"trials": 4},
}


def edited(*path: str | int, value: Any) -> dict[str, Any]:
    """SPEC with the value at ``path`` set, through dicts and lists."""
    spec = deepcopy(SPEC)
    place: Any = spec
    for step in path[:-1]:
        place = place.setdefault(step, {}) if isinstance(place, dict) else place[step]
    place[path[-1]] = value
    return spec


def plain(method: str) -> Variant:
    """A method as it is, as an entry of ``methods``."""
    return Variant(name=method, method=method)
