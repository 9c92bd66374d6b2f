"""How much of the host's memory a worker had at most."""

import resource
import sys
from contextlib import suppress
from pathlib import Path

__all__ = ["begin_peak", "peak_memory"]

_PROCESS = Path("/proc/self")
_PEAK = "VmHWM:"


def begin_peak() -> None:
    """Forget the peak so far, as Linux can; elsewhere it stays that of the whole process."""
    with suppress(OSError):
        _PROCESS.joinpath("clear_refs").write_text("5")


def peak_memory() -> float:
    """The most that was resident since `begin_peak`, in MB (1e6 bytes), mapped files included."""
    with suppress(OSError):
        for line in _PROCESS.joinpath("status").read_text().splitlines():
            if line.startswith(_PEAK):
                return int(line.split()[1]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
