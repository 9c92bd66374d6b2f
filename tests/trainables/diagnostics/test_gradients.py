"""The gradient's norm, against its closed form and against what training leaves in ``grad``."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.trainables import tiny
from trainables.diagnostics.gradients import gradient_norm
from trainables.models.classifier import FEATURES, BinaryClassifier
from trainables.recipe import Batch


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_of_a_linear_network_it_has_a_closed_form(label: float) -> None:
    """With f = w x + b the gradient of the mean CE is the mean of (sigmoid(f) - y) (x, 1)."""
    network = BinaryClassifier(nn.Flatten(), nn.Linear(6, 1)).double()
    images = torch.randn(9, 1, 2, 3, generator=tiny.generator(0)).double()
    x = images.flatten(1).numpy()
    w, b = (each.detach().numpy() for each in (network.head.weight[0], network.head.bias))
    slope = 1 / (1 + np.exp(-(x @ w + b))) - label
    expected = np.linalg.norm([*(slope[:, None] * x).mean(0), slope.mean()])
    batch = Batch(images, torch.full((9,), label, dtype=torch.float64))
    assert gradient_norm(network, batch) == pytest.approx(expected, rel=1e-12)


def test_of_a_network_it_is_that_of_a_backward_pass_and_leaves_all_as_it_was() -> None:
    network = tiny.model().eval()
    batch = tiny.batch(tiny.generator(1), positives=16)
    before = {name: each.clone() for name, each in network.state_dict().items()}
    found = gradient_norm(network, batch)
    assert all(each.grad is None for each in network.parameters())
    assert all(torch.equal(each, before[name]) for name, each in network.state_dict().items())
    loss = nn.functional.binary_cross_entropy_with_logits(network(batch.images), batch.targets)
    loss.backward()
    every = torch.cat([each.grad.flatten() for each in network.parameters()])  # type: ignore[union-attr]
    assert found == pytest.approx(float(every.norm()), rel=1e-6)


def test_what_is_frozen_is_left_out() -> None:
    network = tiny.model().eval()
    batch = tiny.batch(tiny.generator(1), positives=0)
    whole = gradient_norm(network, batch)
    network.freeze(FEATURES)
    head = gradient_norm(network, batch)
    assert 0 < head < whole
