"""The loop on three labels, some missing; and what batches and contexts tell of the images."""

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, roc_auc_score
from torch import Tensor

from tests.trainables.host_reads import no_host_reads
from tests.trainables.methods.test_several_labels import SEVERAL
from tests.trainables.test_loop import config, to_the_end
from tests.trainables.three_labels import AGES, NAMES, SEXES, TRAIN, VALIDATION, read
from trainables.batches.augment import normalise
from trainables.errors import DataError
from trainables.loop import TrainingRun
from trainables.methods.api import (
    LABELS,
    Batch,
    CELoss,
    Context,
    Descent,
    Method,
    Recipe,
    one_stage,
)

SOURCE = read(Path(), download=False)


def started(**changes: Any) -> TrainingRun:
    """A trial on these labels."""
    fields = {"method": "ce", "params": {}, "model": "mlp", "epochs": 3, "augmentation": None}
    dataset = f"{read.__module__}:read"
    return TrainingRun(
        config(**{**fields, "dataset": dataset, "imratio": None, "intervals": 3, **changes})
    )


def by_label(targets: np.ndarray, scores: np.ndarray, metric: Callable[..., float]) -> list[float]:
    found = []
    for column in range(3):
        known = ~np.isnan(targets[:, column])
        both = len(np.unique(targets[known, column])) == 2
        found.append(metric(targets[known, column], scores[known, column]) if both else np.nan)
    return found


def test_its_figures_are_those_of_scikit_learn_by_label() -> None:
    """The mean is over the labels that have both classes; in validation "rare" has one."""
    run = started(epochs=20, select="auprc")
    last = to_the_end(run)[-1]
    tested = run.test(embeddings=True)
    for key in ("scores", "targets", "val_scores", "val_targets"):
        assert tested[key].dtype == np.float32
    assert tested["scores"].shape == tested["targets"].shape == (120, 3)
    np.testing.assert_array_equal(tested["targets"], SOURCE.test_labels.numpy())
    np.testing.assert_array_equal(tested["val_targets"], SOURCE.train_labels[TRAIN:].numpy())
    assert tested["labels"].tolist() == list(NAMES)
    for name, metric in (("auroc", roc_auc_score), ("auprc", average_precision_score)):
        each = by_label(tested["targets"], tested["scores"], metric)
        assert tested[f"test_{name}"] == pytest.approx(np.mean(each), abs=1e-12)
        val = by_label(tested["val_targets"], tested["val_scores"], metric)
        assert math.isnan(val[2])
        assert last[f"val_{name}"] == pytest.approx(np.mean(val[:2]), abs=1e-12)
    val = by_label(tested["val_targets"], tested["val_scores"], roc_auc_score)
    assert {key: value for key, value in last.items() if key.startswith("val_auroc.")} == (
        pytest.approx({"val_auroc.left": val[0], "val_auroc.right": val[1]}, abs=1e-12)
    )
    assert last["val_auroc"] > 0.9


