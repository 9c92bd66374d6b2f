"""Where a profile moves the hyperparameters of a method and the options of a network."""

from typing import TYPE_CHECKING, Any

from study.cell import Moves
from study.spec.entries import Grid
from study.spec.grids import grid_values
from study.spec.model import StudySpec, Task, Variant
from study.spec.network_options import option_moves
from study.spec.space import default_space, fixed_params, idle, is_whole, tuned_space

if TYPE_CHECKING:
    from trainables.hyperparameters import Hyperparameter

__all__ = ["moves_of", "profile_values"]


def moves_of(spec: StudySpec, variant: Variant, task: Task) -> Moves | None:
    """The profile of each cell of ``variant`` on ``task``; None where the spec asks for none, or
    neither the method nor the network has anything of it.

    A hyperparameter that does nothing in the method as it is set, such as ``mixup_alpha`` of one
    that mixes nothing, is not moved: each row would be one of the confirm phase again.
    """
    from trainables.hyperparameters import hyperparameters
    from trainables.methods import METHODS
    from trainables.names import resolve

    if spec.profile is None:
        return None
    known = hyperparameters(resolve("method", METHODS, variant.method))
    nothing = idle(spec, variant)
    values = {
        name: tuple(profile_values(entry, variant.method, known[name]))
        for name, entry in spec.profile.values.items()
        if name in known and name not in nothing
    }
    tuned, fixed = tuned_space(spec, variant), fixed_params(spec, variant)
    unmoved = {n: fixed.get(n, known[n].default) for n in values if n not in tuned}
    of_options, options_unmoved = option_moves(spec, task)
    every = {**values, **of_options}
    return (
        Moves(every, {**unmoved, **options_unmoved}, spec.profile.seeds, spec.profile.test)
        if every
        else None
    )


def profile_values(entry: Grid | list[Any], method: str, known: "Hyperparameter") -> list[Any]:
    """The values of an entry of ``profile.values`` for a method that has the hyperparameter.

    A grid is log where it says so or, if it does not say, where the method's own search space is
    and the grid begins above 0.
    """
    own = default_space(method).get(known.name)
    log = own is not None and bool(getattr(own.distribution, "log", False))
    return grid_values(entry, whole=is_whole(known), log=log)
