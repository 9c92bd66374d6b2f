"""What the check runs on."""

import os
import platform
import subprocess
from pathlib import Path

import torch

from tests.gpu.rows import Row, append

__all__ = ["machine"]


def machine(device: str, out: Path) -> None:
    """A row for each part of the machine that figures hang on."""
    parts = {
        "cores": f"{os.cpu_count()} x {platform.machine()}",
        "Python": platform.python_version(),
        "torch": torch.__version__,
    }
    if device == "cuda":
        properties = torch.cuda.get_device_properties(0)
        query = ["nvidia-smi", "--query-gpu=driver_version,compute_mode,mig.mode.current"]
        asked = subprocess.run([*query, "--format=csv,noheader"], capture_output=True, text=True)
        parts |= {
            "GPU": f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB",
            "cuDNN": str(torch.backends.cudnn.version()),
            "driver, compute mode, MIG": asked.stdout.strip() or asked.stderr.strip(),
        }
    for name, value in parts.items():
        print(f"- {name}: {value}")
        append(out, Row("machine", name, value=value))
