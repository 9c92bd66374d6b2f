"""The spec as frozen pydantic models: shapes, bounds and defaults; unknown keys are refused."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from study.spec.entries import Model, SpaceEntry
from study.spec.evaluation import Evaluation
from study.spec.long_tail import refuse_unsuited
from study.spec.task import Ratios, Task, Tasks
from study.spec.trials import Confirm, Profile, Resources, Search
from study.spec.values import CountFromZero, Folder, Margin, Metric, Name, Url, unique
from study.spec.variant import MODEL, Variant, Variants

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
        precision: "f32", "tf32" (f32 whose products a GPU rounds to TF32), "bf16" (autocast) or
            "auto": "bf16" where the hardware is fast at it, else "f32", which is decided when the
            study begins.
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
        diagnostics: confirm trials keep figures of their training and test images by interval.
        data_root: folder of the data sets; None: $AUCSTUDY_DATA, else ./data. A relative one
            counts from the working directory.
        download: fetch a data set that is not there.
        storage: database URL of the ledger, ``${NAME}`` in it for environment variables; None:
            SQLite in the study's directory.
        directory: the study's directory; None: ./studies/<name>.
    """

    name: Name
    seed: Annotated[CountFromZero, Field(le=2**32 - 1)] = 0
    methods: Variants
    tasks: Tasks
    imratios: Ratios
    search: Search
    confirm: Confirm = Confirm()
    profile: Profile | None = None
    space: dict[str, dict[str, SpaceEntry]] = Field(default_factory=dict)
    resources: Resources = Resources()
    precision: Literal["f32", "tf32", "bf16", "auto"] = "f32"
    execution: Literal["auto", "graph", "eager"] = "auto"
    compile: Literal[True, False, "auto"] = False
    channels_last: bool = False
    evaluation: Evaluation = Evaluation()
    diagnostics: bool = False
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
