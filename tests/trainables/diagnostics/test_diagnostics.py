"""A trial that is looked at: the same trial to the last bit, and figures that are its own."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch import nn

from tests.trainables.averages.networks import with_dropout
from tests.trainables.test_loop import config, timeless, to_the_end
from trainables.checkpoint import load_checkpoint, save_checkpoint
from trainables.diagnostics import diagnostics
from trainables.diagnostics.scores import BINS
from trainables.loop import TrainingRun

NAMES = {
    "diag_active",
    *(f"diag_{what}_{part}" for what in ("gap", "auroc") for part in ("train", "test")),
    *(f"diag_gradient_{name}" for name in ("negative", "positive")),
}
DROPOUT = f"{with_dropout.__module__}:{with_dropout.__name__}"
SHORT: dict[str, Any] = {"method": "ce", "params": {}, "epochs": 2, "intervals": 2}


def looked_at(memory: int | None = None, **changes: Any) -> TrainingRun:
    return TrainingRun(config(**{**SHORT, "diagnostics": True, **changes}), memory)


def plain(curve: list[dict[str, float]]) -> list[dict[str, float]]:
    """Without the figures in question, and without times."""
    return [
        {name: value for name, value in point.items() if not name.startswith("diag_")}
        for point in timeless(curve)
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "auc_mixup"},
        {"method": "ct_auc", "params": {"evaluate": "u"}, "model": DROPOUT},
        {"model": DROPOUT, "evaluation": {"ema": 0.9}},
        {"method": "two_stage", "model": DROPOUT},
    ],
)
def test_a_trial_has_the_same_numbers_with_and_without(changes: dict[str, Any]) -> None:
    first, second = looked_at(**changes), looked_at(**changes, diagnostics=False)
    with_figures, without = to_the_end(first), to_the_end(second)
    assert all(point.keys() >= NAMES for point in with_figures)
    assert plain(with_figures) == without
    for mine, theirs in zip(first._model.parameters(), second._model.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    found, other = first.test(), second.test()
    np.testing.assert_array_equal(found["scores"], other["scores"])
    assert found.keys() - other.keys() == {"diag_intervals", "diag_scores"}


def test_the_figures_are_those_of_the_weights_that_are_evaluated() -> None:
    run = looked_at(method="auc_m")
    last = to_the_end(run)[-1]
    task, model = run._task, run._model.eval()
    logits, targets = {}, {}
    with torch.no_grad():
        for part in ("train", "test"):
            images = torch.cat([*getattr(task, f"{part}_images").split(1000)])
            logits[part] = model(run._inputs.normalised(images)).double()
            targets[part] = getattr(task, f"{part}_targets").numpy()
    scores = {part: each.sigmoid().numpy() for part, each in logits.items()}
    for part, score in scores.items():
        mine = score[targets[part] == 1].mean() - score[targets[part] == 0].mean()
        assert last[f"diag_gap_{part}"] == pytest.approx(mine, rel=1e-4)
        expected = roc_auc_score(targets[part], logits[part].numpy())
        assert last[f"diag_auroc_{part}"] == pytest.approx(expected, rel=1e-5)
    assert last["diag_auroc_test"] == pytest.approx(run.test()["test_auroc"], rel=1e-5)
    found = run.test()
    assert found["diag_intervals"].tolist() == [1, 2]
    assert found["diag_scores"].shape == (2, 2, 2, BINS)
    counts = [[int((targets[part] == of).sum()) for of in (0, 1)] for part in ("train", "test")]
    assert found["diag_scores"].sum(-1).tolist() == [counts, counts]


def test_the_gradient_is_that_of_as_many_images_as_are_asked_for() -> None:
    """The whole of a class, where it has no more; also of another order of these images."""
    run = looked_at(epochs=1, intervals=1, imratio=0.05)
    (last,) = to_the_end(run)
    targets = run._task.train_targets
    positives = (targets == 1).nonzero().squeeze(1)
    assert len(positives) < diagnostics.PROBE
    model = run._model.eval()
    model.zero_grad()
    batch = run._inputs.plain(positives)
    nn.functional.binary_cross_entropy_with_logits(model(batch.images), batch.targets).backward()
    every = torch.cat([each.grad.flatten() for each in model.parameters() if each.grad is not None])
    assert last["diag_gradient_positive"] == pytest.approx(float(every.norm()), rel=1e-4)


def test_a_trial_goes_on_in_the_middle_of_an_interval_with_all_that_was_kept(
    tmp_path: Path,
) -> None:
    chosen: dict[str, Any] = {"method": "auc_m", "model": DROPOUT}
    through = looked_at(**chosen)
    whole = to_the_end(through)
    first = looked_at(**chosen)
    first.train_interval()
    middle = first.step + 3

    def save() -> None:
        if first.step == middle:
            save_checkpoint(tmp_path / "c.pt", first.state_dict())

    first.train_interval(save)
    second = looked_at(**chosen)
    state = load_checkpoint(tmp_path / "c.pt", "cpu")
    assert state is not None
    second.load_state_dict(state)
    assert to_the_end(second) == whole
    for name in ("diag_intervals", "diag_scores"):
        np.testing.assert_array_equal(second.test()[name], through.test()[name])

    # Begun before it was asked for: it keeps what is still to come.
    without = looked_at(**chosen, diagnostics=False)
    without.train_interval()
    late = looked_at(**chosen)
    late.load_state_dict(without.state_dict())
    first_point, second_point = to_the_end(late)
    assert not NAMES & first_point.keys()
    assert second_point.keys() >= NAMES
    assert late.test()["diag_intervals"].tolist() == [2]


def test_of_many_images_some_of_each_class_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnostics, "MOST", 50)
    on_host, resident = (looked_at(memory, imratio=0.3, model="mlp") for memory in (0, None))
    assert to_the_end(on_host) == to_the_end(resident)
    found = resident.test()["diag_scores"]
    assert (found.sum(-1) == 50).all()
    np.testing.assert_array_equal(on_host.test()["diag_scores"], found)


def test_metadata_come_with_their_images() -> None:
    run = looked_at(
        dataset="tests.trainables.metadata:read",
        imratio=0.3,
        batch_size=32,
        augmentation="flip",
        network={"branch": "joint", "merge": 0.4},
    )
    last = to_the_end(run)[-1]
    assert last["diag_auroc_test"] == pytest.approx(run.test()["test_auroc"], rel=1e-5)


def test_scores_that_are_not_finite_leave_the_trial_as_it_is() -> None:
    run = looked_at()
    with torch.no_grad():
        run._model.head.bias.fill_(torch.inf)
    assert run._diagnostics.look(1) == {}
    assert len(run._diagnostics.arrays()["diag_scores"]) == 0


def test_of_several_labels_nothing_is_kept() -> None:
    run = looked_at(dataset="tests.trainables.three_labels:read", model="mlp", imratio=None)
    assert not any(name.startswith("diag_") for point in to_the_end(run) for name in point)
    assert "diag_scores" not in run.test()
