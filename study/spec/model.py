"""The spec as frozen pydantic models: shapes, bounds and defaults; unknown keys are refused."""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from study.spec.entries import Model, ProfileEntry, SpaceEntry
from study.spec.evaluation import Evaluation
from study.spec.long_tail import refuse_binary_keys, refuse_unsuited
from study.spec.named import Dataset, Network
from study.spec.values import (
    Count,
    CountFromTwo,
    CountFromZero,
    Cpus,
    Folder,
    Gpus,
    Imratio,
    LongTail,
    Margin,
    Memory,
    Metric,
    Name,
    Noise,
    Plain,
    Positive,
    PositiveRate,
    Share,
    Url,
    safe_name,
    unique,
)

__all__ = [
    "DATA_VARIABLE",
    "MODEL",
    "Confirm",
    "Profile",
    "Resources",
    "Search",
    "StudySpec",
    "Task",
    "Variant",
    "data_root",
    "default_data_root",
    "directory_of",
    "ratios",
]

DATA_VARIABLE = "AUCSTUDY_DATA"

MODEL = "model"
"""In ``space``, beside the methods: stands for the networks, whose options follow."""

Augmentation = Literal[
    "crop_flip", "flip", "none", "crop_flip_3d", "crop_flip_rotate_3d", "flip_3d"
]

Ratios = Annotated[list[Imratio | None], Field(min_length=1), AfterValidator(unique)]


def _own_names(tasks: "list[Task]") -> "list[Task]":
    names = [task.name for task in tasks]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"must not hold two tasks called {name!r}: give each its own name")
    return tasks


def _variant(value: object) -> object:
    if isinstance(value, str):
        return {"name": value, "method": value}
    if not isinstance(value, dict | Variant):
        raise ValueError("must be a method's name, or {name: ..., method: ..., set: {...}}")
    return value


def _distinct(variants: "list[Variant]") -> "list[Variant]":
    unique([variant.name for variant in variants])
    if any(variant.name == MODEL for variant in variants):
        raise ValueError(
            f"must not hold a method or variant called {MODEL!r}, which in `space` stands for the "
            "options of networks: give it another name"
        )
    return variants


class Variant(Model):
    """A method as the study runs it: as it is, under its own name, or a variant of it.

    Attributes:
        name: what the study calls it; of a method as it is, the method's own.
        method: a name of ours or ``package.module:object``.
        set: hyperparameters that make the variant, at their values.
    """

    name: str
    method: str
    set: dict[str, Plain] = Field(default_factory=dict)

    @property
    def plain(self) -> bool:
        """It is the method as it is."""
        return self.name == self.method

    @model_validator(mode="after")
    def _sound(self) -> "Variant":
        if not self.plain:
            try:
                safe_name(self.name)
            except ValueError as error:
                raise ValueError(f"name {error}, not {self.name!r}") from None
        elif self.set:
            raise ValueError(
                f"a variant must have a name of its own, not that of its method, {self.name}"
            )
        return self

    @model_serializer
    def _written(self) -> str | dict[str, Any]:
        if self.plain:
            return self.name
        return {"name": self.name, "method": self.method, "set": self.set}


def _called(dataset: Dataset) -> str:
    """What a task of it is called: of one's own images the name of their file or folder."""
    own = dataset.options.get(dataset.name)
    return Path(own).stem or dataset.name if isinstance(own, str) else dataset.name


def _named(task: dict[str, Any]) -> str:
    """A task whose spec gives it no name."""
    tail = task.get("long_tail")
    words = f"{_called(task['dataset'])}-{task['model'].name}"
    words += "" if tail is None else f"-lt{tail:g}"
    return re.sub(r"[^A-Za-z0-9._-]+", "-", words)


