"""CUDA MPS on this machine: with it the kernels of several processes run on a GPU side by side."""

import os
import shutil
import subprocess
from dataclasses import dataclass

from study.machine import cluster_address
from study.spec import StudySpec

__all__ = ["CONTROL", "GAIN", "START", "Mps", "look", "mps_warning"]

CONTROL = "nvidia-cuda-mps-control"
START = f"{CONTROL} -d"
PIPES = "/tmp/nvidia-mps"
"""Where CUDA looks for the daemon if CUDA_MPS_PIPE_DIRECTORY names no other folder."""

SECONDS = 10.0

GAIN = (
    "side by side on one GPU, captured trials gain nothing without it, and eight in bf16 gave 2.8 "
    "times the throughput of one with it (measured on an H200)"
)
"""From tests/benchmarks/gpu.md, "Several trials on one GPU"."""


@dataclass(frozen=True)
class Mps:
    """What there is of it.

    Attributes:
        offered: its control program is here.
        runs: its daemon answers where trials that are started from here would look for it.
        pipes: the folder through which they would.
        mode: compute mode of the GPUs, as nvidia-smi has it: "Default", "Exclusive_Process",
            "Prohibited"; several with commas; "" if it does not say.
    """

    offered: bool
    runs: bool
    pipes: str
    mode: str

    @property
    def exclusive(self) -> bool:
        """A GPU takes one process only, unless MPS runs."""
        return "Exclusive" in self.mode


def look() -> Mps | None:
    """What there is of MPS on this machine; nothing is started. None: torch sees no NVIDIA GPU."""
    import torch

    if not torch.cuda.is_available() or torch.version.hip:
        return None
    modes = _answer(["nvidia-smi", "--query-gpu=compute_mode", "--format=csv,noheader"]) or ""
    return Mps(
        offered=shutil.which(CONTROL) is not None,
        # Without a daemon it ends with 1.
        runs=_answer([CONTROL], "get_server_list\n") is not None,
        pipes=os.environ.get("CUDA_MPS_PIPE_DIRECTORY") or PIPES,
        mode=", ".join(dict.fromkeys(modes.split())),
    )


def mps_warning(spec: StudySpec) -> str | None:
    """A sentence or two if trials of ``spec`` share a GPU of this machine and MPS does not run.

    None where ``RAY_ADDRESS`` names a cluster, since trials then run elsewhere.
    """
    if not 0 < spec.resources.gpus < 1 or cluster_address():
        return None
    found = look()
    if found is None or found.runs:
        return None
    start = f"Start it before the study: {START}." if found.offered else "It is not offered here."
    return f"CUDA MPS does not run: {GAIN}. {start}"


def _answer(command: list[str], asked: str = "") -> str | None:
    """What a program says; None: it is not here, fails, or does not answer in time."""
    try:
        done = subprocess.run(
            command, input=asked, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return None if done.returncode else done.stdout
