"""Metadata in a trial: beside the images from the first step on, after them, or alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.trainables import metadata
from trainables.checkpoint import load_checkpoint, save_checkpoint
from trainables.config import TrialConfig
from trainables.datasets.source import Source
from trainables.errors import DataError
from trainables.loop import TrainingRun
from trainables.models.branch import Branched
from trainables.models.classifier import BinaryClassifier

HERE = "tests.trainables.test_loop_branch"


def of_noise(root: Path, download: bool) -> Source:
    """The set of `metadata` with its metadata and labels, and other pixels."""
    source = metadata.read(root, download)
    draw = torch.Generator().manual_seed(1)
    pixels = torch.randint(0, 256, (280, 1, 4, 4), generator=draw).to(torch.uint8)
    fields = {**vars(source), "train_images": pixels[:200], "test_images": pixels[200:]}
    return Source(**fields)


class OneArgument(BinaryClassifier):
    """As a user writes it who knows of no metadata."""

    def __init__(self, in_channels: int, image_size: int) -> None:
        flat = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.BatchNorm1d(16))
        super().__init__(flat, torch.nn.Linear(in_channels * image_size**2, 1))

    def forward(self, images: Tensor) -> Tensor:  # type: ignore[override]
        """Images alone."""
        return super().forward(images)


def started(model: str = "small_cnn", method: str = "ce", **changes: Any) -> TrainingRun:
    fields: dict[str, Any] = {
        "dataset": "tests.trainables.metadata:read",
        "imratio": 0.3,
        "epochs": 5,
        "batch_size": 32,
        "intervals": 5,
        "data_root": "data",
        "data_seed": 1,
        "init_seed": 2,
        "order_seed": 3,
        "augmentation": "crop_flip",
    }
    return TrainingRun(TrialConfig(method, model=model, **{**fields, **changes}))


def trained(run: TrainingRun, intervals: int | None = None) -> list[tuple[float, float]]:
    while run.interval < (run.config.intervals if intervals is None else intervals):
        run.train_interval()
    return [(each["loss"], each["val_auroc"]) for each in run.curve]


@pytest.mark.parametrize("method", ["ce", "ct_auc", "two_stage"])
@pytest.mark.parametrize("model", ["small_cnn", f"{HERE}:OneArgument"])
def test_until_the_branch_begins_the_trial_is_that_of_the_image_network(
    model: str, method: str
) -> None:
    alone = started(model, method, epochs=4, intervals=4)
    after = started(model, method, network={"branch": "after"})
    assert trained(after, 4) == trained(alone)
    image = after._model.image.state_dict()  # type: ignore[union-attr]
    assert all(torch.equal(image[n], each) for n, each in alone._model.state_dict().items())
    kept = {name: each.clone() for name, each in image.items()}
    trained(after)
    assert all(torch.equal(image[name], each) for name, each in kept.items())
    assert float(after._model.merge) == 0.5  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["auc_mixup", "ct_auc"])
def test_it_goes_on_from_the_middle_of_the_second_part(method: str, tmp_path: Path) -> None:
    options = {"branch": "after", "branch_from": 0.4, "merge": 0.3}
    whole = started(method=method, network=options)
    steps: list[int] = []

    def save() -> None:
        steps.append(whole.step)
        if len(steps) == 2 and whole.interval == 2:
            save_checkpoint(tmp_path / "c.pt", whole.state_dict())

    trained(whole, 2)
    whole.train_interval(save)
    assert len(steps) > 2
    state = load_checkpoint(tmp_path / "c.pt", "cpu")
    assert state is not None
    later = started(method=method, network=options)
    later.load_state_dict(state)
    assert later.step == steps[1]
    assert trained(later) == trained(whole)
    np.testing.assert_array_equal(later.test()["scores"], whole.test()["scores"])


@pytest.mark.parametrize("branch", ["joint", "after"])
def test_scores_are_of_each_image_and_its_own_metadata(
    branch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainables.loop.EVALUATION_BATCH", 30)
    run = started(network={"branch": branch, "merge": 0.4})
    trained(run)
    tested = run.test(embeddings=True)
    task, model = run._task, run._model.eval()
    assert isinstance(model, Branched)
    assert model.branch is not None
    images = run._inputs.normalised(task.test_images.take(torch.arange(len(task.test_images))))
    with torch.no_grad():
        expected = 0.6 * model.image(images) + 0.4 * model.branch(task.test_metadata)
        features = model.image.features(images)  # type: ignore[operator]
    np.testing.assert_allclose(tested["scores"], expected.numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(tested["embeddings"], features.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", ["ce_tuned", "auc_mixup", "ts_dec"])
def test_metadata_alone_see_no_pixel(method: str) -> None:
    params = {"cutout": 0.5} if method == "ce_tuned" else {}
    runs = [
        started("metadata", method, params=params, dataset=dataset, augmentation=augmentation)
        for dataset, augmentation in (
            ("tests.trainables.metadata:read", None),
            (f"{HERE}:of_noise", "flip"),
        )
    ]
    first, other = map(trained, runs)
    assert first == other
    scores = [run.test()["scores"] for run in runs]
    np.testing.assert_array_equal(*scores)
    assert len(np.unique(scores[0])) > 2


@pytest.mark.parametrize("model", ["metadata", "mlp"])
def test_several_labels(model: str) -> None:
    network = {} if model == "metadata" else {"branch": "after"}
    run = started(
        model,
        "auc_m",
        network=network,
        dataset="tests.trainables.three_labels:read",
        imratio=None,
        augmentation=None,
    )
    trained(run)
    scores = run.test()["scores"]
    assert scores.shape[1] == 3
    assert np.isfinite(scores).all()


@pytest.mark.parametrize(("model", "network"), [("metadata", {}), ("mlp", {"branch": "joint"})])
def test_a_task_without_metadata_is_refused(model: str, network: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="needs a data set with metadata, and this one has none"):
        started(model, dataset="digits", network=network)
