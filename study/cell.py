"""One cell of a study (method x task x imratio): all that its search and confirm phase need."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from optuna.distributions import BaseDistribution

from study.words import apart

__all__ = [
    "Cell",
    "Moves",
    "again",
    "cell_id",
    "confirm_seeds",
    "derive_seed",
    "search_seeds",
    "trial",
]


@dataclass(frozen=True)
class Moves:
    """A profile of a cell: its selected configuration with one hyperparameter moved at a time.

    Attributes:
        values: by hyperparameter, where it is moved to.
        unmoved: by the same hyperparameters, the value where the search does not tune them.
        seeds: so many of the confirm seeds, the first of each search, in all.
        test: the rows meet the test set, too; they select nothing.
    """

    values: Mapping[str, tuple[Any, ...]]
    unmoved: Mapping[str, Any]
    seeds: int
    test: bool

    def around(self, params: Mapping[str, Any]) -> list[tuple[str, Any]]:
        """Every (hyperparameter, value) that differs from the configuration ``params``.

        Where a value is the configuration's own, its confirm rows stand for it. Before a
        configuration is known (``params`` lacks what is tuned), every value may differ.
        """
        own = {**self.unmoved, **params}
        every = ((name, value) for name, values in self.values.items() for value in values)
        return [(name, value) for name, value in every if name not in own or value != own[name]]


@dataclass(frozen=True)
class Cell:
    """A cell as the spec plans it.

    Attributes:
        id: stable name, safe as a file name; the same spec entry always gives the same id.
        order: place in the study, from 0.
        method: its name in the study, or the user's own ``package.module:object``.
        dataset, model: with their options, as tables show them.
        task: name of the task (data set + model + budget).
        imratio: positives / all in the training set; None: the data set's own ratio.
        run: the fields of ``TrialConfig`` that all trials of the cell share, as plain JSON.
        space: a distribution for every tuned hyperparameter, and for every option of the network
            that is searched, named as in ``study.words.OPTION``.
        fixed: hyperparameters that the spec fixes.
        trials, random_trials: search rows of each search, and how many of them (the first) are
            independent random draws.
        sampler: "tpe", "gp" or "random", for the rows after these.
        pruner: "asha" or "none"; ``grace`` and ``reduction`` are ASHA's first rung (in
            intervals) and its reduction factor.
        repeats: searches; each selects a configuration of its own.
        seeds: confirm rows, over all searches; each has as many.
        seed: the study's seed; every random draw of the cell derives from it.
        embeddings: confirm rows of the first so many seeds keep their embeddings.
        diagnostics: confirm rows keep figures of their images by interval.
        pairs: hyperparameters that belong together, see ``search_spaces``; None: not said.
        moves: the cell's profile; None: there is none.
        variant_of: the method that ``method`` is a variant of: a name, or
            ``package.module:object``; None: it is that method.
        neighbour: id of the cell whose best configurations its searches try first; None: none.
    """

    id: str
    order: int
    method: str
    task: str
    dataset: str
    model: str
    imratio: float | None
    run: dict[str, Any]
    space: dict[str, BaseDistribution]
    fixed: dict[str, Any]
    trials: int
    random_trials: int
    sampler: str
    pruner: str
    grace: int
    reduction: int
    seeds: int
    seed: int
    embeddings: int = 0
    diagnostics: bool = False
    pairs: tuple[tuple[str, str], ...] | None = None
    repeats: int = 1
    moves: Moves | None = None
    variant_of: str | None = None
    neighbour: str | None = None

    @property
    def base(self) -> str:
        """The method that is trained."""
        return self.variant_of or self.method

    @property
    def tests_profile(self) -> bool:
        """The rows of its profile meet the test set."""
        return self.moves is not None and self.moves.test

    def trial(self, params: Mapping[str, Any], seeds: Mapping[str, int]) -> dict[str, Any]:
        """The fields of ``TrialConfig`` of a row with these tuned hyperparameters and seeds."""
        return trial(self.base, self.imratio, self.run, {**self.fixed, **params}, seeds)


def cell_id(method: str, task: str, imratio: float | None) -> str:
    """``method__task__imratio``, safe as a file name; a spec whose ids coincide is refused."""
    ratio = "natural" if imratio is None else f"{imratio:g}"
    return "__".join(re.sub(r"[^A-Za-z0-9_.-]", "-", part) for part in (method, task, ratio))


def trial(
    method: str,
    imratio: float | None,
    run: Mapping[str, Any],
    params: Mapping[str, Any],
    seeds: Mapping[str, int],
) -> dict[str, Any]:
    """The fields of ``TrialConfig``, from what a cell's trials share and what is a row's own.

    Of the network's options those of ``params`` count; one that is None is left out.
    """
    own, options = apart(params)
    fields = {"method": method, "imratio": imratio, "params": own, **run, **seeds}
    if options:
        merged = {**run.get("network", {}), **options}
        fields["network"] = {name: value for name, value in merged.items() if value is not None}
    return fields


def derive_seed(*words: object) -> int:
    """A seed in [0, 2**31) that depends on every word and on nothing else."""
    text = "\x1f".join(str(word) for word in words)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def search_seeds(cell: Cell, number: int | str, repeat: int = 0) -> dict[str, int]:
    """Seeds of the ``number``-th draw of a search, or of a warm-started row by its name.

    All rows of one search of a task see one data split, so that their validation AUROCs compare;
    weights and order are fresh each row. The method is not in it: methods meet the same seeds.
    """
    words = (cell.seed, cell.task, "search")
    return {
        "data_seed": derive_seed(*words, "data", *again(repeat)),
        "init_seed": derive_seed(*words, "init", *again(repeat), number),
        "order_seed": derive_seed(*words, "order", *again(repeat), number),
    }


def confirm_seeds(cell: Cell, index: int, repeat: int = 0) -> dict[str, int]:
    """Seeds of confirm seed ``index`` of a search: split, weights and order change together.

    The method is not in it, so that methods are compared on paired seeds (Bouthillier 2021).
    """
    return {
        f"{what}_seed": derive_seed(cell.seed, cell.task, "confirm", what, *again(repeat), index)
        for what in ("data", "init", "order")
    }


def again(repeat: int) -> tuple[str, ...]:
    """What sets a search's seeds apart. The first has those that it has alone, so that more
    searches only add to a study."""
    return (f"repeat {repeat}",) if repeat else ()
