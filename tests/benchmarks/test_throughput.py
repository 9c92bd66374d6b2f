"""The throughput benchmark runs, and its plain loop does the same work as ours."""

import pytest
import torch

from tests.benchmarks.plain_loop import TensorByTensorPESG
from tests.benchmarks.throughput import table
from trainables.datasets import cache
from trainables.optimizers.pesg import PESG


def test_plain_optimizer_is_pesg() -> None:
    generator = torch.Generator().manual_seed(0)

    def parameters() -> tuple[list[torch.Tensor], torch.Tensor]:
        return [torch.ones(3, 4), torch.full((5,), 2.0)], torch.tensor(0.01)

    ours, our_alpha = parameters()
    plain, plain_alpha = parameters()
    pesg = PESG(ours, [our_alpha], lr=0.1, epoch_decay=0.3, weight_decay=0.05)
    loop = TensorByTensorPESG(plain, plain_alpha, lr=0.1, epoch_decay=0.3, decay=0.05)
    for _ in range(5):
        rows = zip([*ours, our_alpha], [*plain, plain_alpha], strict=True)
        for mine, theirs in rows:
            mine.grad = theirs.grad = torch.randn(mine.shape, generator=generator)
        pesg.step()
        loop.step()
    torch.testing.assert_close(ours, plain)
    torch.testing.assert_close(our_alpha, plain_alpha)


def test_table_has_a_row_for_every_way() -> None:
    lines = table("cpu", rounds=2)
    cache.clear()
    ways = [tuple(cell.strip() for cell in line.split("|")[1:3]) for line in lines[2:]]
    assert ways == [
        ("input: one batch", "plain loop"),
        ("input: one batch", "ours"),
        ("optimizer: one step", "plain loop"),
        ("optimizer: one step", "ours"),
        ("whole training step", "plain loop"),
        ("whole training step", "ours"),
        ("whole training step", "ours, bf16"),
    ]
    ratios = [float(line.split("|")[-2]) for line in lines[2:]]
    assert ratios[0] == pytest.approx(1)
    assert ratios[1] > 2  # far below the 15 measured on a calm machine
