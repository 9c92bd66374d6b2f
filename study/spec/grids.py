"""The values to which an entry of ``profile.values`` moves something."""

from typing import Any

import numpy as np

from study.spec.entries import Grid

__all__ = ["grid_values"]


def grid_values(entry: Grid | list[Any], *, whole: bool, log: bool) -> list[Any]:
    """The values of an entry, in its order.

    Args:
        entry: of ``profile.values``.
        whole: what is moved takes whole numbers alone; of a grid each stands once.
        log: a grid that does not say and begins above 0 is log.
    """
    if isinstance(entry, list):
        return [float(v) if type(v) is int and not whole else v for v in entry]
    spaced_log = entry.log if entry.log is not None else log and entry.low > 0
    spaced = (np.geomspace if spaced_log else np.linspace)(entry.low, entry.high, entry.points)
    if whole:
        return [*dict.fromkeys(round(float(value)) for value in spaced)]
    # As people write them: 0.3, not 0.30000000000000004.
    return [float(f"{value:.6g}") for value in spaced]
