"""Errors that a reader of a study can meet."""

__all__ = ["AnalysisError"]


class AnalysisError(Exception):
    """The study cannot be read or reported. The message is one sentence for the user."""
