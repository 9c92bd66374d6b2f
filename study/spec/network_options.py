"""Options of networks that a spec searches, fixes or moves: ``space: {model: {OPTION: ...}}``.

Such an entry is for the cells of every task whose network has the option.
"""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from optuna.distributions import BaseDistribution

from study.spec.entries import Choices, Grid, SpaceEntry, Span
from study.spec.grids import grid_values
from study.spec.model import MODEL, StudySpec, Task
from study.spec.named import Network
from study.spec.sentences import Problem
from study.spec.space import distribution
from study.spec.text import did_you_mean
from study.words import OPTION

__all__ = [
    "has_option",
    "network_of",
    "networks_tried",
    "option_moves",
    "option_problems",
    "option_space",
    "written_options",
]

Path = tuple[str | int, ...]

NUMBERS = {int, float}


def has_option(network: Network, option: str) -> bool:
    """Whether the network has it, as all have the general ones; what is of a branch, those have
    which say that they have one.

    Raises:
        UnknownNameError: there is no such network.
    """
    return option in _types(network)


def network_of(spec: StudySpec, task: Task) -> Network:
    """The task's network with its options, those that ``space`` fixes among them."""
    fixed = {n: e for n, e in _entries(spec, task).items() if not isinstance(e, Span | Choices)}
    return _with(task.model, fixed)


def option_space(spec: StudySpec, task: Task) -> dict[str, BaseDistribution]:
    """The distribution of every option that is searched on a task, by its name in a cell."""
    return {
        OPTION + name: distribution(entry, None, whole=_whole(_types(task.model)[name]))
        for name, entry in _entries(spec, task).items()
        if isinstance(entry, Span | Choices)
    }


def option_moves(spec: StudySpec, task: Task) -> tuple[dict[str, tuple[Any, ...]], dict[str, Any]]:
    """Where the profile moves options of a task's network, by their names in a cell, and what
    each is where the search does not tune it."""
    if not (moved := _moved(spec)):
        return {}, {}
    known = _types(task.model)
    values = {
        OPTION + name: tuple(grid_values(entry, whole=_whole(known[name]), log=False))
        for name, entry in moved.items()
        if name in known
    }
    own, defaults = network_of(spec, task).options, _defaults(task.model.name)
    unmoved = {
        name: own.get(option, defaults.get(option))
        for name in values
        for option in [name.removeprefix(OPTION)]
    }
    return values, {n: v for n, v in unmoved.items() if n not in option_space(spec, task)}


def networks_tried(spec: StudySpec, task: Task) -> Iterator[tuple[Path, Network]]:
    """The networks that the spec can give besides `network_of`, with the place that gives them:
    the ends of each range, every choice and every value of the profile, one at a time."""
    base = network_of(spec, task)
    known = _types(task.model) if _entries(spec, task) or _moved(spec) else {}
    places: list[tuple[Path, str, Any]] = []
    for name, entry in _entries(spec, task).items():
        path: Path = ("space", MODEL, name)
        if isinstance(entry, Span):
            whole = _whole(known[name])
            ends = (("low", entry.low), ("high", entry.high))
            places += [((*path, end), name, int(v) if whole else v) for end, v in ends]
        elif isinstance(entry, Choices):
            places += [((*path, "choices", i), name, v) for i, v in enumerate(entry.choices)]
    for key, values in option_moves(spec, task)[0].items():
        places += [(("profile", "values", key), key.removeprefix(OPTION), v) for v in values]
    seen = [base]
    for path, name, value in places:
        network = _with(base, {name: value})
        if network not in seen:
            seen.append(network)
            yield path, network


