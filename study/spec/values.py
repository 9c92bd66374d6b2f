"""What single values of a spec may be: types that check their bounds, each in one sentence."""

import os
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from study.words import METRICS

__all__ = [
    "Count",
    "CountFromTwo",
    "CountFromZero",
    "Cpus",
    "Folder",
    "Gpus",
    "Imratio",
    "LongTail",
    "Margin",
    "Memory",
    "Metric",
    "Name",
    "Noise",
    "Number",
    "Plain",
    "Positive",
    "PositiveRate",
    "Share",
    "Url",
    "safe_name",
    "unique",
]

NAME_BYTES = 255
PATH_BYTES = 4000
RAY_COUNTS = 0.0001
UNITS = {
    "B": 1,
    **{f"{letter}B": 1000**power for power, letter in enumerate("kMGT", 1)},
    **{f"{letter}iB": 1024**power for power, letter in enumerate("KMGT", 1)},
}
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


def _number(value: object) -> object:
    # Python counts True as 1, and YAML reads `yes` and `on` as true.
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


def safe_name(value: str) -> str:
    """The name, if it may be part of a file's."""
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


def _memory(value: object) -> object:
    if not isinstance(value, str):
        return _number(value)
    size = re.fullmatch(r"([\d_.]+)\s*([A-Za-z]*)", value.strip())
    factors = {unit.lower(): factor for unit, factor in UNITS.items()}
    try:
        if size is not None:
            return int(float(size[1]) * factors[size[2].lower() or "b"])
    except (KeyError, ValueError):
        pass
    raise ValueError(f"must be bytes, or a number with one of {', '.join(UNITS)}, such as 4 GiB")


def unique(values: list[Any]) -> list[Any]:
    """The values, if no two read alike."""
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


Number = Annotated[float, BeforeValidator(_number)]
Count = Annotated[int, Field(ge=1), BeforeValidator(_number)]
CountFromZero = Annotated[int, Field(ge=0), BeforeValidator(_number)]
CountFromTwo = Annotated[int, Field(ge=2), BeforeValidator(_number)]
Positive = Annotated[float, Field(gt=0), BeforeValidator(_number)]
Cpus = Annotated[Positive, AfterValidator(_countable)]
LongTail = Annotated[float, Field(ge=1, allow_inf_nan=False), BeforeValidator(_number)]
Share = Annotated[float, Field(ge=0), BeforeValidator(_number)]
Memory = Annotated[int, Field(ge=0), BeforeValidator(_memory)]
Noise = Annotated[Number, AfterValidator(_noise)]
Plain = bool | int | float | str | None
Name = Annotated[str, AfterValidator(safe_name)]
Imratio = Annotated[Number, AfterValidator(_imratio)]
PositiveRate = Annotated[Number, AfterValidator(_positive_rate)]
Gpus = Annotated[Share, AfterValidator(_countable), AfterValidator(_gpus)]
Metric = Annotated[str, AfterValidator(_metric)]
Margin = Annotated[Number, AfterValidator(_margin)]
Folder = Annotated[Path, AfterValidator(_folder)]
Url = Annotated[str, AfterValidator(_database_url)]
