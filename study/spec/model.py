"""The spec as frozen pydantic models: shapes, bounds and defaults; unknown keys are refused."""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from study.words import METRICS

__all__ = [
    "DATA_VARIABLE",
    "Choices",
    "Confirm",
    "Grid",
    "Profile",
    "Resources",
    "Search",
    "SpaceEntry",
    "Span",
    "StudySpec",
    "Task",
    "Variant",
    "data_root",
    "default_data_root",
    "directory_of",
]

DATA_VARIABLE = "AUCSTUDY_DATA"
NAME_BYTES = 255
PATH_BYTES = 4000
RAY_COUNTS = 0.0001
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


def _number(value: object) -> object:
    # Python counts True as 1, and YAML reads `yes` and `on` as true.
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


def _safe_name(value: str) -> str:
    if not SAFE_NAME.fullmatch(value):
        raise ValueError(
            "becomes part of a file name, so it must be 1 to 80 letters (a-z), digits, '.', '_' "
            "or '-', beginning with a letter or a digit"
        )
    return value


def _folder(value: Path) -> Path:
    if len(os.fsencode(value)) > PATH_BYTES or any(
        len(os.fsencode(part)) > NAME_BYTES for part in value.parts
    ):
        raise ValueError(
            f"must be a path of at most {PATH_BYTES} bytes, each name in it of at most {NAME_BYTES}"
        )
    return value


def _imratio(value: float) -> float:
    if not 0 < value <= 0.5:
        raise ValueError("must be above 0 and at most 0.5, or null for the data set's own ratio")
    return value


def _positive_rate(value: float) -> float:
    if not 0 < value < 1:
        raise ValueError("must be above 0 and below 1, or null for the natural draw")
    return value


def _noise(value: float) -> float:
    if not 0 <= value < 0.5:
        raise ValueError("must be at least 0 and below 0.5, the share of labels that are wrong")
    return value


def _metric(value: str) -> str:
    if value not in METRICS:
        raise ValueError(f"must be one of {', '.join(METRICS)}")
    return value


def _margin(value: float) -> float:
    if not 0 < value < 0.5:
        raise ValueError("must be above 0 and below 0.5, a difference of AUROCs")
    return value


def _countable(value: float) -> float:
    if 0 < value < RAY_COUNTS:
        raise ValueError(f"must be at least {RAY_COUNTS:g}, the smallest share that Ray counts")
    return value


def _gpus(value: float) -> float:
    if value > 1 and value != int(value):
        raise ValueError("must be a whole number, or a share of one GPU between 0 and 1")
    return value


def _unique(values: list[Any]) -> list[Any]:
    # As text, in which cells are named: 0.1 and 0.10000001 would be one cell, True and 1 are two.
    texts = [
        "null" if value is None else f"{value:g}" if isinstance(value, float) else repr(value)
        for value in values
    ]
    for index, text in enumerate(texts):
        if text in texts[:index]:
            raise ValueError(f"must not name {text} twice")
    return values


def _database_url(url: str) -> str:
    from study.database_url import check_url

    return check_url(url)


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
    _unique([variant.name for variant in variants])
    return variants


def _values_kind(value: object) -> str:
    return "grid" if isinstance(value, Grid | dict) else "listed"


def _entry_kind(value: object) -> str:
    if isinstance(value, Choices) or (isinstance(value, dict) and "choices" in value):
        return "choices"
    return "span" if isinstance(value, Span | dict) else "value"


