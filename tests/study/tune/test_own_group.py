"""Ray's processes live in a group of their own, whatever group the driver is in."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import os, subprocess, sys, time
time.sleep(0.5)  # a parent that does not wait is gone by then
from study.tune.cluster import own_group
before = os.getpgid(0)
with own_group():
    child = subprocess.Popen(["sleep", "30"])
groups = {"kept": os.getpgid(0) == before, "apart": os.getpgid(child.pid) != before}
child.kill()
open(sys.argv[1], "w").write(repr(groups))
"""


@pytest.mark.parametrize("leader", [True, False])
def test_children_are_apart_and_the_driver_stays(leader: bool, tmp_path: Path) -> None:
    answer = tmp_path / "answer"
    command = [sys.executable, "-c", SCRIPT, str(answer)]
    if leader:
        subprocess.run(command, check=True, process_group=0, timeout=600)
    else:
        # The group's leader, a shell, ends at once: nobody else keeps the group alive.
        shell = subprocess.Popen(
            ["sh", "-c", '"$@" & echo $!', "sh", *command],
            process_group=0,
            stdout=subprocess.PIPE,
            text=True,
        )
        shell.communicate(timeout=600)  # until the script closes its end, too
    assert answer.read_text() == "{'kept': True, 'apart': True}"
