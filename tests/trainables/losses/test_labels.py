"""Several labels: the mean over labels of what one label gives on its known entries, and no more.

The loss of one label is held to its formula as it stood before there were several: the same bits,
by the same operators.
"""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from tests.trainables.host_reads import no_host_reads
from tests.trainables.tiny import generator
from trainables.losses.asymmetric import AsymmetricLoss
from trainables.losses.auc import AUCLoss
from trainables.losses.auc_ce import AUCPlusCELoss
from trainables.losses.auc_margin import AUCMarginLoss, PriorFreeAUCMarginLoss
from trainables.losses.auc_mixup import AUCMixupLoss
from trainables.losses.auc_square import AUCSquareLoss
from trainables.losses.ce import CELoss
from trainables.losses.class_balanced import ClassBalancedCELoss
from trainables.losses.focal import FocalLoss
from trainables.losses.ldam import LDAMLoss
from trainables.losses.pairs import SURROGATES
from trainables.losses.pairwise import PairwiseLoss
from trainables.losses.score_maps import SCORE_MAPS
from trainables.losses.vector_scaling import VSLoss
from trainables.losses.weighted_ce import WeightedCELoss

PRIORS = torch.tensor([0.1, 0.35, 0.5, 0.02, 0.8], dtype=torch.float64)

Make = Callable[[Any, int], nn.Module]
"""From the prior, a number or one a label, and the number of labels."""


def under(score_map: str) -> dict[str, Make]:
    """The AUC losses."""
    named: dict[str, Make] = {
        "auc_m": lambda p, n: AUCMarginLoss(p, 0.7, score_map, n),
        "auc_m, prior of the batch": lambda _, n: AUCMarginLoss(None, 0.7, score_map, n),
        "auc_m, prior free": lambda _, n: PriorFreeAUCMarginLoss(0.7, score_map, n),
        "auc_s": lambda p, n: AUCSquareLoss(p, score_map, n),
        "auc_ce": lambda p, n: AUCPlusCELoss(AUCMarginLoss(p, 0.7, score_map, n), 0.5),
        "auc_mixup": lambda _, n: AUCMixupLoss(0.7, score_map, True, n),
        "auc_mixup, hard": lambda _, n: AUCMixupLoss(0.7, score_map, False, n),
    }
    return {f"{name}, {score_map}": make for name, make in named.items()}


def _pairwise(surrogate: str) -> Make:
    return lambda *_: PairwiseLoss(surrogate, 0.7, 2.0, "bsn")


PLAIN: dict[str, Make] = {
    **{name: make for score_map in SCORE_MAPS for name, make in under(score_map).items()},
    "ce": lambda *_: CELoss(),
    "focal": lambda *_: FocalLoss(0.3, 1.5),
    "ce, weighted": lambda p, _: WeightedCELoss(p, 0.8, 0.1),
}
"""Those that there were before there were several labels."""

LOSSES: dict[str, Make] = {
    **PLAIN,
    "ce, class-balanced": lambda p, _: ClassBalancedCELoss(p, 500, 0.99, 2.0),
    "ce, ldam": lambda p, _: LDAMLoss(p, 500, 0.5, 2.0),
    "ce, vs": lambda p, _: VSLoss(p, 0.3, 1.0),
    "ce, asymmetric": lambda *_: AsymmetricLoss(0.5, 2.0, 0.1),
    **{f"pairwise, {name}": _pairwise(name) for name in SURROGATES},
}


def drawn(seed: int, images: int, labels: int, missing: float, soft: bool) -> tuple[Tensor, Tensor]:
    """Logits and targets with NaN, float64; the whole of a label may be missing."""
    draw = generator(seed)
    shape = (images, labels)
    logits = 2 * torch.randn(shape, generator=draw, dtype=torch.float64)
    targets = torch.rand(shape, generator=draw, dtype=torch.float64)
    if not soft:
        targets = (targets < 0.4).double()
    gone = torch.rand(shape, generator=draw) < missing
    return logits.requires_grad_(), targets.masked_fill(gone, math.nan)