class Task(Model):
    """A data set, a model and a budget.

    Attributes:
        dataset, model: a `Dataset` and a `Network`.
        epochs: passes over the training set; with a budget of seconds only the default of
            ``intervals``.
        batch_size: images a batch.
        name: unique in the study; default ``<dataset>-<model>``, of a long tail with ``-lt<rho>``.
        imratios: instead of the study's, for this task alone; None: the study's.
        intervals: validations a trial; default one an epoch.
        validation: the validation cut is made "before" or "after" the imbalance.
        long_tail: rho, training images of the first class over those of the last, for a task of the
            set's own classes; None: a binary task, or one of the set's labels.
        positive_rate: share of positives in every batch; None: the natural draw.
        augmentation: "crop_flip", "flip" or "none"; of volumes "crop_flip_3d", "flip_3d" or
            "crop_flip_rotate_3d"; None: what the data set asks for.
        easy_positives: easy positives added to the training set, as a share of those kept.
        label_noise: share of each class of the training set that gets the other label.
        ablation_seed: decides, with the data seed, which labels are wrong.
        budget: what is equal between methods and ends a trial: "epochs"; "gradient_evaluations"
            (those of plain descent in ``epochs`` passes); "seconds".
        seconds: of training a trial, without validation; only with that budget.
    """

    dataset: Dataset
    model: Network
    epochs: Count
    batch_size: Count = 128
    long_tail: LongTail | None = None
    name: Name = Field(default_factory=_named, validate_default=True)
    imratios: Ratios | None = None
    intervals: Count = Field(default_factory=lambda done: done["epochs"])
    validation: Literal["before", "after"] = "before"
    positive_rate: PositiveRate | None = None
    augmentation: Augmentation | None = None
    easy_positives: Share = 0.0
    label_noise: Noise = 0.0
    ablation_seed: CountFromZero = 0
    budget: Literal["epochs", "gradient_evaluations", "seconds"] = "epochs"
    seconds: Positive | None = None

    @model_validator(mode="after")
    def _sound(self) -> "Task":
        if self.positive_rate is not None and self.batch_size < 2:
            raise ValueError("positive_rate needs a batch_size of at least 2, not 1")
        refuse_binary_keys(self)
        if (self.budget == "seconds") != (self.seconds is not None):
            raise ValueError(
                "seconds must be given with budget: seconds and with no other, but budget is "
                f"{self.budget} and seconds is {'null' if self.seconds is None else self.seconds}"
            )
        return self


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


