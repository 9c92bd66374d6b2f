"""Labels that share no weights train together exactly as each does alone, whatever is missing.

The mean over L labels gives each 1 / L of its gradient; so rates L times as large, with decays
1 / L as large, give back the steps of one label: weights, a, b, alpha, its projection, reference
points and averages.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.trainables.tiny import generator
from trainables.losses.auc import AUCLoss
from trainables.losses.auc_margin import AUCMarginLoss, PriorFreeAUCMarginLoss
from trainables.losses.auc_mixup import AUCMixupLoss
from trainables.losses.auc_square import AUCSquareLoss
from trainables.optimizers.pdsca import INNER, PDSCA
from trainables.optimizers.pesg import PESG
from trainables.optimizers.scaling import Adam

LABELS, FEATURES, IMAGES, STEPS, DECAYS = 3, 4, 12, 24, (8, 16)
PRIORS = torch.tensor([0.3, 0.1, 0.6], dtype=torch.float64)
RATES = {"lr": 0.4, "epoch_decay": 0.02, "weight_decay": 0.01}

Make = Callable[[Any, int], AUCLoss]

LOSSES: dict[str, Make] = {
    "auc_m": lambda p, n: AUCMarginLoss(p, 0.1, "raw", n),
    "auc_m, bsn": lambda p, n: AUCMarginLoss(p, 0.5, "bsn", n),
    "auc_m, prior free": lambda _, n: PriorFreeAUCMarginLoss(0.3, "sigmoid", n),
    "auc_s": lambda p, n: AUCSquareLoss(p, "sigmoid", n),
    "auc_mixup": lambda _, n: AUCMixupLoss(0.3, "sigmoid", labels=n),
}


class Linear(nn.Module):
    """A column of weights a label: (B, D) to (B,) or (B, L)."""

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.weights = nn.Parameter(weights.clone())

    def forward(self, rows: Tensor) -> Tensor:
        return rows @ self.weights


def batches() -> Iterator[tuple[Tensor, Tensor]]:
    """Two a step: rows and targets, a third of them missing, but never all of a label."""
    draw = generator(0)
    for _ in range(2 * STEPS):
        targets = (torch.rand(IMAGES, LABELS, generator=draw) < 0.4).double()
        rows = torch.randn(IMAGES, FEATURES, generator=draw, dtype=torch.float64)
        rows[:, :LABELS] += targets
        missing = torch.rand(IMAGES, LABELS, generator=draw) < 0.33
        missing[0] = False
        yield rows, targets.masked_fill(missing, math.nan)


START = torch.randn(FEATURES, LABELS, generator=generator(1), dtype=torch.float64)


def of(batch: tuple[Tensor, Tensor], label: int) -> tuple[Tensor, Tensor]:
    """What is known of one label."""
    rows, targets = batch
    known = ~targets[:, label].isnan()
    return rows[known], targets[known, label]


def scaled(labels: int, **rates: float) -> dict[str, Any]:
    """Rates as the mean over labels takes them; a rate of decay the other way."""
    return {
        key: value / labels if key.endswith("_decay") else value * labels
        for key, value in rates.items()
    }


Step = Callable[[tuple[Tensor, Tensor], tuple[Tensor, Tensor]], object]


def with_pesg(model: Linear, loss: AUCLoss, labels: int, **options: Any) -> tuple[Any, Step]:
    rates = scaled(labels, **RATES, dual_lr=0.2)
    optimizer = PESG([model.weights, loss.a, loss.b], [loss.alpha], **rates, **options)

    def step(first: tuple[Tensor, Tensor], _: tuple[Tensor, Tensor]) -> None:
        optimizer.zero_grad()
        loss(model(first[0]), first[1]).backward()
        optimizer.step()

    return optimizer, step


def with_pdsca(model: Linear, loss: AUCLoss, labels: int, **options: Any) -> tuple[Any, Step]:
    rates = scaled(labels, **RATES, dual_lr=0.2, inner_lr=0.5)
    optimizer = PDSCA(model, loss, beta0=0.8, beta1=0.6, **rates, **options)
    return optimizer, optimizer.step


def path(
    labels: int,
    loss: AUCLoss,
    start: Tensor,
    make: Callable[..., tuple[Any, Step]],
    drawn: Callable[[tuple[Tensor, Tensor]], tuple[Tensor, Tensor]],
    **options: Any,
) -> Tensor:
    """(STEPS, D + 3) of one label, (STEPS, D + 3, L) of several: weights, a, b and alpha."""
    model, loss = Linear(start), loss.double()
    optimizer, step = make(model, loss, labels, **options)
    pairs, found = batches(), []
    for done in range(STEPS):
        if done in DECAYS:
            optimizer.decay()
        step(drawn(next(pairs)), drawn(next(pairs)))
        rows = [model.weights, *(each[None] for each in (loss.a, loss.b, loss.alpha))]
        found.append(torch.cat(rows).detach().clone())
    return torch.stack(found)


def check_alone_and_together(
    name: str, make: Callable[..., tuple[Any, Step]], **options: Any
) -> Tensor:
    together = path(
        LABELS, LOSSES[name](PRIORS, LABELS), START, make, lambda batch: batch, **options
    )
    for label in range(LABELS):
        alone = path(
            1,
            LOSSES[name](float(PRIORS[label]), 1),
            START[:, label],
            make,
            lambda batch, label=label: of(batch, label),  # type: ignore[misc]
            **options,
        )
        torch.testing.assert_close(together[..., label], alone, rtol=1e-8, atol=1e-10)
    return together


@pytest.mark.parametrize("options", [{}, {"momentum": 0.5}, {"project_alpha": False}])
@pytest.mark.parametrize("name", LOSSES)
def test_pesg(name: str, options: dict[str, Any]) -> None:
    together = check_alone_and_together(name, with_pesg, **options)
    if name == "auc_m":
        alphas = together[:, -1]
        held = (alphas == 0).any(0)
        assert bool(held.any()) is ("project_alpha" not in options)


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("inner", INNER)
@pytest.mark.parametrize("name", LOSSES)
def test_pdsca(name: str, inner: str, k: int) -> None:
    together = check_alone_and_together(
        name, with_pdsca, inner=inner, inner_steps=k, alpha_max=0.08
    )
    assert bool((together[:, -1] == 0.08).any())


def test_pdsca_scaled_by_second_moments() -> None:
    """z / sqrt(z2) does not hang on 1 / L: rates stay as they are, but for alpha's."""

    def make(model: Linear, loss: AUCLoss, labels: int) -> tuple[Any, Step]:
        optimizer = PDSCA(
            model,
            loss,
            lr=0.05,
            dual_lr=0.2 * labels,
            inner_lr=0.5 * labels,
            scaling=Adam(1e-12, 0.2),
        )
        return optimizer, optimizer.step

    check_alone_and_together("auc_m", make)
