"""What a study of an older version meant by hyperparameters that its methods did not have yet."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from study.before import BEFORE
from study.places import Places
from study.spec.model import StudySpec, Variant

if TYPE_CHECKING:
    from trainables.hyperparameters import Hyperparameter

__all__ = ["as_begun", "before_values", "completed", "newer_defaults"]


def newer_defaults(method: str) -> dict[str, Any]:
    """The defaults of the hyperparameters of ``method`` that train otherwise than it did before.

    A spec that does not name them fixes them, so that a study says which it was run with.
    """
    return {name: each.default for name, each in _newer(method).items()}


def before_values(method: str) -> dict[str, Any]:
    """The same hyperparameters at the values that mean what ``method`` did before."""
    return {name: each.before for name, each in _newer(method).items()}


def completed(stored: Mapping[str, Any], variants: Sequence[Variant]) -> dict[str, Any]:
    """A study's resolved spec, with what its methods meant when it was begun written out.

    Args:
        stored: the spec as plain data, as the study's directory has it.
        variants: those to look at; all can be imported.
    """
    before = {
        each.name: {n: v for n, v in before_values(each.method).items() if n not in each.set}
        for each in variants
    }
    space = {name: {**before.get(name, {}), **entries} for name, entries in stored["space"].items()}
    return {**stored, "space": space}


def as_begun(spec: StudySpec, directory: Path) -> StudySpec:
    """``spec`` as the study in ``directory`` was begun; the same spec where there is none.

    What the study fixes of the newer hyperparameters stands where the spec does not name them,
    so that a spec of the user's own goes on without them, and what it decided where the spec says
    "auto". One that the spec names, or that the study searches, is left as the spec has it:
    ``run`` then says what differs.
    """
    try:
        stored = yaml.safe_load(Places(directory).spec.read_text(encoding="utf-8"))
        begun = completed(stored, spec.methods)["space"]
    except (OSError, ValueError, yaml.YAMLError, TypeError, LookupError, AttributeError):
        return spec  # no study, or none that can be read: who opens it says so
    space = dict(spec.space)
    for variant in spec.methods:
        named, known = space.get(variant.name, {}), begun.get(variant.name, {})
        kept = {
            name: known[name]
            for name in before_values(variant.method)
            if name in known
            and name not in {**named, **variant.set}
            and not isinstance(known[name], Mapping)
        }
        if kept:
            space[variant.name] = {**kept, **named}
    whole = {**BEFORE, **stored}
    decided = {key: whole[key] for key in ("precision", "compile") if getattr(spec, key) == "auto"}
    return spec.model_copy(update={"space": space, **decided})


def _newer(method: str) -> dict[str, "Hyperparameter"]:
    from trainables.hyperparameters import hyperparameters
    from trainables.methods import METHODS
    from trainables.names import resolve

    known = hyperparameters(resolve("method", METHODS, method))
    return {name: each for name, each in known.items() if each.before is not None}