class StudySpec(Model):
    """A whole experiment: methods x tasks x imratios, searched and confirmed.

    Attributes:
        name: names the study and its directory.
        seed: every other seed is derived from it.
        methods, tasks, imratios: the grid; an imratio of None is the data set's own.
        search, confirm: trials of every cell.
        profile: trials around what is confirmed; None: none.
        space: by method and hyperparameter, what replaces the method's own search space; under
            ``MODEL`` by option, what is searched or fixed of the networks that have it.
        resources: what one trial takes.
        precision: "f32", "tf32" (f32 whose products a GPU rounds to TF32) or "bf16" (autocast).
        metrics: what the report shows of the test set, keys of ``study.words.METRICS``.
        equivalence: AUROCs closer than this count as equal, where a test supports it.
        select: what a search selects by, and stops weak trials by: AUROC, AUPRC (average
            precision) or, where all tasks have ``long_tail``, accuracy of the validation set.
        execution: how training steps run: "auto" (on a GPU as a CUDA graph where a step can be
            captured, else eager), "graph" (an error where it cannot) or "eager".
        compile: networks run as torch.compile makes them for a CPU; "auto": where that pays, which
            is decided when the study begins.
        channels_last: images and weights lie in memory with their channels last.
        evaluation: what evaluations go by beside the last weights and the images as they are.
        data_root: folder of the data sets; None: $AUCSTUDY_DATA, else ./data. A relative one
            counts from the working directory.
        download: fetch a data set that is not there.
        storage: database URL of the ledger, ``${NAME}`` in it for environment variables; None:
            SQLite in the study's directory.
        directory: the study's directory; None: ./studies/<name>.
    """

    name: Name
    seed: Annotated[CountFromZero, Field(le=2**32 - 1)] = 0
    methods: Annotated[
        list[Annotated[Variant, BeforeValidator(_variant)]],
        Field(min_length=1),
        AfterValidator(_distinct),
    ]
    tasks: Annotated[list[Task], Field(min_length=1), AfterValidator(_own_names)]
    imratios: Ratios
    search: Search
    confirm: Confirm = Confirm()
    profile: Profile | None = None
    space: dict[str, dict[str, SpaceEntry]] = Field(default_factory=dict)
    resources: Resources = Resources()
    precision: Literal["f32", "tf32", "bf16"] = "f32"
    execution: Literal["auto", "graph", "eager"] = "auto"
    compile: Literal[True, False, "auto"] = False
    channels_last: bool = False
    evaluation: Evaluation = Evaluation()
    select: Literal["auroc", "auprc", "accuracy"] = "auroc"
    metrics: Annotated[list[Metric], Field(min_length=1), AfterValidator(unique)] = Field(
        default_factory=lambda: ["auroc"]
    )
    equivalence: Margin = 0.01
    data_root: Folder | None = None
    download: bool = False
    storage: Url | None = None
    directory: Folder | None = None

    @field_validator("space")
    @classmethod
    def _of_methods(cls, space: dict[str, Any], done: ValidationInfo) -> dict[str, Any]:
        variants = {variant.name: variant for variant in done.data.get("methods", ())}
        for method, entries in space.items():
            if method == MODEL:
                continue
            if method not in variants and variants:
                raise ValueError(
                    f"must only name methods of this study ({', '.join(variants)}), or {MODEL} for "
                    f"options of networks, not {method!r}"
                )
            if both := sorted(entries.keys() & variants[method].set.keys()) if variants else []:
                raise ValueError(
                    f"must not hold what the variant sets, but {method} sets {both[0]}: take it "
                    "out of one of the two"
                )
        return space

    @model_validator(mode="after")
    def _sound(self) -> "StudySpec":
        for task in self.tasks:
            if self.search.pruner == "asha" and self.search.grace > task.intervals:
                raise ValueError(
                    f"search.grace must be at most the intervals of a trial, but task {task.name} "
                    f"has {task.intervals} and grace is {self.search.grace}"
                )
        refuse_unsuited(self)
        seeds, repeats = self.confirm.seeds, self.search.repeats
        if seeds % repeats:
            raise ValueError(
                "confirm.seeds must be a multiple of search.repeats, so that the winner of each "
                f"search has as many, but they are {seeds} and {repeats}"
            )
        if self.profile is not None and (
            self.profile.seeds > seeds or self.profile.seeds % repeats
        ):
            raise ValueError(
                "profile.seeds must be some of the confirm seeds, as many of each search, but "
                f"profile.seeds is {self.profile.seeds}, confirm.seeds {seeds} and search.repeats "
                f"{repeats}"
            )
        for key, value in (("precision", "tf32"), ("execution", "graph")):
            if getattr(self, key) == value and self.resources.gpus == 0:
                raise ValueError(
                    f"{key}: {value} needs trials on a GPU, but resources.gpus is 0: raise it, or "
                    f"leave {key} out"
                )
        if self.compile is True and self.resources.gpus > 0:
            raise ValueError(
                f"compile: true is for trials on a CPU, but resources.gpus is "
                f"{self.resources.gpus:g}: leave compile out (on a GPU `execution` captures a step)"
            )
        return self


def ratios(spec: StudySpec, task: Task) -> list[float | None]:
    """The imbalance ratios of a task: its own, or the study's."""
    return task.imratios or spec.imratios


def directory_of(spec: StudySpec) -> Path:
    """The study's directory, absolute."""
    return Path(spec.directory or Path("studies") / spec.name).expanduser().absolute()


def data_root(spec: StudySpec) -> Path:
    """The folder of the data sets, absolute."""
    return spec.data_root.expanduser().absolute() if spec.data_root else default_data_root()


def default_data_root() -> Path:
    """The folder of the data sets where a spec names none: $AUCSTUDY_DATA, else ./data."""
    return Path(os.environ.get(DATA_VARIABLE) or "data").expanduser().absolute()
