"""Terms of the Taylor expansion: against an inner step of torch's SGD, and to second order."""

import copy
from typing import Any

import pytest
import torch

from tests.trainables.test_loop import config
from tests.trainables.tiny import batch, generator, model
from trainables.loop import TrainingRun
from trainables.losses.auc_margin import AUCMarginLoss
from trainables.losses.ce import ce_loss
from trainables.methods import METHODS
from trainables.optimizers.taylor import taylor_terms

NAMES = {"taylor_outer", "taylor_inner", "taylor_rest"}


@pytest.fixture
def parts() -> tuple[Any, ...]:
    """(network, outer loss, images, targets) in float64, at no stationary point."""
    outer = AUCMarginLoss(prior=0.25).double()
    with torch.no_grad():
        for each, value in zip((outer.a, outer.b, outer.alpha), (0.6, 0.3, 0.5), strict=True):
            each.fill_(value)
    images, targets = batch(generator(3))
    return model().double().eval(), outer, images.double(), targets.double()


def test_the_terms_are_those_of_one_step_of_sgd(parts: tuple[Any, ...]) -> None:
    network, outer, images, targets = parts
    before = copy.deepcopy(network.state_dict())
    terms = taylor_terms(network, outer, ce_loss, 0.3, images, targets)
    assert set(terms) == NAMES
    assert all(torch.equal(before[name], each) for name, each in network.state_dict().items())
    assert all(each.grad is None for each in (*network.parameters(), *outer.parameters()))

    stepped = copy.deepcopy(network)
    optimizer = torch.optim.SGD(stepped.parameters(), lr=0.3)
    ce_loss(stepped(images), targets).backward()
    optimizer.step()
    assert terms["taylor_outer"] == pytest.approx(float(outer(network(images), targets).detach()))
    after = terms["taylor_outer"] - terms["taylor_inner"] + terms["taylor_rest"]
    assert after == pytest.approx(float(outer(stepped(images), targets).detach()), abs=1e-14)


def test_the_rest_vanishes_quadratically(parts: tuple[Any, ...]) -> None:
    network, outer, images, targets = parts
    rates = [1e-2, 1e-3, 1e-4]
    terms = [taylor_terms(network, outer, ce_loss, rate, images, targets) for rate in rates]
    rests = [each["taylor_rest"] for each in terms]
    assert abs(rests[0]) > 1e-9
    for i in (0, 1):
        assert rests[i] / rests[i + 1] == pytest.approx(100, rel=0.05)
        assert terms[i]["taylor_inner"] / terms[i + 1]["taylor_inner"] == pytest.approx(10)


@pytest.mark.parametrize("method", [name for name in METHODS if name.startswith("ct_")])
def test_training_does_not_notice(method: str) -> None:
    """The same curve and the same weights, bit for bit; a run that is loaded goes on with it."""
    fields: dict[str, Any] = {"method": method, "epochs": 3, "intervals": 3}
    without = TrainingRun(config(**fields, params={}))
    run = TrainingRun(config(**fields, params={"taylor_terms": True}))
    while not run.finished:
        plain, figures = without.train_interval(), run.train_interval()
        assert set(figures) == {*plain, *NAMES}
        assert all(figures[key] == plain[key] for key in plain if key != "seconds")
        if run.interval == 2:
            state = copy.deepcopy(run.state_dict())
    for mine, theirs in zip(run._model.parameters(), without._model.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    again = TrainingRun(config(**fields, params={"taylor_terms": True}))
    again.load_state_dict(state)
    last = again.train_interval()
    assert all(last[name] == figures[name] for name in NAMES)
