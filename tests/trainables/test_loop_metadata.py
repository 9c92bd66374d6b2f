"""Metadata in the loop: with their images in every batch, and as they were read in predictions."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from tests.trainables import metadata
from trainables.config import TrialConfig
from trainables.datasets.cache import task_on_device
from trainables.loop import TrainingRun
from trainables.recipe import Batch


@pytest.mark.parametrize("method", ["ce", "ct_mixup"])
def test_every_batch_carries_the_columns_of_its_images(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = TrialConfig(
        method=method,
        dataset="tests.trainables.metadata:read",
        model="mlp",
        imratio=0.3,
        epochs=1,
        batch_size=16,
        intervals=1,
        data_root="data",
        data_seed=1,
        init_seed=2,
        order_seed=3,
    )
    run = TrainingRun(config)
    task = task_on_device(
        config.dataset, "data", False, config.imratio, config.data_seed, "before", "cpu"
    )
    assert task.train_metadata is not None
    assert task.columns == ("age", "age missing", "sex: female", "sex: male", "sex missing")
    step, seen = run._recipe.update.step, list[bool]()

    def watched(batches: Sequence[Batch]) -> Any:
        assert task.train_metadata is not None
        for each in batches:
            assert each.indices is not None
            assert each.metadata is not None
            assert each.metadata.dtype == torch.float32
            seen.append(torch.equal(each.metadata, task.train_metadata[each.indices]))
            seen.append(torch.equal(each.targets, task.train_targets[each.indices]))
        return step(batches)

    monkeypatch.setattr(run._recipe.update, "step", watched)
    run.train_interval()
    assert len(seen) >= 2 * run.steps
    assert all(seen)
    tested, source = run.test(), metadata.read(None, False)  # type: ignore[arg-type]
    assert source.test_metadata is not None
    for name, column in source.test_metadata.columns.items():
        np.testing.assert_array_equal(tested[f"metadata.{name}"], column)
    np.testing.assert_array_equal(tested["groups"], source.test_groups)
