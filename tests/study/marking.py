"""A method that leaves marks of where and when it runs, and that a test can hold."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from tests.study.odd_methods import Busy

__all__ = ["Marks"]


@dataclass(frozen=True)
class Marks(Busy):
    """A step touches a file, named by its raylet's process id, in AUCSTUDY_TEST_MARKS.

    While a file ``hold`` lies there, it goes on doing so and does not end.
    """

    def act(self) -> None:
        super().act()
        folder = Path(os.environ["AUCSTUDY_TEST_MARKS"])
        mark = folder / str(os.getppid())
        mark.touch()
        while (folder / "hold").exists():
            time.sleep(0.05)
            mark.touch()
