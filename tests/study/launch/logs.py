"""What a job's log tells of this project; Ray's own processes write into it, too."""

import re
from pathlib import Path

__all__ = ["own_tracebacks"]

ROOT = Path(__file__).parents[3]


def own_tracebacks(log: str, root: Path = ROOT) -> list[str]:
    """Tracebacks through code of this project.

    Ray prints one of its own now and then when a node is told to end while its head is gone
    already; nothing is lost by it, and no study could prevent it.
    """
    found = re.findall(r"^.*Traceback.*\n(?:^.*?  .*\n)+", log, flags=re.MULTILINE)
    rooms = tuple(f'File "{root / room}/' for room in ("study", "trainables", "analysis"))
    return [each for each in found if any(room in each for room in rooms)]
