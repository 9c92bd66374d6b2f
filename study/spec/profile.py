"""Where a profile moves the hyperparameters of a method."""

from typing import TYPE_CHECKING, Any

import numpy as np

from study.cell import Moves
from study.spec.entries import Grid
from study.spec.model import StudySpec, Variant
from study.spec.space import default_space, fixed_params, is_whole, tuned_space

if TYPE_CHECKING:
    from trainables.hyperparameters import Hyperparameter

__all__ = ["moves_of", "profile_values"]


def moves_of(spec: StudySpec, variant: Variant) -> Moves | None:
    """The profile of each cell of ``variant``; None where the spec asks for none, or the method
    has nothing of it."""
    from trainables.hyperparameters import hyperparameters
    from trainables.methods import METHODS
    from trainables.names import resolve

    if spec.profile is None:
        return None
    known = hyperparameters(resolve("method", METHODS, variant.method))
    values = {
        name: tuple(profile_values(entry, variant.method, known[name]))
        for name, entry in spec.profile.values.items()
        if name in known
    }
    tuned, fixed = tuned_space(spec, variant), fixed_params(spec, variant)
    unmoved = {n: fixed.get(n, known[n].default) for n in values if n not in tuned}
    return Moves(values, unmoved, spec.profile.seeds, spec.profile.test) if values else None


def profile_values(entry: Grid | list[Any], method: str, known: "Hyperparameter") -> list[Any]:
    """The values of an entry of ``profile.values`` for a method that has the hyperparameter.

    A grid is log where it says so or, if it does not say, where the method's own search space is
    and the grid begins above 0. Of whole numbers each stands once.
    """
    if isinstance(entry, list):
        return [float(v) if _is_real(v, known) else v for v in entry]
    log = entry.log
    if log is None:
        own = default_space(method).get(known.name)
        log = own is not None and getattr(own.distribution, "log", False) and entry.low > 0
    spaced = (np.geomspace if log else np.linspace)(entry.low, entry.high, entry.points)
    if is_whole(known):
        return [*dict.fromkeys(round(float(value)) for value in spaced)]
    # As people write them: 0.3, not 0.30000000000000004.
    return [float(f"{value:.6g}") for value in spaced]


def _is_real(value: object, known: "Hyperparameter") -> bool:
    """A whole number in the list of a hyperparameter that takes real ones."""
    return isinstance(value, int) and not isinstance(value, bool) and not is_whole(known)
