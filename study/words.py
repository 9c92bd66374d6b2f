"""How durations, ranges, ratios and options are written, by the commands and in reports alike."""

from collections.abc import Callable, Mapping
from typing import Any

__all__ = [
    "METRICS",
    "OPTION",
    "OWN_RATIO",
    "apart",
    "duration",
    "plural",
    "searched",
    "setting",
    "span",
    "with_options",
]

OWN_RATIO = "own ratio"
"""Stands for imratio null: the share of positives that the data set has by itself."""

OPTION = "model."
"""Before the name of a network's option that is searched or moved: "model.drop_rate"."""

METRICS = {
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "auroc_low_fpr": "partial AUROC, FPR \N{LESS-THAN OR EQUAL TO} 0.1",
    "auroc_high_tpr": "partial AUROC, TPR \N{GREATER-THAN OR EQUAL TO} 0.8",
    "auroc_corner": "partial AUROC, FPR \N{LESS-THAN OR EQUAL TO} 0.1 and "
    "TPR \N{GREATER-THAN OR EQUAL TO} 0.8",
    "sensitivity_at_90": "sensitivity at 90 % specificity",
    "sensitivity_at_95": "sensitivity at 95 % specificity",
    "specificity_at_95": "specificity at 95 % sensitivity",
    "accuracy": "accuracy",
    "hand_till": "Hand and Till's M",
    "brier": "Brier score",
    "calibration_slope": "calibration slope",
}
"""What a report can show of the test set: the name in a spec, and the words."""


def plural(count: int, noun: str, many: str | None = None) -> str:
    """ "1 row", "3 rows"; ``many`` for an irregular plural."""
    return f"{count} {noun if count == 1 else many or noun + 's'}"


def apart(params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The method's own hyperparameters among ``params``, and the network's options."""
    options = {n.removeprefix(OPTION): v for n, v in params.items() if n.startswith(OPTION)}
    return {n: v for n, v in params.items() if not n.startswith(OPTION)}, options


def duration(seconds: float) -> str:
    """Seconds in words: "0.04 s", "42.0 s", "3.5 min", "1,234.5 h"."""
    if seconds < 60:
        return f"{seconds:.2g} s" if 0 < seconds < 1 else f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 3600 else f"{seconds / 3600:,.1f} h"


def with_options(name: str, options: Mapping[str, Any]) -> str:
    """A data set or network and its options: "digits", "breastmnist (image_size 64)",
    "folder (photos)".
    """
    words = [
        " ".join(([] if option == name else [option]) + [_listed(value)])
        for option, value in options.items()
    ]
    return f"{name} ({', '.join(words)})" if words else name


def _listed(value: Any) -> str:
    return " + ".join(map(setting, value)) if isinstance(value, list) else setting(value)


def setting(value: Any) -> str:
    """A value of a spec as its YAML has it: "null", "true", "0.1", "{low: 0.1, log: true}".

    What a mapping leaves open (null) is not written.
    """
    if isinstance(value, Mapping):
        entries = ((name, each) for name, each in value.items() if each is not None)
        return "{" + ", ".join(f"{name}: {setting(each)}" for name, each in entries) + "}"
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)


def span(low: float, high: float, write: Callable[[float], str] = "{:.3g}".format) -> str:
    """ "0.1 to 0.9"; "0.1" where both ends are one value."""
    return write(low) if low == high else f"{write(low)} to {write(high)}"


def searched(entry: Mapping[str, Any]) -> str:
    """Where a hyperparameter is searched: "0.01 to 1 (log)", "1 to 9 (step 2)", "{1, 2, auto}".

    Args:
        entry: {"low", "high", "log", "step"} or {"choices"}, as in a study's records.
    """
    if "choices" in entry:
        return "{" + ", ".join(map(str, entry["choices"])) + "}"
    words = span(entry["low"], entry["high"], "{:.4g}".format)
    if entry.get("log"):
        return f"{words} (log)"
    step = entry.get("step")
    return words if step in (None, 1) else f"{words} (step {step:g})"
