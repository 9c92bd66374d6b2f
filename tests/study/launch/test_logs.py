"""Whose traceback it is."""

from pathlib import Path

from tests.study.launch.logs import own_tracebacks

LOG = """shutdown.
Traceback (most recent call last):
  File "/home/me/project/.venv/lib/python3.11/site-packages/ray/node.py", line 709, in _drain
    self.drain_node(
ray.exceptions.RpcError: RPC error: Cancelling all calls
srun: error: node1: task 1: Terminated
(pid=7) Traceback (most recent call last):
(pid=7)   File "/home/me/project/.venv/bin/aucstudy", line 8, in <module>
(pid=7)     sys.exit(main())
(pid=7)   File "/home/me/project/study/cli.py", line 20, in main
(pid=7)     raise ValueError
(pid=7) ValueError
"""


def test_only_what_passes_through_this_project_counts() -> None:
    (own,) = own_tracebacks(LOG, Path("/home/me/project"))
    assert own.startswith("(pid=7) Traceback")
    assert "drain_node" not in own
    assert own_tracebacks(LOG, Path("/home/other")) == []
