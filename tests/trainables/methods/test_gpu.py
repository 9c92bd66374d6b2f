"""Every method on a GPU: the CPU's run, nothing waits, and a graph trains as eager does."""

import os
import subprocess
import sys

import pytest
import torch

from tests.gpu import methods, paired
from tests.gpu.own_methods import OWN
from trainables.loop import TrainingRun
from trainables.methods import METHODS

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


@pytest.mark.parametrize("name", methods.comparable())
def test_a_run_on_the_gpu_is_that_on_the_cpu(name: str) -> None:
    methods.check_same_as_on_the_cpu(name)


@pytest.mark.parametrize("name", METHODS)
def test_a_step_never_waits_for_the_device(name: str) -> None:
    methods.check_never_waits(name)


@pytest.mark.parametrize("name", METHODS)
def test_save_on_the_gpu_and_load_elsewhere(name: str) -> None:
    methods.check_resumes_on_both(name)


def test_mixup_draws_on_the_gpu() -> None:
    methods.check_mixup_draws()


@pytest.mark.parametrize("case", paired.CASES, ids=lambda case: case.label)
def test_a_graph_trains_as_eager_does(case: paired.Case) -> None:
    """Closely: without deterministic kernels two runs differ in their last bits."""
    eager = paired.train(TrainingRun(paired.config("eager", **case.changes)))
    graph = paired.train(TrainingRun(paired.config("auto", **case.changes)))
    paired.check_captured(graph)
    paired.check_alike(eager, graph)
    torch.testing.assert_close(
        graph.tensors["losses"][:10], eager.tensors["losses"][:10], rtol=1e-2, atol=1e-3
    )


@pytest.mark.parametrize("execution", ["eager", "auto"])
def test_precision_is_the_trials_own(execution: str) -> None:
    """In a process of its own, since cuBLAS is made deterministic before CUDA starts."""
    code = (
        "from tests.gpu import paired\n"
        f"with paired.bit_for_bit(): paired.check_precision({execution!r})"
    )
    environment = {**os.environ, "CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


@pytest.mark.parametrize("case", paired.CASES, ids=lambda case: case.label)
def test_a_graph_resumes_in_the_middle_of_an_interval(case: paired.Case) -> None:
    chosen = paired.config("auto", **case.changes)
    through, resumed = paired.train(TrainingRun(chosen)), paired.resumed(chosen, 10)
    paired.check_captured(resumed)
    paired.check_alike(through, resumed)


@pytest.mark.parametrize("name", OWN)
def test_what_no_graph_can_hold_stays_eager(name: str) -> None:
    auto, eager = paired.fallback(name)
    assert paired.check_refused(auto)
    paired.check_alike(auto, eager)


def test_a_graph_that_is_required_is_had_or_refused() -> None:
    changes = {**paired.DIGITS, "method": f"tests.gpu.own_methods:{OWN[0]}"}
    with pytest.raises(RuntimeError, match="execution 'graph'"):
        TrainingRun(paired.config("graph", **changes)).train_interval()
    paired.check_captured(
        paired.train(TrainingRun(paired.config("graph", **{**paired.DIGITS, "method": "ce"})))
    )
