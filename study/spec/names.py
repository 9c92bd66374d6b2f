"""Do the names in a spec mean something, and do its values suit the methods?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from study.cell import cell_id
from study.spec.model import Choices, SpaceEntry, Span, StudySpec
from study.spec.own_method import flaws
from study.spec.sentences import Problem
from study.spec.space import default_space, distribution, is_whole, kinds, search_trials
from study.spec.text import did_you_mean
from trainables.errors import UnknownNameError
from trainables.names import resolve

if TYPE_CHECKING:
    from trainables.hyperparameters import Hyperparameter

__all__ = ["name_problems"]

Path = tuple[str | int, ...]

TOGETHER = 200
"""Letters of a method's name and a task's. A file's name takes 255 bytes at most, and the longest,
of predictions that are being written, adds the ratio, the trial and the process id.
"""


def name_problems(spec: StudySpec) -> list[Problem]:
    """Unknown methods, data sets, models and hyperparameters, and values that do not suit them."""
    return [*_methods(spec), *_tasks(spec), *_cells(spec)]


def _methods(spec: StudySpec) -> Iterator[Problem]:
    from trainables.methods import METHODS

    longest = max((task.name for task in spec.tasks), key=len)
    for index, name in enumerate(spec.methods):
        path = ("methods", index)
        method = _find("method", METHODS, name)
        if len(name) + len(longest) > TOGETHER:
            yield Problem(
                path,
                f"files are named after a method and a task, which must have at most {TOGETHER} "
                f"letters together, and {name} and {longest} have {len(name) + len(longest)}",
            )
        elif isinstance(method, Problem):
            yield Problem(path, method.sentence)
        elif name not in METHODS and (wrong := [*flaws(method)]):
            yield from (Problem(path, f"{name} {flaw}") for flaw in wrong)
        else:
            problems = [*_entries(spec, name, method)]
            yield from problems
            if not problems and spec.confirm.seeds == 0 and search_trials(spec, name) == 0:
                yield Problem(
                    path,
                    f"{name} would not run at all: it has nothing to search, and confirm.seeds is "
                    "0. Raise confirm.seeds, or leave it something to search",
                )


def _tasks(spec: StudySpec) -> Iterator[Problem]:
    from trainables.datasets import DATASETS
    from trainables.models import MODELS

    for index, task in enumerate(spec.tasks):
        for key, kind, table, name in (
            ("dataset", "data set", DATASETS, task.dataset),
            ("model", "model", MODELS, task.model),
        ):
            path = ("tasks", index, key)
            found = _find(kind, table, name)
            if isinstance(found, Problem):
                yield Problem(path, found.sentence)
            elif not callable(found):
                yield Problem(path, f"{name} must be a function or class, as our own {kind}s are")


def _cells(spec: StudySpec) -> Iterator[Problem]:
    """Cells are known by names that are safe for files, which two entries may share."""
    imratio, known = spec.imratios[0], dict[str, tuple[str, str]]()
    for task in spec.tasks:
        for index, method in enumerate(spec.methods):
            name = cell_id(method, task.name, imratio)
            other = known.setdefault(name, (method, task.name))
            if other != (method, task.name):
                yield Problem(
                    ("methods", index),
                    f"{method} on {task.name} and {other[0]} on {other[1]} would share the cell "
                    f"{name}, since a name is made safe for files: rename the method or the task",
                )


def _find(kind: str, table: Mapping[str, Any], name: str) -> Any:
    """The object, or a Problem (of no place yet)."""
    try:
        return resolve(kind, table, name)
    except UnknownNameError as error:
        return Problem((), f"{str(error).rstrip('.')}{did_you_mean(name, list(table))}")
    except Exception as error:  # noqa: BLE001 - the user's own module may raise anything
        return Problem((), f"{kind} {name!r} fails to import ({type(error).__name__}: {error})")


def _entries(spec: StudySpec, method: str, found: Any) -> Iterator[Problem]:
    from trainables.hyperparameters import hyperparameters

    known = hyperparameters(found)
    defaults = default_space(method)
    for name, entry in spec.space.get(method, {}).items():
        path = ("space", method, name)
        if name not in known:
            hint = did_you_mean(name, list(known))
            yield Problem(path, f"{method} has no such hyperparameter{hint}: {_listed(known)}")
            continue
        wrong = list(_values(path, entry, known[name]))
        yield from wrong
        if not wrong and isinstance(entry, Span | Choices):
            if spec.search.trials == 0:
                yield Problem(path, "must be one value where search.trials is 0, not several")
            default = defaults[name].distribution if name in defaults else None
            try:
                distribution(entry, default, whole=is_whole(known[name]))
            except ValueError as error:
                yield Problem(path, str(error))


def _listed(names: Mapping[str, object]) -> str:
    return f"it has {', '.join(names)}" if names else "it has none"


def _values(path: Path, entry: SpaceEntry, known: "Hyperparameter") -> Iterator[Problem]:
    """Every value that the entry can give, checked by the hyperparameter itself."""
    places: Sequence[tuple[Path, Any]]
    if isinstance(entry, Span):
        if not {int, float} & set(kinds(known)):
            yield Problem(path, f"{known.name} is not a number: give {{choices: [...]}} or a value")
            return
        places = [((*path, "low"), entry.low), ((*path, "high"), entry.high)]
    elif isinstance(entry, Choices):
        places = [((*path, "choices", i), value) for i, value in enumerate(entry.choices)]
    else:
        places = [(path, entry)]
    for place, value in places:
        # A span's ends are floats even where the hyperparameter takes whole numbers.
        as_whole = isinstance(entry, Span) and is_whole(known) and value == int(value)
        try:
            known.check(int(value) if as_whole else value)
        except ValueError as error:
            yield Problem(place, str(error))
