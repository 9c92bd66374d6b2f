"""Trials on frozen features: equal to the whole network, views drawn anew, resumed bit for bit."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.trainables.features.logged import digits
from tests.trainables.host_reads import no_host_reads
from trainables.config import TrialConfig
from trainables.loop import TrainingRun
from trainables.methods import METHODS
from trainables.models import builder


def config(root: Path, **changes: Any) -> TrialConfig:
    fields: dict[str, Any] = {
        "method": "ce",
        "dataset": "digits",
        "model": "features",
        "network": {"features": "mlp", "weights": "none"},
        "imratio": 0.2,
        "epochs": 1,
        "batch_size": 64,
        "intervals": 1,
        "data_root": str(root),
        "data_seed": 1,
        "init_seed": 2,
        "order_seed": 3,
    }
    return TrialConfig(**{**fields, **changes})


VIEWS: dict[str, Any] = {
    "network": {"features": "mlp", "weights": "none", "views": 4},
    "augmentation": "flip",
}


def with_weights(root: Path) -> str:
    """A small_cnn's, whose BatchNorm statistics are not those of a new network."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        state = builder("small_cnn")(1, 8).features.state_dict()
        for name, each in state.items():
            if "running" in name:
                each.uniform_(0.5, 1.5)
    assert any("running" in name for name in state)
    torch.save(state, root / "w.pth")
    return "w.pth"


@pytest.mark.parametrize("method", ["ce", "ct_auc"])
def test_logits_are_those_of_the_whole_network_with_frozen_features(
    tmp_path: Path, method: str
) -> None:
    """Before training and, since the batches are the same ones, after it."""
    weights = with_weights(tmp_path)
    head = TrainingRun(
        config(tmp_path, method=method, network={"features": "small_cnn", "weights": weights})
    )
    whole = TrainingRun(
        config(
            tmp_path,
            method=method,
            model="small_cnn",
            network={"weights": weights, "freeze": "features"},
            augmentation="none",
        )
    )
    state = {f"head.{name}": each for name, each in head._model.head.state_dict().items()}
    whole._model.load_state_dict(whole._model.state_dict() | state)
    for step in range(3):
        found, wanted = head.test(embeddings=True), whole.test(embeddings=True)
        for name in ("scores", "val_scores", "embeddings"):
            np.testing.assert_allclose(found[name], wanted[name], rtol=1e-5, atol=1e-5)
        assert (found["targets"] == wanted["targets"]).all()
        if step < 2:
            loss = float(head.train_step())
            assert loss == pytest.approx(float(whole.train_step()), rel=1e-4)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("head", ["linear", "mlp"])
def test_every_method_trains_a_head(tmp_path: Path, method: str, head: str) -> None:
    network = {**VIEWS["network"], "head": head, "hidden": 5}
    run = TrainingRun(config(tmp_path, method=method, **{**VIEWS, "network": network}))
    before = {name: each.clone() for name, each in run.state_dict()["model"].items()}
    wanted = {"head.weight", "head.bias"}
    if head == "mlp":
        wanted |= {"features.0.weight", "features.0.bias"}
        assert before["features.0.weight"].shape == (5, 64)
    assert before.keys() == wanted
    assert np.isfinite(run.train_interval()["val_auroc"])
    after = run.state_dict()["model"]
    assert not torch.equal(after["head.weight"], before["head.weight"])


def test_a_step_draws_one_view_of_each_image_and_reads_nothing_of_the_host(tmp_path: Path) -> None:
    run = TrainingRun(config(tmp_path, **VIEWS))
    views = digits(tmp_path, "flip", views=4).vectors().train
    ids = run._task.train_images.ids
    assert ids is not None
    marked = (
        torch.arange(4.0).expand(len(views), 4)[:, :, None]
        + 10 * torch.arange(len(views))[:, None, None]
    )
    drawn = []
    for _ in range(60):
        run._supply.load(1)
        chosen = run._supply.chosen[0]
        # The number of image and view in place of the vector.
        batch = run._inputs.augmented(chosen, marked[ids[chosen]])
        assert torch.equal(batch.images[:, 0] // 10, ids[chosen].float())
        drawn.append(batch.images[:, 0] % 10)
    counts = torch.bincount(torch.cat(drawn).long(), minlength=4)
    share = counts / counts.sum()
    assert (share - 0.25).abs().max() < 5 * (0.25 * 0.75 / counts.sum()) ** 0.5
    assert not torch.equal(drawn[0], drawn[1])
    assert torch.equal(run._inputs.plain(torch.arange(9)).images, views[ids[:9], 0])
    run._step()  # the first one makes the optimizer's state
    with no_host_reads():
        run._step()


@pytest.mark.parametrize("memory", [None, 0])
def test_it_goes_on_bit_for_bit_from_the_middle_of_an_interval(
    tmp_path: Path, memory: int | None
) -> None:
    """With the vectors on the device, and gathered from their file."""
    asked = config(tmp_path, method="ct_auc", epochs=2, intervals=2, **VIEWS)
    whole = TrainingRun(asked)
    for _ in range(5):
        whole.train_step()
    later = TrainingRun(asked, memory)
    later.load_state_dict(deepcopy(whole.state_dict()))
    assert [float(whole.train_step()) for _ in range(9)] == [
        float(later.train_step()) for _ in range(9)
    ]
    assert (whole.test()["scores"] == later.test()["scores"]).all()


def test_parts_are_those_of_the_images(tmp_path: Path) -> None:
    found = TrainingRun(config(tmp_path))._task
    images = TrainingRun(config(tmp_path, model="mlp", network={}))._task
    for part in ("train", "val", "test"):
        ours, theirs = (getattr(task, f"{part}_images") for task in (found, images))
        assert ours.shape == (64,)
        assert ours.ids is theirs.ids is None or torch.equal(ours.ids, theirs.ids)
        assert torch.equal(getattr(found, f"{part}_targets"), getattr(images, f"{part}_targets"))
    assert found.image_bytes == 256 * sum(
        len(each) for each in (found.train_images, found.val_images, found.test_images)
    )


def test_precision_and_layout_of_a_study_are_taken(tmp_path: Path) -> None:
    for changes in ({"precision": "bf16"}, {"channels_last": True}):
        run = TrainingRun(config(tmp_path, **changes))
        assert np.isfinite(run.train_interval()["val_auroc"])
