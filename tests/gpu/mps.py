"""CUDA MPS for processes of ours: a daemon that is started for them and leaves no trace."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["CONTROL", "mps"]

CONTROL = "nvidia-cuda-mps-control"


@contextmanager
def mps() -> Iterator[dict[str, str]]:
    """Within it, processes with the environment variables that it gives share the GPU by MPS.

    It gives none where the daemon does not start.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "CUDA_MPS_PIPE_DIRECTORY": str(Path(folder) / "pipe"),
            "CUDA_MPS_LOG_DIRECTORY": str(Path(folder) / "log"),
        }
        for each in environment.values():
            Path(each).mkdir()
        whole = {**os.environ, **environment}
        started = subprocess.run(
            [CONTROL, "-d"], env=whole, capture_output=True, text=True, timeout=20
        )
        print(f"\n<!-- MPS: {started.returncode} {started.stdout}{started.stderr} -->\n")
        try:
            yield {} if started.returncode else environment
        finally:
            try:
                subprocess.run(
                    [CONTROL], input="quit\n", env=whole, text=True, timeout=20, capture_output=True
                )
            except subprocess.TimeoutExpired:
                print("MPS did not stop in time.")