def test_predictions_tell_of_groups_and_metadata() -> None:
    """In a file without a pickle."""
    run = started(epochs=1, intervals=1)
    to_the_end(run)
    file = io.BytesIO()
    np.savez(file, **run.test())
    file.seek(0)
    found = np.load(file, allow_pickle=False)
    assert found["labels"].tolist() == list(NAMES)
    assert found["groups"].tolist() == [1000 + i // 3 for i in range(120)]
    assert found["val_groups"].tolist() == [i // 2 for i in range(TRAIN, TRAIN + VALIDATION)]
    np.testing.assert_array_equal(found["metadata.age"], AGES)
    assert found["metadata.sex"].tolist() == SEXES.tolist()
    one = TrainingRun(config(epochs=1, intervals=1))
    to_the_end(one)
    assert set(one.test()) == {
        *("test_auroc", "test_auprc", "scores", "targets", "val_scores", "val_targets")
    }


@pytest.mark.parametrize("method", SEVERAL)
def test_save_and_load_continue_bit_for_bit(method: str) -> None:
    """In the middle of an interval; the curve, the labels' figures and the scores."""
    chosen: dict[str, Any] = {"method": method, "model": "small_cnn", "epochs": 2}
    through = started(**chosen)
    whole = to_the_end(through)
    first, second = started(**chosen), started(**chosen)
    first.train_interval()
    first.train_step()
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    file.seek(0)
    second.load_state_dict(torch.load(file, weights_only=True))
    assert to_the_end(second) == whole
    np.testing.assert_array_equal(second.test()["scores"], through.test()["scores"])


@pytest.mark.parametrize("method", SEVERAL)
def test_a_step_reads_nothing_of_the_host(method: str) -> None:
    run = started(method=method, model="small_cnn", augmentation="crop_flip")
    for stage in range(len(run._recipe._stages)):
        run._recipe._enter(stage)
        run.train_step()
        with no_host_reads():
            run._step()


def test_the_network_is_that_of_one_label_with_another_head() -> None:
    run = started(model="small_cnn")
    one = TrainingRun(config(model="small_cnn"))
    for key, value in one._model.features.state_dict().items():
        assert torch.equal(value, run._model.features.state_dict()[key])
    assert run._model.head.out_features == 3


def test_a_probe_of_several_labels_has_figures() -> None:
    run = started(method="ct_auc", params={"taylor_terms": True})
    point = run.train_interval()
    assert all(math.isfinite(point[f"taylor_{term}"]) for term in ("outer", "inner", "rest"))


def test_what_takes_one_label_is_refused() -> None:
    with pytest.raises(DataError, match="the task's 3 labels at once, and OneLabel takes one"):
        started(method=f"{__name__}:OneLabel")
    with pytest.raises(ValueError, match="positive_rate needs the targets of one label"):
        started(positive_rate=0.5)


SEEN: list[tuple[Context, Sequence[Batch]]] = []


class _Watched(Descent):
    """CE by SGD, which keeps the batches that come."""

    def __init__(self, context: Context) -> None:
        optimizer = torch.optim.SGD(context.model.parameters(), lr=0.1)
        super().__init__(context.model, CELoss(), optimizer, lambda: None)
        self._context = context

    def step(self, batches: Sequence[Batch]) -> tuple[Tensor, int]:
        SEEN.append((self._context, batches))
        return super().step(batches)


@dataclass(frozen=True)
class Watch(Method):
    """See `_Watched`."""

    TARGETS = LABELS

    def recipe(self, context: Context) -> Recipe:
        return one_stage(lambda: _Watched(context), batches=1)


@dataclass(frozen=True)
class OneLabel(Method):
    """Says nothing of the targets that it takes."""

    def recipe(self, context: Context) -> Recipe:
        raise NotImplementedError


def test_batches_and_context_tell_of_the_training_images() -> None:
    SEEN.clear()
    run = started(method=f"{__name__}:Watch")
    run.train_step()
    ((context, (batch,)),) = SEEN
    assert batch.indices is not None
    images, targets = SOURCE.train_images[:TRAIN], SOURCE.train_labels[:TRAIN]
    task = run._task
    assert torch.equal(batch.images, normalise(images[batch.indices], task.mean, task.std))
    chosen = targets[batch.indices]
    torch.testing.assert_close(batch.targets, chosen, equal_nan=True, rtol=0, atol=0)
    assert (context.images, context.outputs) == (TRAIN, 3)
    assert context.positives == tuple(targets.nan_to_num(0).sum(0).int().tolist())
    torch.testing.assert_close(torch.as_tensor(context.prior), targets.nanmean(0))


def test_so_they_do_of_one_label() -> None:
    SEEN.clear()
    run = TrainingRun(config(method=f"{__name__}:Watch", params={}, augmentation="none"))
    run.train_step()
    ((context, (batch,)),) = SEEN
    one = run._task
    assert batch.indices is not None
    assert torch.equal(batch.targets, one.train_targets[batch.indices])
    assert (context.images, context.outputs) == (len(one.train_targets), 1)
    assert context.positives == (int(one.train_targets.sum()),)
    assert context.prior == one.prior
