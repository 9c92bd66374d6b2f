"""Methods with a mix: what all must keep, and who takes which."""

import math
from dataclasses import fields
from typing import Any

import pytest
import torch

from tests.trainables.tiny import STEPS, TinyTrial
from trainables.batches.mixes import MIXES
from trainables.errors import DataError
from trainables.hyperparameters import hyperparameters
from trainables.losses.auc_margin import auc_margin_loss, prior_free_auc_margin_loss
from trainables.losses.auc_mixup import auc_mixup_loss
from trainables.methods import METHODS

CPU = torch.device("cpu")
MIXING = [name for name, method in METHODS.items() if "mix" in hyperparameters(method)]
INSIDE, BESIDE = "manifold", "balanced_mixup"
CASES: list[tuple[str, dict[str, Any]]] = [
    *(("ce", {"mix": mix}) for mix in MIXES if mix != "none"),
    *(("auc_m", {"mix": mix}) for mix in MIXES if mix != "none"),
    *(
        ("ct_auc", {"mix": mix, "inner": "looks_ahead", "inner_steps": 2})
        for mix in MIXES
        if mix != "none"
    ),
    ("ct_auc", {"mix": INSIDE, "inner": "moves", "inner_steps": 2}),
    ("ct_mixup", {"mix": INSIDE, "inner": "exact"}),
    ("ct_mixup", {"mix": BESIDE, "same_batch": True}),
    ("auc_mixup", {"mix": "cutmix"}),
    ("ce_mixup", {"mix": "none"}),
    ("ce_tuned", {"mix": BESIDE, "cutout": 0.5}),
    ("two_stage", {"mix": INSIDE, "pretrain_share": 0.5, "pretrain_optimizer": "adam"}),
    ("ts_dec", {"mix": INSIDE, "head_share": 0.5}),
]
"""Every mix with each base, and the hardest with each kind of stages and of inner steps."""


def test_methods_of_soft_labels_take_a_mix_and_others_do_not() -> None:
    assert set(MIXING) == {name for name, method in METHODS.items() if method.SOFT}
    for name in MIXING:
        mixed = name.endswith("_mixup")
        assert METHODS[name]().mix == ("mixup" if mixed else "none")  # type: ignore[attr-defined]


@pytest.mark.parametrize(("name", "params"), CASES)
def test_it_trains_otherwise_and_goes_on_bit_for_bit(name: str, params: dict[str, Any]) -> None:
    method, stop = METHODS[name](**params), 7
    through = TinyTrial(method)
    losses = through.train(STEPS)
    assert all(math.isfinite(loss) for loss in losses)
    plain = TinyTrial(METHODS[name](**{k: v for k, v in params.items() if k != "mix"}))
    assert plain.train(STEPS) != losses

    first, second = TinyTrial(method), TinyTrial(method, seed=5)
    first.train(stop)
    second.train(2)  # its own past must leave no trace
    second.go_on_from(first)
    assert second.train(STEPS - stop, done=stop) == losses[stop:]
    assert torch.equal(second.weights(), through.weights())
    assert second.recipe.gradient_evaluations == plain.recipe.gradient_evaluations


@pytest.mark.parametrize(("name", "params"), CASES)
def test_a_step_reads_nothing_of_the_host_and_leaves_its_state_in_its_place(
    name: str, params: dict[str, Any]
) -> None:
    method = METHODS[name](**params)
    trial = TinyTrial(method, labels=1 if method.wants_partners else 3)
    for stage in range(len(trial.recipe._stages)):
        trial.recipe._enter(stage)
        assert trial.out_of_place() is None


def test_a_mix_that_a_method_cannot_take_is_refused_in_a_sentence() -> None:
    ce = METHODS["ce"]
    ce(mix="balanced_mixup").refuse_labels(1)  # type: ignore[call-arg]
    with pytest.raises(DataError, match=r"^mix balanced_mixup draws .* two classes, .* 3 labels"):
        ce(mix="balanced_mixup").refuse_labels(3)  # type: ignore[call-arg]
    with pytest.raises(DataError, match=r"two classes, and this task has 3 \(long_tail\): take an"):
        ce(mix="balanced_mixup").refuse_labels(3, classes=True)  # type: ignore[call-arg]
    ce(mix="remix").refuse_labels(3, classes=True)  # type: ignore[call-arg]
    for mix, refused in {"cutmix": (1, 2), "ricap": (1, 2, 4), "manifold": ()}.items():
        for axes in (1, 2, 3, 4):
            method = ce(mix=mix)  # type: ignore[call-arg]
            if axes not in refused:
                method.refuse_images(axes)
                continue
            with pytest.raises(DataError, match=f"^mix {mix} cuts images .*: take one of mixup, "):
                method.refuse_images(axes)


def test_the_share_that_losses_meet_is_that_of_the_mix() -> None:
    ce = METHODS["ce"]
    shares = {mix: ce(mix=mix).share_met(0.1) for mix in MIXES}  # type: ignore[call-arg]
    assert {mix for mix, share in shares.items() if share == 0.1} == {
        "none",
        "mixup",
        "cutmix",
        "ricap",
        "manifold",
    }
    assert shares["balanced_mixup"] == pytest.approx(0.3)
    assert shares["remix"] == pytest.approx(0.1225)


def test_only_mixed_layers_are_not_compiled() -> None:
    for name in MIXING:
        for mix in MIXES:
            method = METHODS[name](mix=mix)  # type: ignore[call-arg]
            assert method.compilable == (mix != "manifold")


@pytest.mark.parametrize("margin", [0.3, 1.0])
def test_auc_m_of_soft_labels_is_that_of_soft_class_means(margin: float) -> None:
    """With p the mean label the prior form is p (1 - p) times AUC-mixup, the prior-free form it."""
    draw = torch.Generator().manual_seed(0)
    scores, targets = torch.rand(2, 50, generator=draw, dtype=torch.float64)
    a, b, alpha = torch.rand(3, generator=draw, dtype=torch.float64)
    p = float(targets.mean())
    ours = auc_margin_loss(scores, targets, a, b, alpha, margin=margin, prior=p)
    free = prior_free_auc_margin_loss(scores, targets, a, b, alpha, margin=margin)
    positive, negative = float(targets.sum()), float((1 - targets).sum())
    loops = {"a": 0.0, "b": 0.0, "+": 0.0, "-": 0.0}
    for h, t in zip(scores.tolist(), targets.tolist(), strict=True):
        loops["a"] += t * (h - float(a)) ** 2 / positive
        loops["b"] += (1 - t) * (h - float(b)) ** 2 / negative
        loops["+"] += t * h / positive
        loops["-"] += (1 - t) * h / negative
    gap = margin + loops["-"] - loops["+"]
    expected = loops["a"] + loops["b"] + 2 * float(alpha) * gap - float(alpha) ** 2
    assert float(ours) == pytest.approx(p * (1 - p) * expected, rel=1e-12)
    assert float(free) == pytest.approx(expected, rel=1e-12)
    mixup = auc_mixup_loss(scores, targets, a, b, alpha, margin=margin)
    assert float(mixup) == pytest.approx(expected, rel=1e-12)


def test_every_field_is_said_once() -> None:
    """A base's field that a method places anew is no second one."""
    for method in METHODS.values():
        names = [each.name for each in fields(method)]
        assert sorted(names) == sorted(hyperparameters(method))
