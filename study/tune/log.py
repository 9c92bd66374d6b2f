"""The study's own log: one JSON object a line, for people and for programs."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = ["EventLog"]


class EventLog:
    """Appends events to ``path``.

    Args:
        path: ``log.jsonl`` in the study's directory.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, event: str, details: dict[str, Any]) -> None:
        """Add ``event`` with its details (plain JSON) and the time."""
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event}
        with self._path.open("a") as file:
            file.write(json.dumps({**line, **details}) + "\n")
