"""PESG and PDSCA as users of torch's optimizers treat them: schedulers, groups, written numbers."""

import copy

import pytest
import torch
from torch import Tensor
from torch.optim import SGD

from tests.trainables.tiny import batch, generator, model
from trainables.losses.auc_margin import AUCMarginLoss
from trainables.optimizers.pdsca import PDSCA
from trainables.optimizers.pesg import PESG
from trainables.optimizers.proximal import ProximalOptimizer, divide_lr


class Trial:
    """One of the two optimizers on the tiny model, in float64."""

    def __init__(self, name: str) -> None:
        self.model, self.loss = model().double(), AUCMarginLoss(0.25).double()
        self.draw = generator(0)
        self.optimizer: ProximalOptimizer
        if name == "PESG":
            params = [*self.model.parameters(), self.loss.a, self.loss.b]
            self.optimizer = PESG(params, [self.loss.alpha], lr=0.1)
        else:
            self.optimizer = PDSCA(self.model, self.loss, inner=name, dual_lr=0.2)

    def batch(self) -> tuple[Tensor, Tensor]:
        images, targets = batch(self.draw)
        return images.double(), targets.double()

    def step(self) -> None:
        if isinstance(self.optimizer, PDSCA):
            self.optimizer.step(self.batch(), self.batch())
            return
        self.optimizer.zero_grad()
        images, targets = self.batch()
        self.loss(self.model(images), targets).backward()
        self.optimizer.step()

    def values(self) -> Tensor:
        every = [*self.model.parameters(), self.loss.a, self.loss.b, self.loss.alpha]
        return torch.cat([each.detach().flatten() for each in every])


NAMES = ["PESG", "moves", "looks_ahead", "exact"]


@pytest.mark.parametrize("factor", [0, 0.0, -1, -10.0, float("nan"), float("inf")])
@pytest.mark.parametrize("name", NAMES)
def test_a_factor_that_is_not_above_0_is_refused(name: str, factor: float) -> None:
    trial = Trial(name)
    trial.step()
    before = copy.deepcopy(trial.optimizer.state_dict())
    with pytest.raises(ValueError, match=f"factor must be a finite number above 0, not {factor}"):
        trial.optimizer.decay(factor)
    torch.testing.assert_close(trial.optimizer.state_dict(), before, rtol=0, atol=0)
    sgd = SGD(trial.model.parameters(), lr=torch.tensor(0.1))
    with pytest.raises(ValueError, match="factor must be"):
        divide_lr(sgd, factor)