def option_problems(spec: StudySpec) -> Iterator[Problem]:
    """What is wrong with the options in ``space`` and in the profile, of networks that exist."""
    entries, moved = spec.space.get(MODEL, {}), _moved(spec)
    if not entries and not moved:
        return
    known: dict[str, list[tuple[type, ...]]] = {}
    needed: dict[str, str] = {}
    for task in spec.tasks:
        for name, types in _types(task.model).items():
            known.setdefault(name, []).append(types)
        for name, default in _defaults(task.model.name).items():
            if default is inspect.Parameter.empty:
                needed[name] = task.model.name
    for name, entry in entries.items():
        path = ("space", MODEL, name)
        setting = next((task.name for task in spec.tasks if name in task.model.options), None)
        if name not in known:
            yield Problem(path, _unknown(name, known))
        elif setting is not None:
            yield Problem(
                path,
                f"must not be what a task's own model sets, and task {setting} sets {name}: take "
                "it out of one of the two",
            )
        elif name in needed and isinstance(entry, Span | Choices):
            words = f"must have a default to be searched, and {name} of {needed[name]} has none"
            yield Problem(path, words)
        else:
            yield from _flaws(spec, path, entry, known[name])
    for name, grid in moved.items():
        path = ("profile", "values", OPTION + name)
        if name not in known:
            yield Problem(path, _unknown(name, known))
        elif isinstance(grid, Grid) and not all(map(_number, known[name])):
            yield Problem(path, f"{name} is not a number: give a list of values")


def written_options(spec: StudySpec) -> dict[str, Any]:
    """The entries of ``space`` as a resolved spec has them."""
    return {
        name: {**entry.model_dump(), "log": bool(entry.log)}
        if isinstance(entry, Span)
        else entry.model_dump()
        if isinstance(entry, Choices)
        else entry
        for name, entry in spec.space.get(MODEL, {}).items()
    }


def _flaws(
    spec: StudySpec, path: Path, entry: SpaceEntry, known: list[tuple[type, ...]]
) -> Iterator[Problem]:
    if not isinstance(entry, Span | Choices):
        return
    if spec.search.trials == 0:
        yield Problem(path, "must be one value where search.trials is 0, not several")
    if isinstance(entry, Span) and not all(map(_number, known)):
        yield Problem(path, f"{path[-1]} is not a number: give {{choices: [...]}} or a value")
        return
    try:
        for types in known:
            distribution(entry, None, whole=_whole(types))
    except ValueError as error:
        yield Problem(path, str(error))


def _unknown(name: str, known: Mapping[str, object]) -> str:
    return (
        f"no task's network has such an option{did_you_mean(name, list(known))}: "
        f"they have {', '.join(known)}"
    )


def _entries(spec: StudySpec, task: Task) -> dict[str, SpaceEntry]:
    """Those of ``space`` that are for the task's network."""
    entries = spec.space.get(MODEL, {})
    return {n: entry for n, entry in entries.items() if has_option(task.model, n)}


def _moved(spec: StudySpec) -> dict[str, Grid | list[Any]]:
    """What the profile says of options, by their own names."""
    values = {} if spec.profile is None else spec.profile.values
    return {n.removeprefix(OPTION): e for n, e in values.items() if n.startswith(OPTION)}


def _with(network: Network, options: Mapping[str, Any]) -> Network:
    merged = {**network.options, **options}
    kept = {name: value for name, value in merged.items() if value is not None}
    return network if kept == network.options else network.model_copy(update={"options": kept})


def _types(network: Network) -> dict[str, tuple[type, ...]]:
    """The types that each option of a network takes; () where that is not known."""
    from trainables.models import GENERAL, builder
    from trainables.models.branch import AFTER, METADATA
    from trainables.models.features import EMBEDDED
    from trainables.options import options_of, types_of

    own = {name: types_of(each) for name, each in options_of(builder(network.name)).items()}
    lacks = {
        "branch": network.name == METADATA,
        "merge": "branch" not in network.options,
        "branch_from": network.options.get("branch") != AFTER,
    }
    # What embeds the images is the task's own: a search changes the head on its features alone.
    general = () if network.name == EMBEDDED else GENERAL
    return own | {n: () for n in general if n not in own and not lacks.get(n, False)}


def _defaults(network: str) -> dict[str, Any]:
    from trainables.models import builder
    from trainables.options import options_of

    return {name: each.default for name, each in options_of(builder(network)).items()}


def _number(types: tuple[type, ...]) -> bool:
    return not types or bool(NUMBERS & set(types))


def _whole(types: tuple[type, ...]) -> bool:
    return int in types and float not in types
