"""The family of errors that a user of a study can meet."""

__all__ = ["ClusterError", "LeaseError", "LedgerError", "SpecError", "StudyError"]


class StudyError(Exception):
    """Base of the family. The message is one sentence for the user."""


class SpecError(StudyError):
    """The spec breaks a rule; the message names the place, what arrived and what is allowed."""


class LedgerError(StudyError):
    """The ledger cannot be opened, or holds another study than the spec describes."""


class LeaseError(StudyError):
    """Another driver works on this study."""


class ClusterError(StudyError):
    """The Ray cluster cannot be reached, or is not fit for the study."""
