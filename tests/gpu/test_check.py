"""The check itself, where there is no GPU: what it imports, and what it says."""

import subprocess
import sys

import pytest
import torch

from tests.gpu.check import SECTIONS, main
from tests.gpu.paired import CASES
from trainables.methods import METHODS


def test_it_needs_neither_ray_nor_optuna() -> None:
    code = (
        "import sys, tests.gpu.check, tests.gpu.sections, tests.gpu.several, tests.gpu.speed\n"
        "import trainables.loop\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    rooms = {"study", "search_spaces", "analysis"}
    assert not set(done.stdout.split()) & (rooms | {"ray", "optuna", "pytest"})


def test_every_method_has_its_pair() -> None:
    assert {case.changes["method"] for case in CASES} == set(METHODS)


def test_an_unknown_section_lists_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "machine,fast"])
    assert ", ".join(SECTIONS) in capsys.readouterr().err


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_without_a_gpu_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--only", "machine"])
    said = capsys.readouterr().out
    assert "needs a CUDA GPU" in said
    assert "machine ended with 1" in said
