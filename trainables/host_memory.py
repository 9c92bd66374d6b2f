"""The host's memory: what there is of it, and what a worker had of it at most."""

import resource
import sys
from contextlib import suppress
from pathlib import Path

import psutil

__all__ = ["begin_peak", "memory", "peak_memory"]

_LIMITS = ("memory.max", "memory/memory.limit_in_bytes")
"""Of control groups 2 and 1, where Ray looks, too."""

_PROCESS = Path("/proc/self")
_PEAK = "VmHWM:"


def memory() -> int:
    """Bytes that this machine, or the container around this process, has in all."""
    limits = [psutil.virtual_memory().total]
    for name in _LIMITS:
        file = Path("/sys/fs/cgroup") / name
        limit = file.read_text().strip() if file.is_file() else ""
        limits += [int(limit)] if limit.isdecimal() else []  # "max": no limit
    return min(limits)


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