def started(loss: nn.Module, values: Tensor) -> nn.Module:
    """a, b and alpha at the given values, (3,) or (3, L)."""
    loss = loss.double()
    for parameter, value in zip(loss.parameters(), values, strict=False):
        nn.init.zeros_(parameter).data.add_(value)
    return loss


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 10**6),
    images=st.integers(1, 12),
    labels=st.integers(2, 5),
    missing=st.sampled_from([0.0, 0.3, 0.8, 1.0]),
    soft=st.booleans(),
)
@pytest.mark.parametrize("name", LOSSES)
def test_value_and_gradients_are_the_mean_over_labels_of_one_label(
    name: str, seed: int, images: int, labels: int, missing: float, soft: bool
) -> None:
    """On the known entries alone; a label without any adds 0 and counts. In float64."""
    logits, targets = drawn(seed, images, labels, missing, soft)
    start = torch.rand(3, labels, generator=generator(seed + 1), dtype=torch.float64)
    loss = started(LOSSES[name](PRIORS[:labels], labels), start)
    value = loss(logits, targets)
    wanted = [logits, *loss.parameters()]
    found = torch.autograd.grad(value, wanted)

    total = 0.0
    expected = [torch.zeros_like(each) for each in wanted]
    for label in range(labels):
        known = ~targets[:, label].isnan()
        if not bool(known.any()):
            continue
        alone = logits.detach()[known, label].requires_grad_()
        one = started(LOSSES[name](float(PRIORS[label]), 1), start[:, label])
        part = one(alone, targets[known, label])
        total += part.item() / labels
        of_logits, *others = torch.autograd.grad(part, [alone, *one.parameters()])
        expected[0][known, label] = of_logits / labels
        for into, other in zip(expected[1:], others, strict=True):
            into[label] = other / labels
    assert value.shape == ()
    assert value.item() == pytest.approx(total, rel=1e-10, abs=1e-13)
    for mine, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-10, atol=1e-13)
    assert bool((found[0][targets.isnan()] == 0).all())


@pytest.mark.parametrize("name", LOSSES)
def test_what_a_network_says_of_a_missing_label_changes_nothing(name: str) -> None:
    logits, targets = drawn(0, 8, 3, 0.4, soft=False)
    loss = LOSSES[name](PRIORS[:3], 3).double()
    other = torch.where(targets.isnan(), 1e3 * logits.detach() + 7, logits.detach())
    assert torch.equal(loss(logits, targets), loss(other, targets))


@pytest.mark.parametrize("name", LOSSES)
def test_integers_are_labels_that_are_all_known(name: str) -> None:
    logits, targets = drawn(1, 8, 3, 0.0, soft=False)
    loss = LOSSES[name](PRIORS[:3], 3).double()
    for dtype in (torch.int64, torch.bool):
        assert torch.equal(loss(logits, targets.to(dtype)), loss(logits, targets))


@pytest.mark.parametrize("name", LOSSES)
def test_nothing_is_read_of_the_device(name: str) -> None:
    logits, targets = drawn(2, 8, 3, 0.4, soft=False)
    loss = LOSSES[name](PRIORS[:3], 3).double()
    with no_host_reads():
        loss(logits, targets).backward()


def test_a_loss_of_other_labels_is_refused() -> None:
    three, column = torch.zeros(4, 3), torch.zeros(4)
    for name, make in LOSSES.items():
        if name.startswith(("ce", "focal", "pairwise")):
            continue
        with pytest.raises(ValueError, match=r"a must be of shape \(3,\), not \(\): give one num"):
            make(0.1, 1)(three, three)
        with pytest.raises(ValueError, match=r"a must be a 0-dim tensor, not \(3,\): give one num"):
            make(PRIORS[:3], 3)(column, column)
    with pytest.raises(ValueError, match="labels must be at least 1, not 0"):
        PriorFreeAUCMarginLoss(labels=0)


def test_a_prior_for_other_labels_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"prior must be a 0-dim tensor or of shape \(3,\), not \(2,\)"
    ):
        AUCMarginLoss(PRIORS[:2], labels=3)
    with pytest.raises(ValueError, match=r"positive must be a 0-dim tensor, not \(3,\)"):
        WeightedCELoss(PRIORS[:3], 1.0)(torch.zeros(3), torch.zeros(3))


def test_priors_go_where_the_loss_goes_and_are_not_saved() -> None:
    for loss in (AUCMarginLoss(PRIORS, labels=5), AUCSquareLoss(PRIORS, labels=5)):
        assert loss.float().prior.dtype == torch.float32  # type: ignore[union-attr]
        assert set(loss.state_dict()) == {"a", "b", "alpha"}
        assert {tuple(each.shape) for each in loss.parameters()} == {(5,)}


