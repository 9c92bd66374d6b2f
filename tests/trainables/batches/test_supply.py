"""Batches that are gathered ahead are those of a trial whose images lie in memory."""

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from trainables.batches.sampling import BatchSampler
from trainables.batches.supply import AHEAD, Ahead, Resident, Supply, in_advance
from trainables.checkpoint import load_checkpoint, save_checkpoint
from trainables.config import TrialConfig
from trainables.datasets.images import Images
from trainables.loop import TrainingRun
from trainables.methods import METHODS

CPU = torch.device("cpu")
PIXELS = torch.arange(40, dtype=torch.uint8)[:, None, None, None].expand(40, 2, 3, 3).contiguous()
PARTS = {
    "all": Images(PIXELS),
    "some": Images(PIXELS, torch.arange(39, 3, -1)),
    "volumes": Images(PIXELS[..., None].contiguous()),
}


def supply(kind: type[Resident] | type[Ahead], part: str, rate: float | None = None) -> Supply:
    images = PARTS[part]
    targets = (torch.arange(len(images)) % 4 == 0).float()
    samplers = [
        BatchSampler(targets, 5, torch.Generator().manual_seed(seed), rate) for seed in (1, 2)
    ]
    return kind(images, samplers, CPU)


def batch(of: Supply, number: int) -> tuple[list[int], torch.Tensor]:
    return of.chosen[number].tolist(), of.pixels(number).clone()


def same(one: Supply, other: Supply, steps: int, batches: int = 2) -> None:
    for _ in range(steps):
        for each in (one, other):
            each.load(batches)
        for number in range(batches):
            (chosen, pixels), (others, expected) = batch(one, number), batch(other, number)
            assert chosen == others
            assert torch.equal(pixels, expected)


@pytest.mark.parametrize("rate", [None, 0.4])
@pytest.mark.parametrize("part", PARTS)
def test_they_are_the_same_batches(part: str, rate: float | None) -> None:
    ahead, resident = supply(Ahead, part, rate), supply(Resident, part, rate)
    same(ahead, resident, steps=30)
    chosen, pixels = batch(ahead, 0)
    ids = PARTS[part].ids
    rows = torch.tensor(chosen) if ids is None else ids[chosen]
    assert pixels.flatten(1)[:, 0].tolist() == rows.tolist()


def test_the_second_stream_may_rest_and_go_on() -> None:
    ahead, resident = supply(Ahead, "some"), supply(Resident, "some")
    for steps, batches in ((3, 1), (4, 2), (5, 1), (6, 2)):
        same(ahead, resident, steps, batches)


@pytest.mark.parametrize("steps", [0, 1, AHEAD, 7, 8, 9])
def test_what_was_drawn_ahead_is_no_part_of_its_state(steps: int) -> None:
    ahead, resident = supply(Ahead, "some"), supply(Resident, "some")
    same(ahead, resident, steps)
    for state, expected in zip(ahead.state_dict(), resident.state_dict(), strict=True):
        assert torch.equal(state["generator"], expected["generator"])
        for stream, other in zip(state["streams"], expected["streams"], strict=True):
            assert stream["used"] == other["used"]
            assert torch.equal(stream["order"], other["order"])


@pytest.mark.parametrize("source", [Resident, Ahead])
def test_it_goes_on_from_either_state_in_the_middle_of_an_epoch(
    source: type[Resident] | type[Ahead],
) -> None:
    begun, other = supply(source, "some"), supply(Ahead, "some")
    same(begun, supply(Resident, "some"), steps=4)
    same(other, supply(Resident, "some"), steps=6)
    kept = begun.state_dict()
    begun.load(2)
    other.load_state_dict(kept)
    other.load(2)
    assert batch(other, 0)[0] == batch(begun, 0)[0]
    same(other, begun, steps=20)


def test_an_error_of_the_thread_is_the_trial_s() -> None:
    images = Images(PIXELS, torch.full((40,), 1000))
    sampler = BatchSampler(torch.zeros(40), 5, torch.Generator().manual_seed(0))
    ahead = Ahead(images, [sampler], CPU)
    with pytest.raises(IndexError):
        ahead.load(1)


def test_parts_come_in_their_order_and_one_ahead() -> None:
    got: list[int] = []

    def parts() -> Any:
        for part in range(5):
            got.append(part)
            yield part

    found = in_advance(parts())
    assert [*islice(found, 2)] == [0, 1]
    assert [*found] == [2, 3, 4]
    assert got == [*range(5)]
    assert [*in_advance(iter(()))] == []


def config(**changes: Any) -> TrialConfig:
    fields: dict[str, Any] = {
        "method": "auc_m",
        "dataset": "digits",
        "model": "small_cnn",
        "imratio": 0.1,
        "epochs": 2,
        "batch_size": 64,
        "intervals": 2,
        "data_root": "data",
        "data_seed": 1,
        "init_seed": 2,
        "order_seed": 3,
        "augmentation": "crop_flip",
    }
    return TrialConfig(**{**fields, **changes})


def finished(run: TrainingRun) -> list[dict[str, float]]:
    while not run.finished:
        run.train_interval()
    return [{k: v for k, v in point.items() if k != "seconds"} for point in run.curve]


@pytest.mark.parametrize("method", METHODS)
def test_a_trial_whose_images_do_not_fit_is_the_same_bit_for_bit(method: str) -> None:
    chosen = config(method=method)
    fitting, mapped = TrainingRun(chosen), TrainingRun(chosen, memory=0)
    assert type(fitting._supply) is Resident
    assert type(mapped._supply) is Ahead
    assert finished(mapped) == finished(fitting)
    for name, found in mapped.test(embeddings=True).items():
        np.testing.assert_array_equal(found, fitting.test(embeddings=True)[name])


@pytest.mark.parametrize(("before", "after"), [(0, 0), (0, None), (None, 0)])
@pytest.mark.parametrize("method", ["ct_auc", "auc_mixup", "two_stage"])
def test_it_goes_on_in_the_middle_of_an_interval_bit_for_bit(
    method: str, before: int | None, after: int | None, tmp_path: Path
) -> None:
    chosen = config(method=method)
    whole = TrainingRun(chosen)
    expected = finished(whole)
    begun = TrainingRun(chosen, memory=before)
    for _ in range(begun.steps // 3):
        begun.train_step()
    save_checkpoint(tmp_path / "c.pt", begun.state_dict())
    begun.train_step()
    state = load_checkpoint(tmp_path / "c.pt", "cpu")
    assert state is not None
    again = TrainingRun(chosen, memory=after)
    again.load_state_dict(state)
    assert finished(again) == expected
    np.testing.assert_array_equal(again.test()["scores"], whole.test()["scores"])
