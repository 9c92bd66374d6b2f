"""Which tests share a worker of pytest-xdist, where there are several."""

from functools import cache
from pathlib import Path

from xdist.scheduler import LoadFileScheduling

__all__ = ["RayOneByOne", "starts_ray"]


@cache
def starts_ray(file: Path) -> bool:
    """Whether tests of the file have the mark `ray`."""
    return "mark.ray" in file.read_text()


class RayOneByOne(LoadFileScheduling):
    """A file's tests share a worker, and with it what they have set up; so do all files with tests
    that start Ray, whose studies would starve each other.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "ray" if starts_ray(self.config.rootpath / file) else file
