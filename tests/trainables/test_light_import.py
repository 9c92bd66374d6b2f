"""Workers start quickly: what only some studies need is imported when it is used."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_loop_imports_neither_torchvision_nor_scikit_learn() -> None:
    code = (
        "import sys, trainables.loop; "
        "print({'torchvision', 'sklearn', 'scipy', 'ray', 'PIL'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
