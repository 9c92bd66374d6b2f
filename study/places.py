"""Where everything of a study lies in its directory."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Places"]


@dataclass(frozen=True)
class Places:
    """The paths of one study; nothing is made or read here.

    Attributes:
        directory: the study's.
    """

    directory: Path

    @property
    def spec(self) -> Path:
        """The resolved spec."""
        return self.directory / "study.yaml"

    @property
    def provenance(self) -> Path:
        """Versions, hardware and data; it marks a directory that ``aucstudy run`` made."""
        return self.directory / "provenance.json"

    @property
    def database(self) -> Path:
        """The ledger, where the spec names no ``storage``."""
        return self.directory / "study.db"

    @property
    def events(self) -> Path:
        """The study's own log."""
        return self.directory / "log.jsonl"

    @property
    def ray_log(self) -> Path:
        """What Ray printed."""
        return self.directory / "ray.log"

    @property
    def scratch(self) -> Path:
        """Tune's files, worth nothing after a run."""
        return self.directory / "ray"

    @property
    def checkpoints(self) -> Path:
        """Of trials under way."""
        return self.directory / "checkpoints"

    def checkpoint(self, row: str) -> Path:
        """Of the row of this name."""
        return self.checkpoints / f"{row}.pt"

    @property
    def predictions(self) -> Path:
        """What confirm trials said of every test image."""
        return self.directory / "predictions"

    def predicted(self, row: str) -> Path:
        """By the row of this name."""
        return self.predictions / f"{row}.npz"

    @property
    def report(self) -> Path:
        """The report, its tables and figures."""
        return self.directory / "report"

    @property
    def export(self) -> Path:
        """The frames."""
        return self.directory / "export"
