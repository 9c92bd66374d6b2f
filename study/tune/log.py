"""The study's own log: one JSON object a line, for people and for programs."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

__all__ = ["EventLog", "last_wait"]

TAIL_BYTES = 65536
"""Of the log, in which the last wait is looked for; while a study waits, little is added."""


class EventLog:
    """Appends events to ``path``.

    Args:
        path: ``log.jsonl`` in the study's directory.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def waits(self, wanted: str | None) -> None:
        """No trial can run before ``wanted`` is there; None: one can again."""
        self.write("waiting", {"for": wanted})

    def write(self, event: str, details: dict[str, Any]) -> None:
        """Add ``event`` with its details (plain JSON) and the time."""
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event}
        with self._path.open("a") as file:
            file.write(json.dumps({**line, **details}) + "\n")


def last_wait(path: Path) -> str | None:
    """What the study that writes ``path`` waits for since its last event; None: for nothing."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        lines = file.read().splitlines()
    for line in reversed(lines):
        try:
            found = json.loads(line)
        except ValueError:  # the first and the last line may be torn
            continue
        if found["event"] == "waiting":
            return str(found["for"]) if found["for"] else None
        if found["event"].startswith("generation"):
            return None
    return None
