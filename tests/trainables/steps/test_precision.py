"""What f32 is multiplied in: chosen while a trial computes, forward and backward, and no longer.

The switches are noted by a network of its own, since they change nothing on a CPU; what they
change on a GPU is looked at by ``tests.gpu``.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.trainables.test_loop import config
from trainables.loop import TrainingRun
from trainables.models.classifier import BinaryClassifier
from trainables.steps.precision import PRECISIONS

WANTED = {"f32": "ieee", "tf32": "tf32", "bf16": "ieee"}

noted: list[tuple[str, str]] = []


def switches() -> set[str]:
    cudnn: Any = torch.backends.cudnn
    return {each.fp32_precision for each in (cudnn.conv, cudnn.rnn, torch.backends.cuda.matmul)}


def note(what: str) -> None:
    noted.extend((what, each) for each in switches())


class _Noted(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor) -> Tensor:  # noqa: ARG004
        return images.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:  # noqa: ARG004
        note("backward")
        return gradients[0]


class _Noting(nn.Module):
    def forward(self, embedding: Tensor) -> Tensor:
        note("forward" if torch.is_grad_enabled() else "evaluation")
        noticed: Tensor = _Noted.apply(embedding)
        return noticed


def noting(channels: int, size: int) -> BinaryClassifier:
    """A linear network that notes the switches on both of its ways."""
    inputs = channels * size * size
    features = nn.Sequential(nn.Flatten(), nn.Linear(inputs, 4), _Noting())
    return BinaryClassifier(features, nn.Linear(4, 1))


MODEL = f"{__name__}:noting"


@pytest.fixture(autouse=True)
def _nothing_noted() -> Iterator[None]:
    noted.clear()
    before = switches()
    yield
    assert switches() == before


@pytest.mark.parametrize("precision", PRECISIONS)
def test_it_holds_forward_backward_and_in_evaluation(precision: str) -> None:
    run = TrainingRun(config(model=MODEL, precision=precision, epochs=1, intervals=1))
    run.train_interval()
    run.test(embeddings=True)
    assert {what for what, _ in noted} == {"forward", "backward", "evaluation"}
    assert {switch for _, switch in noted} == {WANTED[precision]}


def test_it_holds_for_a_methods_own_figures() -> None:
    chosen = config(
        method="ct_auc", params={"taylor_terms": True}, model=MODEL, precision="tf32", epochs=1
    )
    run = TrainingRun(chosen)
    run.train_step()
    noted.clear()
    assert run._evaluator.own_figures()
    assert ("backward", "tf32") in noted
    assert {switch for _, switch in noted} == {"tf32"}


def test_runs_side_by_side_keep_to_their_own() -> None:
    runs = {p: TrainingRun(config(model=MODEL, precision=p)) for p in ("tf32", "f32")}
    for precision in ("tf32", "f32", "tf32"):
        noted.clear()
        runs[precision].train_step()
        assert {switch for _, switch in noted} == {WANTED[precision]}


def test_what_was_set_before_comes_back_after_an_error_too() -> None:
    matmul = torch.backends.cuda.matmul
    before = matmul.fp32_precision
    matmul.fp32_precision = "tf32"
    try:
        with pytest.raises(torch.OutOfMemoryError):
            TrainingRun(
                config(method="tests.study.odd_methods:NoGpuMemory", params={})
            ).train_step()
        assert matmul.fp32_precision == "tf32"
    finally:
        matmul.fp32_precision = before


def test_on_a_cpu_tf32_is_f32() -> None:
    losses = [
        TrainingRun(config(precision=precision)).train_step() for precision in ("f32", "tf32")
    ]
    assert torch.equal(*losses)
