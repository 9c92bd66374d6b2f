"""AUC-M against MONAI's AUCMLoss, where MONAI is installed: both of its versions are right.

Its v1 takes the share of positives that it is told (or the batch's), its v2 divides by the class
counts, where libauc 2.0.1 misplaces a parenthesis. Both read the values of the host and know hard
labels alone.
"""

import pytest
import torch

from tests.trainables.tiny import generator
from trainables.losses.auc import AUCLoss
from trainables.losses.auc_margin import AUCMarginLoss, PriorFreeAUCMarginLoss

monai_losses = pytest.importorskip("monai.losses")

MARGIN = 0.7

OURS: dict[str, tuple[AUCLoss, dict[str, object]]] = {
    "prior of the training set": (AUCMarginLoss(0.1, MARGIN, "raw"), {"imratio": 0.1}),
    "prior of the batch": (AUCMarginLoss(None, MARGIN, "raw"), {}),
    "prior-free": (PriorFreeAUCMarginLoss(MARGIN, "raw"), {"version": "v2"}),
}


# Of a batch that lacks a class the prior-free forms differ: ours keeps the terms that it has.
CASES = [
    (form, positives)
    for form in OURS
    for positives in (0, 1, 9, 32)
    if form != "prior-free" or 0 < positives < 32
]


@pytest.mark.parametrize(("form", "positives"), CASES)
def test_values_and_gradients_are_those_of_monai(form: str, positives: int) -> None:
    ours, options = OURS[form]
    theirs = monai_losses.AUCMLoss(margin=MARGIN, **options).double()
    ours = ours.double()
    with torch.no_grad():
        for name, value in {"a": 0.3, "b": -0.2, "alpha": 0.9}.items():
            for each in (ours, theirs):
                getattr(each, name).fill_(value)
    targets = (torch.arange(32) < positives).double()
    scores = torch.rand(32, dtype=torch.float64, generator=generator(0))
    found = []
    for loss, shape in ((ours, (32,)), (theirs, (32, 1))):
        given = scores.clone().view(shape).requires_grad_()
        value = loss(given, targets.view(shape))
        slopes = torch.autograd.grad(value, [given, loss.a, loss.b, loss.alpha])
        found.append([value, *(each.flatten() for each in slopes)])
    for mine, other in zip(*found, strict=True):
        torch.testing.assert_close(mine.view(-1), other.view(-1), rtol=1e-6, atol=1e-8)
