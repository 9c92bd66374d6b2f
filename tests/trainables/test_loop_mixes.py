"""Mixes in a whole trial: the partners of its batches, and what it goes on from."""

import copy
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from tests.trainables.host_reads import no_host_reads
from trainables.config import TrialConfig
from trainables.errors import DataError
from trainables.loop import TrainingRun
from trainables.recipe import Batch


def run(method: str, mix: str, memory: int | None = None, **changes: Any) -> TrainingRun:
    params = {"mix": mix, **changes.pop("params", {})}
    fields: dict[str, Any] = {
        "dataset": "digits",
        "model": "small_cnn",
        "imratio": 0.1,
        "epochs": 2,
        "batch_size": 32,
        "intervals": 2,
        "data_root": "data",
        "data_seed": 1,
        "init_seed": 2,
        "order_seed": 3,
    }
    config = TrialConfig(method=method, params=params, **{**fields, **changes})
    return TrainingRun(config, memory=memory)


def weights(of: TrainingRun) -> torch.Tensor:
    return torch.cat([each.flatten().double() for each in of._model.state_dict().values()])


def watched(trial: TrainingRun, steps: int) -> list[Batch]:
    """The batches of so many steps."""
    seen: list[Batch] = []
    update = trial._recipe.update
    step = update.step

    def watch(batches: Sequence[Batch]) -> Any:
        for each in batches:
            kept = Batch(*each, None if each.indices is None else each.indices.clone())
            kept.partner = each.partner
            seen.append(kept)
        return step(batches)

    update.step = watch  # type: ignore[method-assign]
    for _ in range(steps):
        trial.train_step()
    return seen


@pytest.mark.parametrize("method", ["auc_m", "ct_auc"])
def test_every_batch_has_a_partner_drawn_evenly_and_is_what_it_was(method: str) -> None:
    """The streams of batches themselves do not notice their partners."""
    mixed, plain = run(method, "balanced_mixup"), run(method, "none")
    seen, before = watched(mixed, 3), watched(plain, 3)
    partners = [each.partner for each in seen]
    for each, same in zip(seen, before, strict=True):
        assert same.partner is None
        assert each.indices is not None
        assert same.indices is not None
        assert torch.equal(each.indices, same.indices)
    for partner in partners:
        assert partner is not None
        assert len(partner.targets) == 32
        assert float(partner.targets.mean()) == 0.5
    images = [partner.images for partner in partners if partner is not None]
    assert not any(torch.equal(images[0], other) for other in images[1:])
    prior = mixed._task.prior
    assert isinstance(prior, float)
    if method == "auc_m":  # lambda is a half on average
        (loss,) = {mixed._recipe.update._loss.prior}  # type: ignore[attr-defined]
        assert loss == pytest.approx(0.5 * prior + 0.25)


CASES: list[tuple[str, str, int | None, dict[str, Any]]] = [
    ("ce", "balanced_mixup", None, {}),
    ("ct_auc", "balanced_mixup", 0, {}),
    ("auc_m", "manifold", None, {}),
    ("ct_mixup", "manifold", None, {"inner": "looks_ahead"}),
]


@pytest.mark.parametrize(("method", "mix", "memory", "params"), CASES)
def test_a_trial_goes_on_bit_for_bit_from_the_middle_of_an_interval(
    method: str, mix: str, memory: int | None, params: dict[str, Any]
) -> None:
    first, second = (run(method, mix, memory, params=params) for _ in range(2))
    for _ in range(3):
        first.train_step()
    second.train_step()  # its own past must leave no trace
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for _ in range(4):
        assert torch.equal(first.train_step(), second.train_step())
    assert torch.equal(weights(first), weights(second))
    with no_host_reads():
        first._step()


def test_images_that_do_not_fit_give_the_same_trial() -> None:
    resident, ahead = run("ce", "balanced_mixup"), run("ce", "balanced_mixup", 0)
    for _ in range(5):
        assert torch.equal(resident.train_step(), ahead.train_step())
    assert torch.equal(weights(resident), weights(ahead))


def test_a_checkpoint_of_a_version_without_partners_loads() -> None:
    first, second = run("ce", "mixup"), run("ce", "mixup")
    first.train_step()
    state = copy.deepcopy(first.state_dict())
    del state["partners"]
    second.load_state_dict(state)
    assert torch.equal(first.train_step(), second.train_step())


def test_what_a_mix_cannot_do_is_refused_before_anything_trains() -> None:
    volumes: dict[str, Any] = {
        "dataset": "tests.trainables.volumes:read",
        "model": "small_cnn_3d",
        "imratio": 0.3,
    }
    with pytest.raises(DataError, match=r"^mix ricap cuts images .*, and these are volumes: take "):
        run("ce", "ricap", **volumes)
    for mix in ("cutmix", "manifold"):
        trial = run("auc_mixup", mix, **volumes)
        assert bool(torch.isfinite(trial.train_step()))
    metadata: dict[str, Any] = {
        "dataset": "tests.trainables.metadata:read",
        "model": "metadata",
        "imratio": 0.3,
    }
    with pytest.raises(DataError, match=r"^mix cutmix cuts images .*, and these are vectors: take"):
        run("ce", "cutmix", **metadata)
    assert bool(torch.isfinite(run("ce", "manifold", **metadata).train_step()))


def test_a_trial_that_mixes_layers_is_not_compiled_and_says_so() -> None:
    trial = run("auc_m", "manifold", compile=True)
    assert trial.execution.startswith("eager: the method needs second derivatives, or mixes layers")
    assert bool(torch.isfinite(trial.train_step()))


@pytest.mark.parametrize("branch", [{"branch": "joint"}, {"branch": "after", "branch_from": 0.5}])
def test_a_network_with_a_branch_is_mixed_too(branch: dict[str, Any]) -> None:
    data: dict[str, Any] = {
        "dataset": "tests.trainables.metadata:read",
        "imratio": 0.3,
        "network": branch,
    }
    trial, plain = (run("auc_m", mix, **data) for mix in ("manifold", "mixup"))
    losses = [[trial.train_interval()["loss"] for _ in range(2)] for trial in (trial, plain)]
    assert losses[0] != losses[1]
