"""The imbalance-aware methods and those with a state an image, in a recipe and in the loop."""

from typing import Any

import pytest
import torch

from tests.trainables.test_loop import config
from tests.trainables.tiny import IMAGES, STEPS, TinyTrial
from trainables.loop import TrainingRun
from trainables.losses.class_balanced import effective_weights
from trainables.methods import METHODS


def trained(name: str, steps: int = STEPS, **values: Any) -> torch.Tensor:
    trial = TinyTrial(METHODS[name](**values))
    trial.train(steps)
    return trial.weights()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("weighted_ce", {"class_beta": 0}),
        ("ldam_drw", {"max_margin": 0, "reweight_from": 1}),
        ("vector_scaling", {"vs_gamma": 0, "tau": 0}),
        ("asymmetric", {"gamma_negative": 0, "gamma_positive": 0, "probability_shift": 0}),
    ],
)
def test_without_their_own_they_are_ce(name: str, values: dict[str, Any]) -> None:
    torch.testing.assert_close(trained(name, **values), trained("ce"), rtol=1e-4, atol=1e-5)
    assert not torch.allclose(trained(name), trained("ce"), rtol=1e-3, atol=1e-3)


def test_ldam_s_weights_come_late_and_are_those_of_weighted_ce() -> None:
    """From step 10 of 12 on; there they are 1 on average, here 2 together."""
    assert torch.equal(trained("ldam_drw", 10), trained("ldam_drw", 10, reweight_from=1))
    assert not torch.equal(trained("ldam_drw", 11), trained("ldam_drw", 11, reweight_from=1))
    plain: dict[str, Any] = {"class_beta": 0.99, "weight_decay": 0}
    always = trained("ldam_drw", max_margin=0, reweight_from=0, **plain)
    positive, negative = effective_weights(0.25, IMAGES, 0.99)
    rate = 0.1 / float(0.25 * positive + 0.75 * negative)
    alike = trained("weighted_ce", lr=rate, **plain)
    torch.testing.assert_close(always, alike, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("rate", [None, 0.25])
def test_states_are_those_of_the_training_set_s_positives(rate: float | None) -> None:
    """After two epochs every positive has moved, and no negative."""
    chosen = config(method="soap", params={}, model="mlp", positive_rate=rate, epochs=2)
    run = TrainingRun(chosen)
    targets = run._task.train_targets
    for _ in range(run.steps):
        run.train_step()
    found = run.state_dict()["recipe"]["update"]["loss"]["among_all"]
    assert found.shape == (len(targets), 1)
    assert torch.equal(found.squeeze(1) > 0, targets == 1)