Number = Annotated[float, BeforeValidator(_number)]
Count = Annotated[int, Field(ge=1), BeforeValidator(_number)]
CountFromZero = Annotated[int, Field(ge=0), BeforeValidator(_number)]
CountFromTwo = Annotated[int, Field(ge=2), BeforeValidator(_number)]
Positive = Annotated[float, Field(gt=0), BeforeValidator(_number)]
Cpus = Annotated[Positive, AfterValidator(_countable)]
Share = Annotated[float, Field(ge=0), BeforeValidator(_number)]
Noise = Annotated[Number, AfterValidator(_noise)]
Plain = bool | int | float | str | None
Name = Annotated[str, AfterValidator(_safe_name)]
Imratio = Annotated[Number, AfterValidator(_imratio)]
PositiveRate = Annotated[Number, AfterValidator(_positive_rate)]
Gpus = Annotated[Share, AfterValidator(_countable), AfterValidator(_gpus)]
Metric = Annotated[str, AfterValidator(_metric)]
Margin = Annotated[Number, AfterValidator(_margin)]
Folder = Annotated[Path, AfterValidator(_folder)]
Url = Annotated[str, AfterValidator(_database_url)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _null_means_default(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        return {k: v for k, v in data.items() if v is not None or k not in cls.model_fields}


class Span(_Model):
    """Search between ``low`` and ``high``, both included.

    ``log`` left out means: as in the method's own search space, else linear. ``step`` makes a
    grid that begins at ``low``; it excludes ``log``.
    """

    low: Number
    high: Number
    log: bool | None = None
    step: Positive | None = None

    @model_validator(mode="after")
    def _sound(self) -> "Span":
        if self.low >= self.high:
            raise ValueError(f"low must be below high, but {self.low:g} is not below {self.high:g}")
        if self.log and self.step is not None:
            raise ValueError("log and step exclude each other: leave one of them out")
        if self.log and self.low <= 0:
            raise ValueError(f"a log range must begin above 0, not at {self.low:g}")
        return self


class Choices(_Model):
    """Search among the given values."""

    choices: Annotated[list[Plain], Field(min_length=1), AfterValidator(_unique)]


SpaceEntry = Annotated[
    Annotated[Span, Tag("span")]
    | Annotated[Choices, Tag("choices")]
    | Annotated[Plain, Tag("value")],
    Discriminator(_entry_kind),
]


class Grid(_Model):
    """So many values from ``low`` to ``high``, both included, evenly apart.

    ``log`` left out means: as in the method's own search space, else linear.
    """

    low: Number
    high: Number
    points: CountFromTwo
    log: bool | None = None

    @model_validator(mode="after")
    def _sound(self) -> "Grid":
        if self.low >= self.high:
            raise ValueError(f"low must be below high, but {self.low:g} is not below {self.high:g}")
        if self.log and self.low <= 0:
            raise ValueError(f"a log grid must begin above 0, not at {self.low:g}")
        return self


Listed = Annotated[list[Plain], Field(min_length=1), AfterValidator(_unique)]
ProfileEntry = Annotated[
    Annotated[Grid, Tag("grid")] | Annotated[Listed, Tag("listed")], Discriminator(_values_kind)
]


class Variant(_Model):
    """A method as the study runs it: as it is, under its own name, or a variant of it.

    Attributes:
        name: what the study calls it; of a method as it is, the method's own.
        method: a name of ours or ``package.module:object``.
        set: hyperparameters that make the variant, at their values.
    """

    name: str
    method: str
    set: dict[str, Plain] = {}

    @property
    def plain(self) -> bool:
        """It is the method as it is."""
        return self.name == self.method

    @model_validator(mode="after")
    def _sound(self) -> "Variant":
        if not self.plain:
            try:
                _safe_name(self.name)
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


class Task(_Model):
    """A data set, a model and a budget.

    Attributes:
        dataset, model: a name of ours or ``package.module:object``.
        epochs: passes over the training set; with a budget of seconds only the default of
            ``intervals``.
        batch_size: images a batch.
        name: unique in the study; default ``<dataset>-<model>``.
        intervals: validations a trial; default one an epoch.
        validation: the validation cut is made "before" or "after" the imbalance.
        positive_rate: share of positives in every batch; None: the natural draw.
        augmentation: "crop_flip", "flip" or "none"; None: what the data set asks for.
        easy_positives: easy positives added to the training set, as a share of those kept.
        label_noise: share of each class of the training set that gets the other label.
        ablation_seed: decides, with the data seed, which labels are wrong.
        budget: what is equal between methods and ends a trial: "epochs"; "gradient_evaluations"
            (those of plain descent in ``epochs`` passes); "seconds".
        seconds: of training a trial, without validation; only with that budget.
    """

    dataset: str
    model: str
    epochs: Count
    batch_size: Count = 128
    name: Name = Field(
        default_factory=lambda done: re.sub(
            r"[^A-Za-z0-9._-]+", "-", f"{done['dataset']}-{done['model']}"
        ),
        validate_default=True,
    )
    intervals: Count = Field(default_factory=lambda done: done["epochs"])
    validation: Literal["before", "after"] = "before"
    positive_rate: PositiveRate | None = None
    augmentation: Literal["crop_flip", "flip", "none"] | None = None
    easy_positives: Share = 0.0
    label_noise: Noise = 0.0
    ablation_seed: CountFromZero = 0
    budget: Literal["epochs", "gradient_evaluations", "seconds"] = "epochs"
    seconds: Positive | None = None

    @model_validator(mode="after")
    def _sound(self) -> "Task":
        if self.positive_rate is not None and self.batch_size < 2:
            raise ValueError("positive_rate needs a batch_size of at least 2, not 1")
        if (self.budget == "seconds") != (self.seconds is not None):
            raise ValueError(
                "seconds must be given with budget: seconds and with no other, but budget is "
                f"{self.budget} and seconds is {'null' if self.seconds is None else self.seconds}"
            )
        return self


class Search(_Model):
    """The search of every cell.

    Attributes:
        trials: trials of a search; 0: no search, the methods' defaults and what ``space`` fixes
            go straight to the confirm trials. A method that has nothing to search has none.
        random_trials: independent draws before the sampler learns; default min(10, trials).
        sampler: "tpe" or "random".
        repeats: independent searches of so many trials each, with their own data splits; each has
            its winner, and its share of the confirm seeds.
        pruner: "asha" stops weak trials early; "none" lets each run to its end.
        grace: intervals that ASHA leaves to every trial.
        reduction: ASHA keeps about one of so many trials at each rung.
    """

    trials: CountFromZero
    random_trials: CountFromZero = Field(default_factory=lambda done: min(10, done["trials"]))
    repeats: Count = 1
    sampler: Literal["tpe", "random"] = "tpe"
    pruner: Literal["asha", "none"] = "asha"
    grace: Count = 1
    reduction: CountFromTwo = 3


class Confirm(_Model):
    """The confirm trials of every cell.

    Attributes:
        seeds: runs of the selected configuration on fresh seeds; 0: none.
        embeddings: the first so many of them keep the embeddings of the test set.
    """

    seeds: CountFromZero = 5
    embeddings: CountFromZero = 0


class Profile(_Model):
    """The selected configuration with one hyperparameter moved, on the confirm seeds.

    Attributes:
        values: by hyperparameter, where it is moved to, for each method that has it.
        seeds: the first so many of the confirm seeds, over all searches.
        test: these trials meet the test set, too. They select nothing.
    """

    values: Annotated[dict[str, ProfileEntry], Field(min_length=1)]
    seeds: Count = 3
    test: bool = False


class Resources(_Model):
    """What one trial takes.

    Attributes:
        cpus: CPU cores.
        gpus: whole GPUs or a share of one.
        hang_after: seconds without a training step (loading, validation and test included)
            after which a trial's worker counts as hung and is ended; the trial is run again.
    """

    cpus: Cpus = 1.0
    gpus: Gpus = 0.0
    hang_after: Positive = 1800.0


class StudySpec(_Model):
    """A whole experiment: methods x tasks x imratios, searched and confirmed.

    Attributes:
        name: names the study and its directory.
        seed: every other seed is derived from it.
        methods, tasks, imratios: the grid; an imratio of None is the data set's own.
        search, confirm: trials of every cell.
        profile: trials around what is confirmed; None: none.
        space: by method and hyperparameter, what replaces the method's own search space.
        resources: what one trial takes.
        precision: "f32", "tf32" (f32 whose products a GPU rounds to TF32) or "bf16" (autocast).
        metrics: what the report shows of the test set, keys of ``study.words.METRICS``.
        equivalence: AUROCs closer than this count as equal, where a test supports it.
        select: what a search selects by, and stops weak trials by: AUROC or AUPRC (average
            precision) of the validation set.
        execution: how training steps run: "auto" (on a GPU as a CUDA graph where a step can be
            captured, else eager), "graph" (an error where it cannot) or "eager".
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
    imratios: Annotated[list[Imratio | None], Field(min_length=1), AfterValidator(_unique)]
    search: Search
    confirm: Confirm = Confirm()
    profile: Profile | None = None
    space: dict[str, dict[str, SpaceEntry]] = {}
    resources: Resources = Resources()
    precision: Literal["f32", "tf32", "bf16"] = "f32"
    execution: Literal["auto", "graph", "eager"] = "auto"
    select: Literal["auroc", "auprc"] = "auroc"
    metrics: Annotated[list[Metric], Field(min_length=1), AfterValidator(_unique)] = ["auroc"]
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
            if method not in variants and variants:
                raise ValueError(
                    f"must only name methods of this study ({', '.join(variants)}), not {method!r}"
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
        return self


def directory_of(spec: StudySpec) -> Path:
    """The study's directory, absolute."""
    return Path(spec.directory or Path("studies") / spec.name).expanduser().absolute()


def data_root(spec: StudySpec) -> Path:
    """The folder of the data sets, absolute."""
    return spec.data_root.expanduser().absolute() if spec.data_root else default_data_root()


def default_data_root() -> Path:
    """The folder of the data sets where a spec names none: $AUCSTUDY_DATA, else ./data."""
    return Path(os.environ.get(DATA_VARIABLE) or "data").expanduser().absolute()
