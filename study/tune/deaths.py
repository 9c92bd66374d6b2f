"""Why a trial's worker died, in words for the ledger."""

import re
from pathlib import Path

from ray.tune.experiment import Trial

from trainables.trainable import Job

__all__ = ["words_of_death"]

# What Ray's message holds, and what it means. The first that fits is taken.
_SIGNS = {
    r"OutOfMemory|OUT_OF_MEMORY|running low on memory": "its node ran out of memory and ended it; "
    "lower batch_size, or give a trial more resources",
    r"node (was|has) (terminated|died)|NodeDied|node is dead": "its node died",
    r"Worker exit type": "its worker process was killed or crashed (the system may have run out "
    "of memory)",
}


def words_of_death(trial: Trial) -> str:
    """Why the trial's worker is gone: it hung (and where), or what Ray knows of it."""
    job = Job.of(trial.config)
    if place := _hung(job):
        return f"it finished no step for {job.hang_after:g} s: it hung in {place}"
    try:
        message = Path(trial.error_file or "").read_text()
    except OSError:
        message = ""
    known = (words for sign, words in _SIGNS.items() if re.search(sign, message))
    return next(known, "its worker died")


def _hung(job: Job) -> str | None:
    """Where the main thread stood; the watchdog's file lists it last."""
    file = job.hang_file
    try:
        threads = file.read_text().strip().split("\n\n")
    except OSError:
        return None
    file.unlink(missing_ok=True)
    found = re.search(r'File "([^"]*)", line (\d+)', threads[-1])
    return f"{Path(found[1]).name}, line {found[2]}" if found else None
