"""Where the papers and LibAUC 2.0.1, the authors' library, agree: equal numbers.

Runs where libauc is installed (``pip install --no-deps libauc==2.0.1``). Where they differ, the
papers' definition is the one that the other tests hold.
"""

import pytest
import torch
from torch import Tensor

from tests.trainables.tiny import batch, generator, model
from trainables.losses.auc_margin import AUCMarginLoss
from trainables.losses.ce import ce_loss
from trainables.optimizers.pdsca import PDSCA
from trainables.optimizers.pesg import PESG

libauc_losses = pytest.importorskip("libauc.losses.auc")
libauc_pdsca = pytest.importorskip("libauc.optimizers.pdsca")
libauc_pesg = pytest.importorskip("libauc.optimizers.pesg")


def flat(tensors: list[Tensor]) -> Tensor:
    return torch.cat([each.detach().flatten() for each in tensors])


@pytest.mark.parametrize("margin", [0.3, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_auc_m_has_their_value_and_gradients(seed: int, margin: float) -> None:
    """Given the same a, b, alpha and p, which they always take from the batch."""
    targets = batch(generator(seed)).targets
    scores = torch.rand(16, generator=generator(seed + 9))
    mine, theirs = AUCMarginLoss(None, margin, "raw"), libauc_losses.AUCMLoss(margin, device="cpu")
    for name, value in {"a": 0.7, "b": 0.2, "alpha": 0.4}.items():
        torch.nn.init.constant_(getattr(mine, name), value)
        torch.nn.init.constant_(getattr(theirs, name), value)
    left, right = (scores.clone().requires_grad_() for _ in range(2))
    my_value, their_value = mine(left, targets), theirs(right, targets)
    torch.testing.assert_close(my_value, their_value.squeeze())
    my_value.backward()
    their_value.backward()
    for mine_, theirs_ in (
        (left, right),
        (mine.a, theirs.a),
        (mine.b, theirs.b),
        (mine.alpha, theirs.alpha),
    ):
        assert mine_.grad is not None
        assert theirs_.grad is not None
        torch.testing.assert_close(mine_.grad.view(-1), theirs_.grad.view(-1))


def test_their_momentum_is_the_weight_of_the_new_gradient() -> None:
    """Their momentum 0.9 is ours of 0.1; their clip of 1 is ours."""
    mine, theirs = model(), model()
    ours = PESG(
        mine.parameters(), lr=0.1, epoch_decay=0, weight_decay=0.01, momentum=0.1, clip=0.05
    )
    other = libauc_pesg.PESG(
        theirs.parameters(),
        loss_fn=None,
        lr=0.1,
        epoch_decay=0,
        weight_decay=0.01,
        momentum=0.9,
        clip_value=0.05,
        device="cpu",
    )
    draw = generator(0)
    for _ in range(6):
        images, targets = batch(draw)
        for network, optimizer in ((mine, ours), (theirs, other)):
            optimizer.zero_grad()
            ce_loss(network(images), targets).backward()
            optimizer.step()
    torch.testing.assert_close(flat(list(mine.parameters())), flat(list(theirs.parameters())))


@pytest.mark.parametrize("start", ["v_0", "theirs"])
def test_steps_in_v_agree_from_the_same_reference(start: str) -> None:
    """Their alpha moves by a rule of its own, so it is set to ours after every step."""
    mine, theirs = model(), model()
    loss, other_loss = AUCMarginLoss(None, 0.7), libauc_losses.AUCMLoss(0.7, device="cpu")
    other = libauc_pesg.PESG(
        theirs.parameters(),
        loss_fn=other_loss,
        lr=0.1,
        epoch_decay=0.02,
        weight_decay=1e-4,
        momentum=0,
        clip_value=1e9,
        verbose=False,
        device="cpu",
    )
    if start == "v_0":
        for reference, value in zip(other.model_ref, other.param_groups[0]["params"], strict=True):
            reference.copy_(value.detach())
    else:  # normal draws near zero
        assert 0.005 < float(flat(other.model_ref).std()) < 0.015
    given = iter(other.model_ref)
    ours = PESG(
        [*mine.parameters(), loss.a, loss.b],
        [loss.alpha],
        lr=0.1,
        epoch_decay=0.02,
        reference=None if start == "v_0" else lambda each: next(given).clone().view_as(each),
    )
    draw = generator(0)
    for step in range(9):
        if step == 5:
            ours.decay()
            other.update_regularizer(decay_factor=10)
        images, targets = batch(draw)
        ours.zero_grad()
        loss(mine(images), targets).backward()
        ours.step()
        other.zero_grad()
        other_loss(theirs(images).sigmoid(), targets).backward()
        other.step()
        other_loss.alpha.data.fill_(loss.alpha.item())
        torch.testing.assert_close(
            flat([*mine.parameters(), loss.a, loss.b]),
            flat([*theirs.parameters(), other_loss.a, other_loss.b]),
        )


def test_compositional_training_that_moves_w_is_their_alternation() -> None:
    """Their fault mended (alpha's gradient is cleared) and alpha set to ours after every step.

    beta0 is 1, since their average of the points starts at the first one and ours at w_0.
    """
    mine, theirs = model(), model()
    loss, other_loss = AUCMarginLoss(None, 0.7), libauc_losses.CompositionalAUCLoss(0.7, 1, "v1")
    ours = PDSCA(
        mine,
        loss,
        lr=0.2,
        inner_lr=0.3,
        beta0=1.0,
        beta1=0.6,
        epoch_decay=0.0,
        weight_decay=0.0,
    )
    other = libauc_pdsca.PDSCA(
        theirs.parameters(),
        loss_fn=other_loss,
        lr=0.2,
        lr0=0.3,
        beta1=1.0,
        beta2=0.6,
        clip_value=1e9,
        epoch_decay=0.0,
        weight_decay=0.0,
        verbose=False,
        device="cpu",
    )
    draw = generator(0)
    for step in range(9):
        if step == 5:
            ours.decay()
            other.update_lr(decay_factor=10, decay_factor0=10)
        first, second = batch(draw), batch(draw)
        ours.step(first, second)
        for images, targets in (first, second):
            other.zero_grad()
            other_loss.alpha.grad = None
            other_loss(theirs(images).sigmoid(), targets).backward()
            other.step()
        other_loss.alpha.data.fill_(loss.alpha.item())
        torch.testing.assert_close(
            flat([*mine.parameters(), loss.a, loss.b]),
            flat([*theirs.parameters(), other_loss.a, other_loss.b]),
        )
        for name in ("running_mean", "running_var"):
            torch.testing.assert_close(
                mine.get_buffer(f"features.2.{name}"), theirs.get_buffer(f"features.2.{name}")
            )
