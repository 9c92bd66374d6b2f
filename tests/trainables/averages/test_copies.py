"""Scores over augmented copies: against explicit means, the same each time, and where refused."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from tests.trainables.averages.networks import blind_to_mirrors
from tests.trainables.test_loop import config, to_the_end
from trainables.averages.copies import augmented_copies, mean
from trainables.averages.draws import TEST, VALIDATION, generator
from trainables.averages.options import Options
from trainables.errors import DataError
from trainables.loop import TrainingRun
from trainables.models.branch import Branched

SHORT: dict[str, Any] = {
    "method": "ce",
    "params": {},
    "epochs": 1,
    "intervals": 1,
    "batch_size": 128,
}


def trained(memory: int | None = None, **changes: Any) -> TrainingRun:
    """A finished trial of one epoch."""
    run = TrainingRun(config(**{**SHORT, "evaluation": {"tta": 4}, **changes}), memory)
    to_the_end(run)
    return run


def logits(run: TrainingRun, pixels: torch.Tensor) -> np.ndarray:
    run._model.eval()
    with torch.no_grad():
        found = run._model(run._inputs.normalised(pixels)).double().numpy()
    run._model.train()
    return np.asarray(found)


def mirrored(images: int, copies: int, draw: torch.Generator) -> np.ndarray:
    """Of each image the share of its copies that the augmentation "flip" mirrors."""
    drawn = [torch.rand(images, generator=draw) < 0.5 for _ in range(copies)]
    return np.asarray(torch.stack(drawn).double().mean(0).numpy())


@pytest.mark.parametrize(("what", "part"), [(TEST, "test"), (VALIDATION, "val")])
def test_a_score_is_the_mean_logit_of_the_mirrored_and_the_plain_image(
    what: int, part: str
) -> None:
    """Each image has so many mirrored copies as its draws say."""
    run = trained(augmentation="flip", evaluation={"tta": 5})
    images = torch.cat([*getattr(run._task, f"{part}_images").split(1000)])
    draw = generator(3, what)
    share = mirrored(len(images), 5, draw)
    plain, flipped = logits(run, images), logits(run, images.flip(3))
    assert np.abs(plain - flipped).max() > 0.01
    found = run.test()["scores" if part == "test" else "val_scores"]
    np.testing.assert_allclose(found, (1 - share) * plain + share * flipped, rtol=2e-5, atol=1e-5)


def test_a_network_that_sees_no_mirrors_keeps_its_scores_to_the_last_bit() -> None:
    model = f"{blind_to_mirrors.__module__}:{blind_to_mirrors.__name__}"
    found = trained(model=model, augmentation="flip", evaluation={"tta": 7}).test()
    np.testing.assert_array_equal(found["scores"], found["plain_scores"])
    assert found["without"] == {name: found[name] for name in ("test_auroc", "test_auprc")}


def test_the_figures_without_are_those_of_a_trial_without() -> None:
    """Training and validation do not know of the copies."""
    asked, plain = trained(), trained(evaluation={})
    assert [{**point, "seconds": 0} for point in asked.curve] == [
        {**point, "seconds": 0} for point in plain.curve
    ]
    found, without = asked.test(embeddings=True), plain.test(embeddings=True)
    assert "without" not in without
    assert "plain_scores" not in without
    np.testing.assert_array_equal(found["plain_scores"], without["scores"])
    np.testing.assert_array_equal(found["embeddings"], without["embeddings"])
    assert found["without"]["test_auprc"] == without["test_auprc"]
    assert found["test_auroc"] == pytest.approx(roc_auc_score(found["targets"], found["scores"]))
    assert found["test_auroc"] != without["test_auroc"]


def test_the_copies_are_the_same_at_every_evaluation_and_hang_on_the_order_seed() -> None:
    run = trained()
    first = run.test()
    np.testing.assert_array_equal(first["scores"], run.test()["scores"])
    pixels = torch.arange(6 * 64, dtype=torch.uint8).view(6, 1, 8, 8)
    for seed, same in ((3, True), (4, False)):
        own, other = (augmented_copies(3, "crop_flip", each, TEST) for each in (3, seed))
        assert same == torch.equal(torch.cat([*own(pixels)]), torch.cat([*other(pixels)]))


def test_images_that_stay_on_the_host_have_the_same_scores() -> None:
    asked = {"tta": 3, "ema": 0.9}
    on_host, resident = (trained(memory, evaluation=asked).test() for memory in (0, None))
    np.testing.assert_array_equal(on_host["scores"], resident["scores"])
    np.testing.assert_array_equal(on_host["plain_scores"], resident["plain_scores"])


def test_of_several_labels_each_has_its_mean() -> None:
    dataset = "tests.trainables.three_labels:read"
    run = trained(dataset=dataset, model="mlp", imratio=None, augmentation="flip")
    images = torch.cat([*run._task.test_images.split(1000)])
    draw = generator(3, TEST)
    share = mirrored(len(images), 4, draw)[:, None]
    plain, flipped = logits(run, images), logits(run, images.flip(3))
    found = run.test()
    assert found["scores"].shape == found["plain_scores"].shape == (120, 3)
    np.testing.assert_allclose(
        found["scores"], (1 - share) * plain + share * flipped, rtol=2e-5, atol=1e-5
    )


WITH_METADATA: dict[str, Any] = {
    "dataset": "tests.trainables.metadata:read",
    "imratio": 0.3,
    "batch_size": 32,
    "augmentation": "flip",
}


def test_each_copy_meets_the_metadata_of_its_image() -> None:
    run = trained(
        **WITH_METADATA,
        network={"branch": "joint", "merge": 0.4},
        evaluation={"tta": 4, "ema": 0.9},
    )
    task, model = run._task, run._model.eval()
    assert isinstance(model, Branched)
    assert model.branch is not None
    images = torch.cat([*task.test_images.split(1000)])
    share = mirrored(len(images), 4, generator(3, TEST))
    with run._evaluated.lent(run._recipe), torch.no_grad():
        plain, flipped = (
            model.image(run._inputs.normalised(each)).double().numpy()
            for each in (images, images.flip(3))
        )
        beside = model.branch(task.test_metadata).double().numpy()
    expected = 0.6 * ((1 - share) * plain + share * flipped) + 0.4 * beside
    np.testing.assert_allclose(run.test()["scores"], expected, rtol=2e-5, atol=1e-5)


def test_metadata_alone_have_no_copies() -> None:
    found = trained(**{**WITH_METADATA, "augmentation": None}, model="metadata").test()
    np.testing.assert_array_equal(found["scores"], found["plain_scores"])


def test_volumes_are_augmented_by_their_own_augmentation() -> None:
    found = trained(
        dataset="tests.trainables.volumes:read",
        model="small_cnn_3d",
        imratio=None,
        augmentation=None,
    ).test()
    assert np.isfinite(found["scores"]).all()
    assert (found["scores"] != found["plain_scores"]).mean() > 0.9


def test_in_bf16_the_mean_is_of_float32_logits() -> None:
    found = trained(precision="bf16").test()
    assert found["scores"].dtype == np.float32
    assert math.isfinite(found["test_auroc"])


def test_a_task_without_augmentation_has_no_copies() -> None:
    with pytest.raises(DataError, match="the task's augmentation is none: give the task one"):
        TrainingRun(config(**SHORT, evaluation={"tta": 4}, augmentation="none"))


def test_the_mean_of_equal_outputs_is_their_own() -> None:
    """Also where a sum in float32 would round."""
    one = torch.rand(1000, generator=torch.Generator().manual_seed(0))
    assert torch.equal(mean([one] * 30), one)
    assert mean([one]) is one


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"tta": 1}, "at least 2 copies, not 1"),
        ({"ema": 1.0}, "above 0 and below 1, not 1.0"),
        ({"swa": 0.0}, "above 0 and at most 1, not 0.0"),
        ({"ema": 0.9, "swa": 0.5}, "exclude each other"),
    ],
)
def test_what_an_option_may_be_is_said(options: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        Options(**options)
