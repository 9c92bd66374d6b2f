"""The family of errors that a user of the trainables can meet."""

__all__ = ["DataError", "DivergedError", "TrainableError", "UnknownNameError"]


class TrainableError(Exception):
    """Base of the family. The message is one sentence for the user."""


class UnknownNameError(TrainableError):
    """A method, data set or model of that name does not exist."""


class DataError(TrainableError):
    """A data set is missing, damaged, or cannot give what is asked of it."""


class DivergedError(TrainableError):
    """The loss is not finite: this configuration cannot be trained."""
