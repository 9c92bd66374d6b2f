"""What travels to a trial and what comes back: plain JSON that can be stored and read again."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["Outcome", "TrialConfig"]


@dataclass(frozen=True)
class TrialConfig:
    """One training run, complete: the same config gives the same run.

    Attributes:
        method: a key of ``METHODS`` or ``package.module:object``.
        params: hyperparameters that differ from the method's defaults, by name.
        dataset: a key of ``DATASETS`` or ``package.module:object``.
        data: the data set's options, by name (`trainables.datasets.options`).
        model: a key of ``MODELS``, ``timm:NAME``, ``monai:NAME`` or ``package.module:object``.
        network: the network's options, by name (`trainables.options`).
        imratio: positives / all in the training set, in (0, 0.5]; None: the set's own ratio.
        long_tail: rho, training images of the first class over those of the last, at least 1, for a
            task of the set's classes (`trainables.datasets.cut.long_tail`); None: another task.
        epochs: passes over the training set, at least 1.
        batch_size: images a batch.
        intervals: validations a run; training is cut into that many intervals.
        validation: the validation cut is made "before" or "after" the imbalance.
        positive_rate: share of positives in every batch, in (0, 1); None: the natural draw.
        augmentation: a key of ``AUGMENTATIONS``; None: what the data set asks for.
        easy_positives: easy positives added to the training set, as a share of those kept.
        label_noise: share of each class of the training set that gets the other label.
        ablation_seed: decides, with data_seed, which labels are wrong.
        budget: what ends the trial: "epochs"; "gradient_evaluations" (those of plain descent in
            ``epochs`` passes); "seconds" of training.
        seconds: of training, above 0, where they are the budget. Such a trial depends on its
            machine: the same config does not give the same run.
        precision: "f32" (IEEE, on a GPU too), "tf32" (f32 whose products a GPU rounds to TF32; on
            the CPU the same as "f32") or "bf16" (autocast).
        select: what a search selects by, "auroc", "auprc" or, of classes, "accuracy" of the
            validation set.
        execution: "auto" (on a GPU a step is captured as a CUDA graph where it can be, else
            eager), "graph" (where it cannot be, an error) or "eager".
        compile: the network runs as torch.compile makes it for a CPU, in training and for all whole
            batches of an evaluation; on a GPU an error. Its numbers differ from an eager network's
            in the last bits.
        channels_last: images and weights lie in memory with their channels last.
        evaluation: what evaluations go by besides, {"tta", "ema", "swa"}, those that are asked for
            (`trainables.averages.options`).
        diagnostics: look at the network between intervals (`trainables.diagnostics`); the figures
            stand in the curve under names that begin with "diag_", and change no other number. Of a
            task with several labels nothing is kept.
        data_root: folder that holds the data sets.
        data_seed: decides the validation cut and which positives stay.
        init_seed: decides the initial weights.
        order_seed: decides batch order, augmentation and mixup.
        device: "cpu" or "cuda".
    """

    method: str
    dataset: str
    model: str
    imratio: float | None
    epochs: int
    batch_size: int
    intervals: int
    data_root: str
    data_seed: int
    init_seed: int
    order_seed: int
    params: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    network: dict[str, Any] = field(default_factory=dict)
    validation: str = "before"
    positive_rate: float | None = None
    augmentation: str | None = None
    easy_positives: float = 0.0
    label_noise: float = 0.0
    ablation_seed: int = 0
    budget: str = "epochs"
    seconds: float | None = None
    precision: str = "f32"
    select: str = "auroc"
    execution: str = "auto"
    compile: bool = False
    channels_last: bool = False
    evaluation: dict[str, Any] = field(default_factory=dict)
    long_tail: float | None = None
    diagnostics: bool = False
    device: str = "cpu"

    def to_json(self) -> dict[str, Any]:
        """The config as plain JSON; ``TrialConfig(**it)`` gives it back."""
        return asdict(self)


@dataclass(frozen=True)
class Outcome:
    """What a trial has to tell, at each interval and when it ends.

    Attributes:
        reason: why it failed, in one sentence; None if it did not.
        crashed: it failed for a reason outside its configuration (an exception, a dead worker),
            so it deserves a replacement; a diverged loss does not.
        seconds: training and validation time so far; None, as in all that follows: not told.
        gradient_evaluations: images that went through forward and backward.
        images: training images drawn.
        curve: one dict an interval: {"interval", "val_auroc", "loss", "seconds",
            "gradient_evaluations"} and the method's own figures; of several labels "val_auroc" is
            the mean over those with both classes, and "val_auroc.<label>" that of each of them; of
            classes "val_accuracy" besides.
        host, device: where it ran.
        execution: how its steps ran: "graph" (as a CUDA graph), "compiled" (the network), "eager",
            or "eager: <why>" where a step on a GPU could not be captured or the network of a trial
            with ``compile`` not be compiled; None: by an older version, or it did not begin.
        test_auroc, test_auprc: of a confirm trial that is over.
        test_accuracy: of one on a task of classes.
        without: {"test_auroc", "test_auprc"}, of classes "test_accuracy" too, of the same trial
            without what ``evaluation`` asks for; None: it asks for nothing.
        predictions: file of its test scores, relative to the study's directory.
        peak_memory: the most memory of the host that the worker had resident since the trial began
            there, in MB (1e6 bytes). Pages of mapped images, which the trials of a node share,
            count in each.
    """

    reason: str | None = None
    crashed: bool = False
    seconds: float | None = None
    gradient_evaluations: int | None = None
    images: int | None = None
    curve: Sequence[dict[str, float]] = ()
    host: str | None = None
    device: str | None = None
    execution: str | None = None
    test_auroc: float | None = None
    test_auprc: float | None = None
    test_accuracy: float | None = None
    without: dict[str, float] | None = None
    predictions: str | None = None
    peak_memory: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The outcome as plain JSON; its curve, which grows with every interval, is not copied."""
        return dict(vars(self))

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Outcome":
        """What `to_json` gave, also in another version: there may be less in it, or more."""
        known = cls.__dataclass_fields__
        return cls(**{name: value for name, value in stored.items() if name in known})
