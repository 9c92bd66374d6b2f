"""Do the names in a spec mean something, and do its values suit the methods?"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from study.cell import cell_id
from study.spec.entries import Choices, Grid, SpaceEntry, Span
from study.spec.model import MODEL, StudySpec, Variant, ratios
from study.spec.named import FEATURES
from study.spec.network_options import network_of, option_problems, option_space
from study.spec.own_method import flaws
from study.spec.profile import profile_values
from study.spec.sentences import Problem
from study.spec.space import (
    default_space,
    distribution,
    fixed_params,
    is_whole,
    kinds,
    tuned_space,
)
from study.spec.text import did_you_mean
from study.words import OPTION
from trainables.errors import DataError, UnknownNameError
from trainables.names import resolve
from trainables.options import options_of, refuse_unknown

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
    problems = [*_methods(spec), *_tasks(spec), *_cells(spec)]
    problems = problems or [*option_problems(spec)]
    return problems or [*_idle(spec), *_profile(spec)]


def _methods(spec: StudySpec) -> Iterator[Problem]:
    from trainables.methods import METHODS

    longest = max((task.name for task in spec.tasks), key=len)
    sound: list[Variant] = []
    for index, variant in enumerate(spec.methods):
        name, path = variant.name, ("methods", index)
        method = _find("method", METHODS, variant.method)
        if len(name) + len(longest) > TOGETHER:
            yield Problem(
                path,
                f"files are named after a method and a task, which must have at most {TOGETHER} "
                f"letters together, and {name} and {longest} have {len(name) + len(longest)}",
            )
        elif isinstance(method, Problem):
            yield Problem(path, method.sentence)
        elif variant.method not in METHODS and (wrong := [*flaws(method)]):
            yield from (Problem(path, f"{variant.method} {flaw}") for flaw in wrong)
        elif not variant.plain and name in METHODS:
            yield Problem(path, f"a variant must have a name of its own, and {name} is a method")
        else:
            problems = [*_entries(spec, variant, method)]
            yield from problems
            if problems:
                continue
            twin = next((other for other in sound if _equal(spec, variant, other)), None)
            if twin is not None:
                yield Problem(
                    path,
                    f"{name} and {twin.name} would run the same trials: take one out, or set or "
                    "search something else in it",
                )
            sound.append(variant)


def _idle(spec: StudySpec) -> Iterator[Problem]:
    """Methods that would have no trial on a task."""
    if spec.confirm.seeds or all(option_space(spec, task) for task in spec.tasks):
        return
    for index, variant in enumerate(spec.methods):
        if not tuned_space(spec, variant):
            yield Problem(
                ("methods", index),
                f"{variant.name} would not run at all: it has nothing to search, and confirm.seeds "
                "is 0. Raise confirm.seeds, or leave it something to search",
            )


def _equal(spec: StudySpec, one: Variant, other: Variant) -> bool:
    """Both are one method with one search space, and fix the same, at its default or by name."""
    from trainables.hyperparameters import hyperparameters
    from trainables.methods import METHODS

    if one.method != other.method or tuned_space(spec, one) != tuned_space(spec, other):
        return False
    known = hyperparameters(resolve("method", METHODS, one.method))
    defaults = {name: each.default for name, each in known.items()}
    first, second = ({**defaults, **fixed_params(spec, each)} for each in (one, other))
    return all(first[name] == second[name] for name in first.keys() - tuned_space(spec, one).keys())


def _profile(spec: StudySpec) -> Iterator[Problem]:
    """Every hyperparameter that is moved belongs to a method, whose values may be its."""
    from trainables.hyperparameters import hyperparameters
    from trainables.methods import METHODS

    if spec.profile is None:
        return
    methods = dict.fromkeys(variant.method for variant in spec.methods)
    known = {name: hyperparameters(resolve("method", METHODS, name)) for name in methods}
    for name, entry in spec.profile.values.items():
        if name.startswith(OPTION):
            continue
        path = ("profile", "values", name)
        having = [method for method in methods if name in known[method]]
        if not having:
            every = dict.fromkeys(n for method in methods for n in known[method])
            hint = did_you_mean(name, list(every))
            yield Problem(path, f"no method of the study has such a hyperparameter{hint}")
        for method in having:
            wrong = [*_profile_values(path, entry, method, known[method][name])]
            yield from wrong
            if wrong:
                break


def _profile_values(
    path: Path, entry: Grid | list[Any], method: str, known: "Hyperparameter"
) -> Iterator[Problem]:
    if isinstance(entry, Grid) and not {int, float} & set(kinds(known)):
        yield Problem(path, f"{known.name} is not a number: give a list of values")
        return
    for value in profile_values(entry, method, known):
        try:
            known.check(value)
        except ValueError as error:
            yield Problem(path, str(error))
            return


def _tasks(spec: StudySpec) -> Iterator[Problem]:
    from trainables.datasets import (
        DATASETS,
    )
    from trainables.datasets.options import GENERAL
    from trainables.models import GENERAL as OF_NETWORKS
    from trainables.models import builder
    from trainables.models.branch import Branch
    from trainables.models.features import OPTIONS, Features

    def reader(name: str) -> Any:
        return resolve("data set", DATASETS, name)

    for index, task in enumerate(spec.tasks):
        for key, kind, find, entry, general in (
            ("dataset", "data set", reader, task.dataset, GENERAL),
            ("model", "model", builder, task.model, OF_NETWORKS),
        ):
            path = ("tasks", index, key)
            name, also = entry.name, tuple[str, ...](general)
            try:
                if key == MODEL and name == FEATURES:
                    name, also = Features.of(entry.options).features, OPTIONS
                found = _found(kind, find, name)
                if isinstance(found, Problem):
                    yield Problem(path, found.sentence)
                elif not callable(found):
                    words = f"{name} must be a function or class, as our own {kind}s are"
                    yield Problem(path, words)
                else:
                    own = options_of(found) if key == MODEL and entry.name != FEATURES else {}
                    fixed = {n: e for n, e in spec.space.get(MODEL, {}).items() if n in own}
                    refuse_unknown(name, found, {**fixed, **entry.options}, also)
                    if key == MODEL:
                        Branch.of(entry.name, network_of(spec, task).options)
            except (DataError, UnknownNameError) as error:
                yield Problem(path, str(error))


def _cells(spec: StudySpec) -> Iterator[Problem]:
    """Cells are known by names that are safe for files, which two entries may share."""
    known = dict[str, tuple[str, str]]()
    for task in spec.tasks:
        for index, variant in enumerate(spec.methods):
            method = variant.name
            name = cell_id(method, task.name, ratios(spec, task)[0])
            other = known.setdefault(name, (method, task.name))
            if other != (method, task.name):
                yield Problem(
                    ("methods", index),
                    f"{method} on {task.name} and {other[0]} on {other[1]} would share the cell "
                    f"{name}, since a name is made safe for files: rename the method or the task",
                )


def _find(kind: str, table: Mapping[str, Any], name: str) -> Any:
    """The object, or a Problem (of no place yet)."""
    return _found(kind, lambda wanted: resolve(kind, table, wanted), name, list(table))


def _found(kind: str, find: Callable[[str], Any], name: str, known: Sequence[str] = ()) -> Any:
    try:
        return find(name)
    except UnknownNameError as error:
        return Problem((), f"{str(error).rstrip('.')}{did_you_mean(name, known)}")
    except Exception as error:  # noqa: BLE001 - the user's own module may raise anything
        return Problem((), f"{kind} {name!r} fails to import ({type(error).__name__}: {error})")


def _entries(spec: StudySpec, variant: Variant, found: Any) -> Iterator[Problem]:
    from trainables.hyperparameters import hyperparameters

    known = hyperparameters(found)
    defaults = default_space(variant.method)
    index = spec.methods.index(variant)
    searched = spec.space.get(variant.name, {})
    entries = [
        *((("methods", index, "set", name), name, value) for name, value in variant.set.items()),
        *((("space", variant.name, name), name, entry) for name, entry in searched.items()),
    ]
    for path, name, entry in entries:
        if name not in known:
            hint = did_you_mean(name, list(known))
            unknown = f"{variant.method} has no such hyperparameter{hint}: {_listed(known)}"
            yield Problem(path, unknown)
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
