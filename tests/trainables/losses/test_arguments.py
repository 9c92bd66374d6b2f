"""What a loss refuses, and that right arguments of any dtype give the value they always gave."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.trainables.host_reads import no_host_reads
from tests.trainables.tiny import batch, generator, model
from trainables.losses.asymmetric import AsymmetricLoss
from trainables.losses.auc import AUCLoss
from trainables.losses.auc_ce import AUCPlusCELoss
from trainables.losses.auc_margin import (
    AUCMarginLoss,
    PriorFreeAUCMarginLoss,
    auc_margin_loss,
    prior_free_auc_margin_loss,
)
from trainables.losses.auc_mixup import AUCMixupLoss, auc_mixup_loss
from trainables.losses.auc_square import AUCSquareLoss, auc_square_loss
from trainables.losses.average_precision import APLoss
from trainables.losses.ce import CELoss, ce_loss
from trainables.losses.class_balanced import ClassBalancedCELoss
from trainables.losses.focal import FocalLoss, focal_loss
from trainables.losses.image_state import ImageStateLoss
from trainables.losses.ldam import LDAMLoss
from trainables.losses.pairwise import PairwiseLoss
from trainables.losses.partial_auc import OneWayCVaRLoss, TwoWayKLLoss
from trainables.losses.score_maps import SCORE_MAPS
from trainables.losses.vector_scaling import VSLoss
from trainables.losses.weighted_ce import WeightedCELoss, class_weights, weighted_ce_loss
from trainables.optimizers.pdsca import PDSCA

A, B, ALPHA = torch.tensor(0.6), torch.tensor(0.3), torch.tensor(0.4)

Call = Callable[[Tensor, Tensor], Tensor]

FIRST = torch.arange(20)


def _numbered(kind: Callable[[int], ImageStateLoss]) -> Call:
    """A new one at each call, told that its images are the first of a training set."""
    return lambda f, t: kind(20)(f, t, FIRST[: getattr(f, "shape", FIRST.shape).numel()])


CLASSES: dict[str, Call] = {
    **{f"AUCMarginLoss {name}": AUCMarginLoss(0.1, 0.7, name) for name in SCORE_MAPS},
    "AUCMarginLoss of the batch's prior": AUCMarginLoss(None),
    "PriorFreeAUCMarginLoss": PriorFreeAUCMarginLoss(),
    "AUCMixupLoss": AUCMixupLoss(),
    "AUCMixupLoss hard": AUCMixupLoss(soft_variance=False),
    "AUCSquareLoss": AUCSquareLoss(0.1),
    "AUCPlusCELoss": AUCPlusCELoss(AUCMarginLoss(0.1), 0.5),
    "CELoss": CELoss(),
    "FocalLoss": FocalLoss(),
    "WeightedCELoss": WeightedCELoss(0.1, 1.0, 0.1),
    "ClassBalancedCELoss": ClassBalancedCELoss(0.1, 500, 0.99),
    "LDAMLoss": LDAMLoss(0.1, 500),
    "VSLoss": VSLoss(0.1),
    "AsymmetricLoss": AsymmetricLoss(1.0),
    "PairwiseLoss": PairwiseLoss(),
    "APLoss": _numbered(APLoss),
    "OneWayCVaRLoss": _numbered(OneWayCVaRLoss),
    "TwoWayKLLoss": _numbered(TwoWayKLLoss),
    "ce_loss": ce_loss,
    "focal_loss": lambda f, t: focal_loss(f, t, alpha=0.25, gamma=2.0),
}

FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "auc_margin_loss": lambda h, t, a=A, b=B, alpha=ALPHA, margin=1.0, prior=0.1: auc_margin_loss(
        h, t, a, b, alpha, margin=margin, prior=prior
    ),
    "auc_square_loss": lambda h, t, a=A, b=B, alpha=ALPHA, prior=0.1: auc_square_loss(
        h, t, a, b, alpha, prior=prior
    ),
    "prior_free_auc_margin_loss": lambda h, t, a=A, b=B, alpha=ALPHA, margin=1.0: (
        prior_free_auc_margin_loss(h, t, a, b, alpha, margin=margin)
    ),
    "auc_mixup_loss": lambda h, t, a=A, b=B, alpha=ALPHA, margin=1.0: auc_mixup_loss(
        h, t, a, b, alpha, margin=margin
    ),
}

LOSSES: dict[str, Call] = CLASSES | FUNCTIONS

HARD = {"PairwiseLoss", "APLoss", "OneWayCVaRLoss", "TwoWayKLLoss"}
"""They take labels of 0 and 1, which no dtype rounds."""

SHAPES = [
    ((8, 1), (8,)),
    ((8,), (8, 1)),
    ((8, 1), (8, 1)),
    ((8,), (1,)),
    ((1,), (8,)),
    ((8,), ()),
    ((), (8,)),
    ((), ()),
    ((8,), (7,)),
    ((8, 3), (8,)),
    ((8, 3), (8, 2)),
    ((8, 3, 1), (8, 3, 1)),
    ((0, 3), (0, 3)),
    ((0,), (0,)),
]


@pytest.mark.parametrize(("left", "right"), SHAPES)
@pytest.mark.parametrize("name", LOSSES)
def test_shapes_that_are_not_one_target_a_logit_are_refused(
    name: str, left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError) as caught:
        LOSSES[name](torch.zeros(left), torch.zeros(right))
    message = str(caught.value)
    assert "targets must both have the shape (B,), or (B, L) of two labels or more" in message
    assert f"not {left} and {right}" in message
    assert message.endswith("such as model(images).squeeze(1).")
    assert ("scores" if name in FUNCTIONS else "logits") in message


@pytest.mark.parametrize("size", [1, 8])
@pytest.mark.parametrize("name", LOSSES)
def test_one_target_a_logit_is_taken(name: str, size: int) -> None:
    value = LOSSES[name](torch.zeros(size), torch.ones(size))
    assert value.shape == ()
    assert bool(torch.isfinite(value))


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8, torch.bool])
@pytest.mark.parametrize("real", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("name", LOSSES)
def test_integers_and_bools_are_targets_of_the_logits_dtype(
    name: str, real: torch.dtype, dtype: torch.dtype
) -> None:
    logits = torch.randn(16, generator=generator(0)).to(real)
    targets = torch.arange(16) % 4 == 0
    value = LOSSES[name](logits, targets.to(dtype))
    assert torch.equal(value, LOSSES[name](logits, targets.to(real)))


@pytest.mark.parametrize("name", sorted({*LOSSES} - HARD))
def test_targets_of_another_float_dtype_stay_as_exact_as_they_are(name: str) -> None:
    """Soft labels in float32 are not rounded to logits in bfloat16."""
    logits = torch.randn(16, generator=generator(0)).bfloat16()
    targets = torch.rand(16, generator=generator(1))
    assert LOSSES[name](logits, targets).dtype == torch.float32


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.complex64])
@pytest.mark.parametrize("name", LOSSES)
def test_logits_that_are_not_floating_point_are_refused(name: str, dtype: torch.dtype) -> None:
    with pytest.raises(ValueError, match=rf"of a floating-point dtype, not {dtype}: give the"):
        LOSSES[name](torch.ones(8).to(dtype), torch.ones(8))


@pytest.mark.parametrize("name", LOSSES)
def test_what_is_not_a_real_tensor_is_refused(name: str) -> None:
    ones: Any = [1.0]
    with pytest.raises(
        ValueError, match=r"targets must be real numbers in .*, not torch.complex64"
    ):
        LOSSES[name](torch.ones(1), torch.ones(1, dtype=torch.complex64))
    with pytest.raises(ValueError, match="targets must be a tensor, not list"):
        LOSSES[name](torch.ones(1), ones)
    with pytest.raises(ValueError, match=r"(logits|scores) must be a tensor, not list"):
        LOSSES[name](ones, torch.ones(1))


@pytest.mark.parametrize("which", ["a", "b", "alpha"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_a_b_or_alpha_for_each_image_is_refused(name: str, which: str) -> None:
    scores, targets = torch.rand(8), torch.ones(8)
    for wrong, found in ((torch.zeros(8), r"\(8,\)"), (torch.zeros(1), r"\(1,\)"), (0.5, "0.5")):
        with pytest.raises(ValueError, match=f"^{which} must be a 0-dim tensor, not {found}: give"):
            FUNCTIONS[name](scores, targets, **{which: wrong})


ONES = torch.ones(4)

PRIORS = [0, 1, 0.0, 1.0, 1.5, -0.1, float("nan"), True, "dataset", np.array([0.1])]
SHARES = [1, 1.0, -0.1, float("nan"), "0", None]
POSITIVE = [0.0, -1, -0.1, float("nan"), float("inf"), "1", None]
NOT_NEGATIVE = [-1, -0.1, float("nan"), float("inf"), "1", None]

PLAIN: dict[str, Any] = {"positive": 1.0, "negative": 1.0, "smoothing": 0.0}

NUMBERS: list[tuple[str, str, list[Any], Callable[[Any], object]]] = [
    ("prior", "in (0, 1)", PRIORS, lambda x: AUCMarginLoss(x)),
    ("prior", "in (0, 1)", PRIORS, lambda x: AUCSquareLoss(x)),
    ("margin", "above 0", POSITIVE, lambda x: AUCMarginLoss(0.1, x)),
    ("margin", "above 0", POSITIVE, lambda x: PriorFreeAUCMarginLoss(x)),
    ("margin", "above 0", POSITIVE, lambda x: AUCMixupLoss(x)),
    ("alpha", "in (0, 1)", PRIORS, lambda x: FocalLoss(x)),
    ("gamma", "at least 0", NOT_NEGATIVE, lambda x: FocalLoss(0.25, x)),
    ("prior", "in (0, 1)", PRIORS, lambda x: WeightedCELoss(x)),
    ("balance", "at least 0", NOT_NEGATIVE, lambda x: class_weights(0.1, x)),
    ("smoothing", "in [0, 1)", SHARES, lambda x: WeightedCELoss(0.1, 0.0, x)),
    *(
        (key, rule, values, lambda x, key=key: weighted_ce_loss(ONES, ONES, **{**PLAIN, key: x}))
        for key, rule, values in (
            ("positive", "at least 0", NOT_NEGATIVE),
            ("negative", "at least 0", NOT_NEGATIVE),
            ("smoothing", "in [0, 1)", SHARES),
        )
    ),
    ("ce_weight", "at least 0", NOT_NEGATIVE, lambda x: AUCPlusCELoss(AUCMarginLoss(0.1), x)),
    *(
        ("prior", "in (0, 1)", PRIORS, lambda x, f=FUNCTIONS[name]: f(ONES, ONES, prior=x))
        for name in ("auc_margin_loss", "auc_square_loss")
    ),
    *(
        ("margin", "above 0", POSITIVE, lambda x, f=FUNCTIONS[name]: f(ONES, ONES, margin=x))
        for name in ("auc_margin_loss", "prior_free_auc_margin_loss", "auc_mixup_loss")
    ),
    ("alpha", "in (0, 1)", PRIORS, lambda x: focal_loss(ONES, ONES, alpha=x, gamma=2.0)),
    ("gamma", "at least 0", NOT_NEGATIVE, lambda x: focal_loss(ONES, ONES, alpha=0.5, gamma=x)),
]


@pytest.mark.parametrize(
    ("name", "rule", "value", "call"),
    [(name, rule, value, call) for name, rule, values, call in NUMBERS for value in values],
)
def test_numbers_out_of_range_are_refused(
    name: str, rule: str, value: Any, call: Callable[[Any], object]
) -> None:
    with pytest.raises(ValueError) as caught:
        call(value)
    assert str(caught.value).startswith(f"{name} must be a finite number {rule}, not {value!r}")


def test_a_prior_that_is_refused_says_what_none_means() -> None:
    with pytest.raises(ValueError, match=r"not 1.5: None takes the share of positives in each b"):
        AUCMarginLoss(1.5)


@pytest.mark.parametrize("kind", [float, np.float32, np.float64, torch.tensor])
def test_numbers_of_any_kind_are_taken(kind: Callable[[float], Any]) -> None:
    logits, targets = torch.randn(16, generator=generator(0)), torch.arange(16) % 4 == 0
    for exact, given in (
        (AUCMarginLoss(0.25, 0.5), AUCMarginLoss(kind(0.25), kind(0.5))),
        (FocalLoss(0.25, 2.0), FocalLoss(kind(0.25), kind(2.0))),
        (AUCPlusCELoss(AUCMarginLoss(0.25), 0.5), AUCPlusCELoss(AUCMarginLoss(0.25), kind(0.5))),
    ):
        assert torch.equal(exact(logits, targets), given(logits, targets))


def test_a_tensor_as_a_number_must_be_one_number() -> None:
    with pytest.raises(ValueError, match=r"margin must be a 0-dim tensor, not \(8,\)"):
        PriorFreeAUCMarginLoss(torch.ones(8))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"alpha must be a 0-dim tensor, not \(8, 1\)"):
        focal_loss(torch.ones(8), torch.ones(8), alpha=torch.ones(8, 1), gamma=2.0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.int64])
@pytest.mark.parametrize("name", LOSSES)
def test_nothing_is_read_of_the_device(name: str, dtype: torch.dtype) -> None:
    """So that values, such as targets of -1, are not looked at here."""
    logits = torch.randn(8, requires_grad=True)
    targets = (torch.arange(8) % 2).to(dtype)
    with no_host_reads():
        LOSSES[name](logits, targets).backward()
    assert LOSSES[name](logits, 2 * targets - 1).shape == ()


class Own(AUCLoss):
    """A user's own, which checks nothing."""

    def objective(self, scores: Tensor, targets: Tensor) -> Tensor:
        return (self.a * self.b * self.alpha * scores * targets).mean()


@pytest.mark.parametrize("inner", ["moves", "looks_ahead", "exact"])
def test_an_auc_loss_of_ones_own_is_looked_after_too(inner: str) -> None:
    column, first = batch(generator(0)), batch(generator(0))
    column = column._replace(targets=column.targets[:, None])
    with pytest.raises(ValueError, match=r"not \(16,\) and \(16, 1\)"):
        Own()(torch.zeros(16), column.targets)
    with pytest.raises(ValueError, match=r"not \(16,\) and \(16, 1\)"):
        PDSCA(model(), Own(), inner=inner).step(first, column)


@pytest.mark.parametrize("inner", ["moves", "looks_ahead", "exact"])
def test_pdsca_takes_integer_targets(inner: str) -> None:
    weights = []
    for dtype in (torch.float32, torch.int64):
        network, loss = model(), AUCMarginLoss(0.25)
        optimizer = PDSCA(network, loss, inner=inner)
        for _ in range(3):
            images, targets = batch(generator(0))
            optimizer.step((images, targets.to(dtype)), (images, targets.to(dtype)))
        weights.append(torch.cat([each.flatten() for each in network.parameters()]))
    assert torch.equal(*weights)
