"""The trials of a study: those of a search, those that confirm it, and what one of them takes."""

from typing import Annotated, Literal

from pydantic import Field

from study.spec.entries import Model, ProfileEntry
from study.spec.values import Count, CountFromTwo, CountFromZero, Cpus, Gpus, Memory, Positive

__all__ = ["Confirm", "Profile", "Resources", "Search"]


class Search(Model):
    """The search of every cell.

    Attributes:
        trials: trials of a search; 0: no search, the methods' defaults and what ``space`` fixes
            go straight to the confirm trials. A method that has nothing to search has none.
        random_trials: independent draws before the sampler learns; default min(10, trials).
        sampler: "tpe" (Optuna's), "gp" (Optuna's Gaussian process) or "random". What "gp" takes
            for a proposal grows with the cube of a search's trials: 0.1 s after 100, 0.3 s after
            250, 1.1 s after 500 (measured, one core), while the driver waits.
        repeats: independent searches of so many trials each, with their own data splits; each has
            its winner, and its share of the confirm seeds.
        pruner: "asha" stops weak trials early; "none" lets each run to its end.
        grace: intervals that ASHA leaves to every trial.
        reduction: ASHA keeps about one of so many trials at each rung.
        warm_start: each search first tries the best configurations that the same search of the
            cell at the next larger imratio found, see ``study.ledger.warm_start``.
    """

    trials: CountFromZero
    random_trials: CountFromZero = Field(default_factory=lambda done: min(10, done["trials"]))
    repeats: Count = 1
    sampler: Literal["tpe", "gp", "random"] = "tpe"
    pruner: Literal["asha", "none"] = "asha"
    grace: Count = 1
    reduction: CountFromTwo = 3
    warm_start: bool = False


class Confirm(Model):
    """The confirm trials of every cell.

    Attributes:
        seeds: runs of the selected configuration on fresh seeds; 0: none.
        embeddings: the first so many of them keep the embeddings of the test set.
    """

    seeds: CountFromZero = 5
    embeddings: CountFromZero = 0


class Profile(Model):
    """The selected configuration with one hyperparameter moved, on the confirm seeds.

    Attributes:
        values: by hyperparameter, where it is moved to, for each method that has it.
        seeds: the first so many of the confirm seeds, over all searches.
        test: these trials meet the test set, too. They select nothing.
    """

    values: Annotated[dict[str, ProfileEntry], Field(min_length=1)]
    seeds: Count = 3
    test: bool = False


class Resources(Model):
    """What one trial takes.

    Attributes:
        cpus: CPU cores.
        gpus: whole GPUs or a share of one.
        hang_after: seconds without a training step (loading, validation and test included)
            after which a trial's worker counts as hung and is ended; the trial is run again.
        data_memory: bytes ("4 GiB", too) that a task's images may take: of a GPU, onto which they
            are copied then; without one of this machine, in which all trials share them. What takes
            more is gathered from its file, batch by batch and ahead of time. It changes no number.
            None: half of what a trial may use of its GPU, or half of the machine's memory.
    """

    cpus: Cpus = 1.0
    gpus: Gpus = 0.0
    hang_after: Positive = 1800.0
    data_memory: Memory | None = None
