"""The examples in the docstrings of the parts run as they stand."""

import doctest
from types import ModuleType

import pytest
import torch

from trainables.losses import auc_margin
from trainables.optimizers import pdsca, pesg


@pytest.mark.parametrize("module", [auc_margin, pesg, pdsca], ids=lambda module: module.__name__)
def test_the_examples_run(module: ModuleType) -> None:
    with torch.random.fork_rng(devices=[]):
        result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0
