"""The host's memory: what there is of it, what a worker keeps of it and had of it at most."""

import ctypes
import resource
import sys
from contextlib import suppress
from pathlib import Path

import psutil

__all__ = ["begin_peak", "give_back", "keep_freed", "memory", "peak_memory"]

_LIMITS = ("memory.max", "memory/memory.limit_in_bytes")
"""Of control groups 2 and 1, where Ray looks, too."""

_PROCESS = Path("/proc/self")
_PEAK = "VmHWM:"

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's ``mallopt``, by the numbers of its ``malloc.h``."""

_NEVER = -1
_LARGEST = 1 << 30
"""Bytes: larger blocks are few, such as whole data sets, and still come from the system."""


def memory() -> int:
    """Bytes that this machine, or the container around this process, has in all."""
    limits = [psutil.virtual_memory().total]
    for name in _LIMITS:
        file = Path("/sys/fs/cgroup") / name
        limit = file.read_text().strip() if file.is_file() else ""
        limits += [int(limit)] if limit.isdecimal() else []  # "max": no limit
    return min(limits)


def keep_freed() -> None:
    """Let this process keep what it frees, for the tensors of the next step; with glibc alone.

    Of itself glibc gives the end of its heap and every block above 32 MB back to the system at
    once, and the next step gets its memory anew, page by page: up to a fifth of the time of
    training, and nearly half of that of an embedding (tests/benchmarks/allocation.md).
    """
    with suppress(AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_MMAP_THRESHOLD, _LARGEST)
        libc.mallopt(_TRIM_THRESHOLD, _NEVER)


def give_back() -> None:
    """Give back now what this process keeps: the next steps need other memory than those before."""
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def begin_peak() -> None:
    """Forget the peak so far, as Linux can; elsewhere it stays that of the whole process."""
    give_back()
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