# One label, as it stood before there were several.


def plain_mean(values: Tensor, weights: Tensor) -> Tensor:
    floor = torch.finfo(weights.dtype).tiny
    return (weights * values).sum() / weights.sum().clamp_min(floor)


def plain_free(loss: AUCLoss, h: Tensor, t: Tensor, owners: Tensor) -> Tensor:
    spread = plain_mean((h - loss.a).square(), owners) + plain_mean(
        (h - loss.b).square(), 1 - owners
    )
    gap = loss.margin + plain_mean(h, 1 - t) - plain_mean(h, t)  # type: ignore[operator]
    both = (t.sum() > 0) & ((1 - t).sum() > 0)
    return spread + both * (2 * loss.alpha * gap - loss.alpha.square())


def plain_auc_m(loss: AUCLoss, h: Tensor, t: Tensor, margin: float) -> Tensor:
    p: Any = t.mean() if loss.prior is None else loss.prior
    q = 1 - p
    spread = q * (h - loss.a).square() * t + p * (h - loss.b).square() * (1 - t)
    gap = p * q * margin + (p * h * (1 - t) - q * h * t).mean()
    return spread.mean() + 2 * loss.alpha * gap - p * q * loss.alpha.square()


PLAIN_MAPS: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "bsn": lambda f: f / torch.linalg.vector_norm(f).clamp_min(1e-6),
    "raw": lambda f: f,
}


def plain(loss: nn.Module, f: Tensor, t: Tensor) -> Tensor:
    """The loss of one label by its formula alone."""
    if isinstance(loss, AUCPlusCELoss):
        both = plain(loss.auc, f, t) + loss.ce_weight * F.binary_cross_entropy_with_logits(f, t)
        return torch.as_tensor(both)
    if isinstance(loss, CELoss):
        return F.binary_cross_entropy_with_logits(f, t)
    if isinstance(loss, WeightedCELoss):
        smooth = t * (1 - loss.smoothing) + loss.smoothing / 2
        weight = loss.positive * t + loss.negative * (1 - t)
        return F.binary_cross_entropy_with_logits(f, smooth, weight=weight)
    if isinstance(loss, FocalLoss):
        signed = (2 * t - 1) * f
        weight = loss.alpha * t + (1 - loss.alpha) * (1 - t)
        easiness = (loss.gamma * F.logsigmoid(-signed)).exp()
        return -(weight * easiness * F.logsigmoid(signed)).mean()
    assert isinstance(loss, AUCLoss)
    h = PLAIN_MAPS[next(name for name, each in SCORE_MAPS.items() if each is loss.score_map)](f)
    if isinstance(loss, PriorFreeAUCMarginLoss):
        return plain_free(loss, h, t, t)
    if isinstance(loss, AUCMixupLoss):
        return plain_free(loss, h, t, t if loss.soft_variance else (t >= 0.5).to(t.dtype))
    return plain_auc_m(loss, h, t, loss.margin if isinstance(loss, AUCMarginLoss) else 1.0)


class _Operators(TorchDispatchMode):
    """What is launched, by name."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if not func.is_view:
            self.names.append(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("size", [1, 2, 16, 128, 1000])
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("name", PLAIN)
def test_one_label_is_its_plain_formula_bit_for_bit_and_no_operator_more(
    name: str, soft: bool, size: int
) -> None:
    logits = torch.randn(size, generator=generator(3), requires_grad=True)
    targets = torch.rand(size, generator=generator(4))
    targets = targets if soft else (targets < 0.3).float()
    loss = LOSSES[name](0.1, 1)
    for parameter, start in zip(loss.parameters(), (0.6, 0.3, 0.4), strict=False):
        nn.init.constant_(parameter, start)
    found, launched = [], []
    ways: list[Callable[[Tensor, Tensor], Tensor]] = [loss, lambda f, t: plain(loss, f, t)]
    for of in ways:
        with _Operators() as operators:
            value = of(logits, targets)
            slopes = torch.autograd.grad(value, [logits, *loss.parameters()])
        found.append([value, *slopes])
        launched.append(operators.names)
    for mine, theirs in zip(*found, strict=True):
        assert torch.equal(mine, theirs)
    assert len(launched[0]) <= len(launched[1])
    assert set(launched[0]) <= set(launched[1])
