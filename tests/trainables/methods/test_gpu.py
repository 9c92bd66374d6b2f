"""Every method on a GPU: the CPU's run, nothing waits, and a graph trains as eager does."""

import os
from collections.abc import Callable

import pytest
import torch

from tests.gpu import methods, paired
from tests.gpu.own_methods import OWN
from trainables.loop import TrainingRun
from trainables.methods import METHODS

Note = Callable[[str, object], None]
"""pytest's record_property: `tests.gpu.check` shows what it is told."""

# cuBLAS is deterministic with this, which it reads when CUDA starts.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

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
def test_a_graph_trains_and_resumes_as_eager_does(case: paired.Case, record_property: Note) -> None:
    """Bit for bit where two eager runs are alike; closely where this GPU's kernels differ."""
    chosen = {way: paired.config(way, **case.changes) for way in ("eager", "auto")}
    with paired.bit_for_bit():
        eager, again = (paired.train(TrainingRun(chosen["eager"])) for _ in range(2))
        graph = paired.train(TrainingRun(chosen["auto"]))
        # In the first interval, while it replays.
        resumed = paired.resumed(chosen["auto"], 10)
    pairs = {"eager": (eager, again), "graph": (eager, graph), "resumed": (graph, resumed)}
    apart = {name: max(paired.distance(*pair).values()) for name, pair in pairs.items()}
    for name, distance in apart.items():
        record_property(name, "equal" if distance == 0 else f"{distance:.1e} apart")
    for pair in pairs.values():
        paired.check_alike(*pair)
    paired.check_captured(graph)
    paired.check_captured(resumed)
    if apart["eager"] == 0:
        assert (apart["graph"], apart["resumed"]) == (0, 0)
    for each in (graph, resumed):
        torch.testing.assert_close(
            each.tensors["losses"][:10], eager.tensors["losses"][:10], rtol=1e-2, atol=1e-3
        )


@pytest.mark.parametrize("execution", ["eager", "auto"])
def test_precision_is_the_trials_own(execution: str, record_property: Note) -> None:
    with paired.bit_for_bit():
        for name, distance in paired.check_precision(execution).items():
            record_property(name, f"{distance:.1e} apart")


@pytest.mark.parametrize("name", OWN)
def test_what_no_graph_can_hold_stays_eager(name: str, record_property: Note) -> None:
    auto, eager = paired.fallback(name)
    record_property("because", paired.check_refused(auto))
    paired.check_alike(auto, eager)


def test_a_graph_that_is_required_is_had_or_refused() -> None:
    """Also after captures that failed."""
    changes = {**paired.DIGITS, "method": f"tests.gpu.own_methods:{OWN[0]}"}
    with pytest.raises(RuntimeError, match="execution 'graph'"):
        TrainingRun(paired.config("graph", **changes)).train_interval()
    paired.check_captured(
        paired.train(TrainingRun(paired.config("graph", **{**paired.DIGITS, "method": "ce"})))
    )
