"""The loop on real images: the same config gives the same run, also across save and load."""

import copy
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, roc_auc_score

from trainables.batches.augment import normalise
from trainables.checkpoint import load_checkpoint, save_checkpoint
from trainables.config import TrialConfig
from trainables.errors import DataError, DivergedError, UnknownNameError
from trainables.files import save_atomically
from trainables.loop import TrainingRun
from trainables.methods import METHODS


def config(**changes: Any) -> TrialConfig:
    fields: dict[str, Any] = {
        "method": "auc_m",
        "params": {"lr": 1.0},
        "dataset": "digits",
        "model": "small_cnn",
        "imratio": 0.1,
        "epochs": 4,
        "batch_size": 64,
        "intervals": 4,
        "data_root": "data",
        "data_seed": 1,
        "init_seed": 2,
        "order_seed": 3,
        "augmentation": "crop_flip",
    }
    return TrialConfig(**{**fields, **changes})


def timeless(curve: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{k: v for k, v in point.items() if k != "seconds"} for point in curve]


def to_the_end(run: TrainingRun) -> list[dict[str, float]]:
    while not run.finished:
        run.train_interval()
    return timeless(run.curve)


@pytest.mark.parametrize("method", METHODS)
def test_save_and_load_continue_bit_for_bit(method: str, tmp_path: Path) -> None:
    chosen = config(method=method, params={})
    through = TrainingRun(chosen)
    whole = to_the_end(through)

    first = TrainingRun(chosen)
    for _ in range(2):
        first.train_interval()
    save_checkpoint(tmp_path / "c.pt", first.state_dict())
    second = TrainingRun(chosen)
    state = load_checkpoint(tmp_path / "c.pt", "cpu")
    assert state is not None
    second.load_state_dict(state)
    assert second.interval == 2
    assert to_the_end(second) == whole
    assert second.gradient_evaluations == through.gradient_evaluations
    assert second.images == through.images
    np.testing.assert_array_equal(second.test()["scores"], through.test()["scores"])


@pytest.mark.parametrize("seed", ["data_seed", "init_seed", "order_seed"])
def test_every_seed_moves_the_run(seed: str) -> None:
    scores = [
        (run := TrainingRun(config(epochs=1, intervals=1, **{seed: value})), to_the_end(run))[1]
        for value in (10, 10, 11)
    ]
    assert scores[0] == scores[1]
    assert scores[0] != scores[2]


def test_the_global_generators_are_neither_used_nor_moved() -> None:
    torch.manual_seed(0)
    torch_before, numpy_before = torch.get_rng_state(), copy.deepcopy(np.random.get_state())  # noqa: NPY002
    one = to_the_end(TrainingRun(config()))
    assert torch.equal(torch.get_rng_state(), torch_before)
    assert str(np.random.get_state()) == str(numpy_before)  # noqa: NPY002
    torch.manual_seed(1)
    assert to_the_end(TrainingRun(config())) == one


def test_it_learns_and_its_figures_are_those_of_scikit_learn() -> None:
    run = TrainingRun(config(method="ce", epochs=10, intervals=2))
    curve = to_the_end(run)
    assert curve[-1]["val_auroc"] > 0.9
    assert curve[-1]["loss"] < curve[0]["loss"]
    tested = run.test()
    targets, scores = tested["targets"], tested["scores"]
    assert tested["test_auroc"] == pytest.approx(roc_auc_score(targets, scores), abs=1e-12)
    assert tested["test_auprc"] == pytest.approx(
        average_precision_score(targets, scores), abs=1e-12
    )
    assert tested["val_scores"].dtype == np.float32
    assert roc_auc_score(tested["val_targets"], tested["val_scores"]) == pytest.approx(
        curve[-1]["val_auroc"], abs=1e-12
    )


def test_validation_auprc_is_that_of_scikit_learn_and_changes_nothing_else() -> None:
    run = TrainingRun(config(method="ce", epochs=2, intervals=2, select="auprc"))
    curve = to_the_end(run)
    tested = run.test()
    expected = average_precision_score(tested["val_targets"], tested["val_scores"])
    assert curve[-1]["val_auprc"] == pytest.approx(expected, abs=1e-12)
    plain = to_the_end(TrainingRun(config(method="ce", epochs=2, intervals=2)))
    for with_it, without in zip(curve, plain, strict=True):
        assert {n: v for n, v in with_it.items() if n not in ("val_auprc", "seconds")} == {
            n: v for n, v in without.items() if n != "seconds"
        }


@pytest.mark.parametrize("method", ["auc_m", "ct_auc"])
def test_embeddings_are_what_the_head_turns_into_scores(method: str) -> None:
    run = TrainingRun(config(method=method, params={"evaluate": "u"} if method == "ct_auc" else {}))
    to_the_end(run)
    plain, tested = run.test(), run.test(embeddings=True)
    assert set(tested) == {*plain, "embeddings"}
    embeddings = tested["embeddings"]
    assert embeddings.dtype == np.float32
    with run._recipe.evaluating(), torch.no_grad():
        run._model.eval()
        pixels = torch.cat([*run._task.test_images.split(1000)])
        images = normalise(pixels, run._task.mean, run._task.std)
        expected = run._model.features(images).numpy()
        logits = run._model.head(torch.from_numpy(embeddings)).squeeze(1).numpy()
    np.testing.assert_allclose(embeddings, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(logits, plain["scores"], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(tested["scores"], plain["scores"])


def test_intervals_cut_the_run_into_equal_parts() -> None:
    run = TrainingRun(config(epochs=3, intervals=5))
    ends = []
    while not run.finished:
        run.train_interval()
        ends.append(run.step)
    assert ends == [math.ceil(i * run.steps / 5) for i in range(1, 6)]


def test_plain_descent_counts_every_image_once() -> None:
    run = TrainingRun(config(method="ce", params={}))
    to_the_end(run)
    assert run.gradient_evaluations == run.images == run.steps * 64


def test_a_config_survives_json() -> None:
    chosen = config()
    assert TrialConfig(**chosen.to_json()) == chosen


def test_a_loss_that_explodes_is_said_so() -> None:
    run = TrainingRun(config(method="ce", params={"lr": 1e30}))
    with pytest.raises(DivergedError, match="finite"):
        to_the_end(run)


def test_bf16_trains_and_gives_finite_scores() -> None:
    run = TrainingRun(config(precision="bf16", epochs=1, intervals=1))
    assert math.isfinite(to_the_end(run)[-1]["val_auroc"])


@pytest.mark.parametrize("name", ["method", "dataset", "model"])
def test_an_unknown_name_lists_what_there_is(name: str) -> None:
    with pytest.raises(UnknownNameError, match="must be one of"):
        TrainingRun(config(**{name: "no_such"}))


def test_missing_data_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cifar"):
        TrainingRun(config(dataset="cifar10", model="resnet20", data_root=str(tmp_path)))


def test_a_damaged_checkpoint_is_no_checkpoint(tmp_path: Path) -> None:
    file = tmp_path / "c.pt"
    assert load_checkpoint(file, "cpu") is None
    save_checkpoint(file, {"step": 1, "model": {"w": torch.zeros(3)}})
    whole = file.read_bytes()
    for damaged in (b"", b"nonsense", whole[: len(whole) // 2]):
        file.write_bytes(damaged)
        assert load_checkpoint(file, "cpu") is None
    file.write_bytes(whole)
    assert load_checkpoint(file, "cpu") is not None


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "c.pt"
    file.write_bytes(b"old")

    def write_half(target: Any) -> None:
        target.write(b"ne")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        save_atomically(file, write_half)
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]
