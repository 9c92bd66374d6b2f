"""The family of errors that a user of the trainables can meet."""

import traceback
from pathlib import Path

__all__ = [
    "DataError",
    "DivergedError",
    "TrainableError",
    "UnknownNameError",
    "in_one_line",
    "in_words",
]


class TrainableError(Exception):
    """Base of the family. The message is one sentence for the user."""


class UnknownNameError(TrainableError):
    """A method, data set, network or option of that name does not exist."""


class DataError(TrainableError):
    """A data set is missing, damaged, or cannot give what is asked of it."""


class DivergedError(TrainableError):
    """The loss is not finite: this configuration cannot be trained."""


def in_words(error: Exception) -> str:
    """What went wrong and in which line: the user's own method may be at fault."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(place.filename).name}, line {place.lineno})"


def in_one_line(error: Exception) -> str:
    """The same without its line ends, for a sentence."""
    return " ".join(in_words(error).split())
