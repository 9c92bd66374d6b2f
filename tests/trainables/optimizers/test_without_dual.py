"""PDSCA on an outer loss without a, b and alpha, against one whose a, b and alpha do nothing."""

import pytest
import torch
from torch import Tensor, nn

from tests.trainables.tiny import generator, model, of_classes
from trainables.losses.auc import AUCLoss
from trainables.losses.softmax import SoftmaxCELoss, softmax_ce
from trainables.optimizers.pdsca import INNER, PDSCA

WEIGHTS = torch.tensor([0.2, 0.6, 2.2])


class Idle(AUCLoss):
    """The same loss as an AUC loss."""

    def objective(self, scores: Tensor, targets: Tensor) -> Tensor:
        nothing = 0 * (self.a + self.b + self.alpha).sum()
        return softmax_ce(scores, targets, WEIGHTS) + nothing


def trained(inner: str, loss: nn.Module, same_batch: bool) -> tuple[PDSCA, list[Tensor]]:
    network, draw = model(labels=3), generator(1)
    optimizer = PDSCA(network, loss, softmax_ce, inner=inner, lr=0.3, inner_steps=2, beta1=0.7)
    for step in range(8):
        if step == 5:
            optimizer.decay()
        first, second = of_classes(draw), of_classes(draw)
        optimizer.step(first, None if same_batch else second)
    return optimizer, [each.detach() for each in network.state_dict().values()]


@pytest.mark.parametrize("same_batch", [False, True])
@pytest.mark.parametrize("inner", INNER)
def test_the_weights_go_the_same_way(inner: str, same_batch: bool) -> None:
    optimizer, found = trained(inner, SoftmaxCELoss(WEIGHTS), same_batch)
    other, wanted = trained(inner, Idle("raw", labels=3), same_batch)
    # A pass for dF/dalpha, which falls away, moves a point's BatchNorm statistics and no weight.
    for ours, theirs in zip(found, wanted, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    assert optimizer.param_groups[1]["params"] == []
    assert len(other.param_groups[0]["params"]) == len(optimizer.param_groups[0]["params"]) + 2
    assert bool(torch.isfinite(torch.cat([each.flatten().float() for each in found])).all())
