"""How values are written in tables, figures and sentences."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from study.words import OWN_RATIO, span

__all__ = [
    "MISSING",
    "auroc",
    "count",
    "interval",
    "listing",
    "mean_std",
    "p_number",
    "p_value",
    "params_text",
    "ratio",
    "setting",
    "short_setting",
    "signed",
    "spans_text",
]

MISSING = "\N{EN DASH}"
"""Stands where a value does not exist; never for a zero."""


def ratio(imratio: float | None) -> str:
    """``0.1`` -> "10 %"; None -> "own ratio" (the data set's)."""
    return OWN_RATIO if imratio is None else f"{100 * imratio:g} %"


def auroc(value: float) -> str:
    """Four decimals; ``MISSING`` for NaN."""
    return MISSING if math.isnan(value) else f"{value:.4f}"


def signed(value: float) -> str:
    """A difference of AUROCs with its sign and a true minus; ``MISSING`` for NaN."""
    return MISSING if math.isnan(value) else f"{value:+.4f}".replace("-", "\N{MINUS SIGN}")


def interval(low: float, high: float, write: Callable[[float], str] = auroc) -> str:
    """ "0.8312 to 0.8541"; ``MISSING`` for NaN."""
    return MISSING if math.isnan(low) else span(low, high, write)


def mean_std(mean: float, std: float) -> str:
    """ "mean ± std"; the mean alone when the deviation does not exist (one seed)."""
    if math.isnan(mean):
        return MISSING
    return auroc(mean) if math.isnan(std) else f"{auroc(mean)} ± {auroc(std)}"


def p_number(value: float) -> str:
    """ "0.012", "< 0.0001"; ``MISSING`` for NaN."""
    if math.isnan(value):
        return MISSING
    return f"{value:.2g}" if value >= 1e-4 else "< 0.0001"


def p_value(value: float) -> str:
    """ "p = 0.012", "p < 0.0001"."""
    number = p_number(value)
    return f"p {number}" if number.startswith("<") else f"p = {number}"


def count(value: float) -> str:
    """Three digits and a magnitude: 1 234 567 -> "1.23 M"; below ten thousand in full."""
    if math.isnan(value):
        return MISSING
    for limit, scale, suffix in ((1e9, 1e9, " G"), (1e6, 1e6, " M"), (1e4, 1e3, " k")):
        if abs(value) >= limit:
            return f"{value / scale:#.3g}".rstrip(".") + suffix
    return f"{value:.0f}"


def params_text(params: Mapping[str, object]) -> str:
    """ "lr = 0.1, margin = 0.7"; floats with three digits."""
    return spans_text([params])


def spans_text(configurations: Sequence[Mapping[str, object]]) -> str:
    """What several configurations span: "lr = 0.1 to 0.9, steps = 1 or 2"."""
    names = dict.fromkeys(name for params in configurations for name in params)
    values = {name: [p[name] for p in configurations if name in p] for name in names}
    return ", ".join(f"{name} = {_span(values[name])}" for name in names)


def _span(values: list[Any]) -> str:
    distinct = sorted(dict.fromkeys(values), key=str)
    if len(distinct) > 1 and all(isinstance(value, float) for value in distinct):
        return span(min(distinct), max(distinct))
    return " or ".join(f"{v:.3g}" if isinstance(v, float) else str(v) for v in distinct)


def listing(names: Iterable[object]) -> str:
    """ "a", "a and b", "a, b and c"."""
    words = [str(name) for name in names]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def setting(task: str, ratio: str) -> str:
    """A task at an imbalance ratio, in words."""
    return f"{task} at {ratio if ratio == OWN_RATIO else 'imratio ' + ratio}"


def short_setting(task: str, ratio: str) -> str:
    """A task at an imbalance ratio, in a table or above a panel."""
    return f"{task}, {ratio}"
