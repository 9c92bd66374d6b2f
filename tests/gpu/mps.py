"""CUDA MPS for processes of ours: a daemon that is started for them and leaves no trace."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

__all__ = ["CONTROL", "mps", "mps_if_offered"]

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


def mps_if_offered(device: str) -> AbstractContextManager[dict[str, str]]:
    """`mps` on a GPU where its control program is; else no variables."""
    return mps() if device == "cuda" and shutil.which(CONTROL) else nullcontext({})
