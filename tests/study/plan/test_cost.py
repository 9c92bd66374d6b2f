"""The plan: counts against the data protocol, shares against a simulation, hours by hand."""

from typing import Any

import pytest

from study.cells import cells
from study.plan.cost import asha_share, plan_study
from study.plan.timing import Timing, _run
from study.spec import StudySpec, parse_spec
from study.spec.evaluation import Evaluation


def small(**search: object) -> StudySpec:
    return parse_spec(
        {
            "name": "small",
            "methods": ["ce", "ct_auc"],
            "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 4, "batch_size": 64}],
            "imratios": [0.1, None],
            "search": {"trials": 6, **search},
            "confirm": {"seeds": 2},
        }
    )


TIMINGS = {
    ("ce", "digits-mlp"): Timing(step=0.5, validation=2.0, evaluations=64),
    ("ct_auc", "digits-mlp"): Timing(step=1.0, validation=2.0, evaluations=128),
}


def test_cells_and_images() -> None:
    planned = plan_study(small(), TIMINGS, slots=2)
    names = [(cell.method, cell.imratio) for cell in planned.cells]
    assert names == [("ce", 0.1), ("ct_auc", 0.1), ("ce", None), ("ct_auc", None)]
    rare = planned.cells[0]
    (positives,), (negatives,) = rare.train.positives, rare.train.negatives
    assert positives == negatives // 9  # 0.1 / 0.9 of the negatives
    assert rare.test.images == 355
    assert rare.steps == 4 * (rare.train.images // 64)
    assert rare.gradient_evaluations == 64 * rare.steps
    assert planned.cells[1].gradient_evaluations == 2 * rare.gradient_evaluations
    assert planned.trials == 4 * (6 + 2)


def test_seconds_add_up() -> None:
    planned = plan_study(small(pruner="none"), TIMINGS, slots=2)
    for cell in planned.cells:
        step = TIMINGS[cell.method, cell.task].step
        assert cell.search_seconds == pytest.approx(cell.steps * step + 4 * 2.0)
        extra = 2.0 * cell.test.images / cell.val.images
        assert cell.confirm_seconds == pytest.approx(cell.search_seconds + extra)
    by_hand = sum(6 * cell.search_seconds + 2 * cell.confirm_seconds for cell in planned.cells)
    assert planned.seconds == planned.most_seconds == pytest.approx(by_hand / 2)


@pytest.mark.parametrize(
    ("evaluation", "passes", "copies"),
    [
        ({"tta": 30}, 0, 30),
        ({"ema": 0.9}, 4, 1),
        ({"swa": 0.3, "tta": 5}, 2, 5),
        ({"best": True}, 0, 1),
    ],
)
def test_evaluation_options_are_counted_image_by_image(
    evaluation: dict[str, Any], passes: int, copies: int
) -> None:
    """A pass for BatchNorm is one over the training set, since that has fewer than 32 batches."""
    spec = small().model_copy(update={"evaluation": Evaluation(**evaluation)})
    for cell, plain in zip(
        plan_study(spec, TIMINGS, slots=1).cells,
        plan_study(small(), TIMINGS, slots=1).cells,
        strict=True,
    ):
        image = 2.0 / cell.val.images
        statistics = cell.train.images // 64 * 64 * image
        in_training = passes * statistics
        assert cell.search_seconds == pytest.approx(plain.search_seconds + in_training)
        in_test = copies * (cell.test.images + cell.val.images) * image
        in_test += statistics if passes else 0
        more = in_training + in_test
        assert cell.confirm_seconds == pytest.approx(plain.confirm_seconds + more)


def test_diagnostics_are_counted_in_confirm_trials_alone() -> None:
    """All training and test images, and three times up to 64 images of a class, an interval."""
    spec = small().model_copy(update={"diagnostics": True})
    for cell, plain in zip(
        plan_study(spec, TIMINGS, slots=1).cells,
        plan_study(small(), TIMINGS, slots=1).cells,
        strict=True,
    ):
        assert cell.search_seconds == plain.search_seconds
        probes = min(*cell.train.positives, 64) + min(*cell.train.negatives, 64)
        more = 4 * (cell.train.images + cell.test.images + 3 * probes) * 2.0 / cell.val.images
        assert cell.confirm_seconds == pytest.approx(plain.confirm_seconds + more)


@pytest.mark.parametrize(
    ("budget", "steps"),
    [
        ({"budget": "gradient_evaluations"}, (44, 22)),
        ({"budget": "seconds", "seconds": 9}, (18, 9)),
    ],
)
def test_steps_follow_the_budget(budget: dict[str, object], steps: tuple[int, int]) -> None:
    """At 10 % digits give 11 steps an epoch; ct_auc takes two passes and twice as long."""
    spec = small()
    task = spec.tasks[0].model_copy(update=budget)
    planned = plan_study(spec.model_copy(update={"tasks": [task]}), TIMINGS, slots=1)
    assert tuple(cell.steps for cell in planned.cells[:2]) == steps


def test_asha_saves_time() -> None:
    planned = plan_study(small(), TIMINGS, slots=1)
    assert planned.seconds < planned.most_seconds
    assert planned.most_seconds == pytest.approx(
        plan_study(small(pruner="none"), TIMINGS, slots=1).seconds
    )


def test_a_chain_of_warm_starts_takes_its_searches_one_after_the_other() -> None:
    """However many machines: one trial of each search, then that of the smallest ratio."""

    def planned(**search: object) -> Any:
        ratios = [0.05, 0.3, 0.1, None]
        spec = small(pruner="none", **search).model_copy(update={"imratios": ratios})
        return plan_study(spec, TIMINGS, slots=10_000)

    side_by_side, chained = planned(), planned(warm_start=True)
    alone = {(c.method, c.imratio): c.chain for c in side_by_side.cells}
    waits = {(c.method, c.imratio): c for c in chained.cells}
    for method in ("ce", "ct_auc"):
        one, two, three = (waits[method, ratio] for ratio in (0.3, 0.1, 0.05))
        assert one.chain == alone[method, 0.3]
        assert two.chain == alone[method, 0.1] + one.search_seconds
        assert three.chain == alone[method, 0.05] + one.search_seconds + two.search_seconds
        assert waits[method, None].chain == alone[method, None]
    assert side_by_side.seconds == max(alone.values())
    assert chained.seconds == max(c.chain for c in chained.cells) > side_by_side.seconds


@pytest.mark.parametrize(("intervals", "grace", "reduction"), [(9, 1, 3), (100, 1, 3), (6, 2, 2)])
def test_share_of_asha_is_that_of_halving(intervals: int, grace: int, reduction: int) -> None:
    # Successive halving of a crowd that divides evenly: count the intervals one by one.
    rungs = [grace * reduction**k for k in range(20) if grace * reduction**k < intervals]
    alive = crowd = reduction ** len(rungs)
    spent = 0
    for interval in range(1, intervals + 1):
        spent += alive
        if interval in rungs:
            alive //= reduction
    assert asha_share(intervals, grace, reduction) == pytest.approx(spent / (crowd * intervals))


def test_one_interval_is_never_cut() -> None:
    assert asha_share(1, 1, 3) == 1.0


def test_no_number_of_slots_makes_a_study_shorter_than_its_longest_cell() -> None:
    """One search trial and one confirm trial after it."""
    planned = plan_study(small(pruner="none"), TIMINGS, slots=10_000)
    longest = max(cell.search_seconds + cell.confirm_seconds for cell in planned.cells)
    assert planned.seconds == planned.most_seconds == longest


def test_batches_of_the_methods_own_size_are_planned_as_they_are_trained() -> None:
    spec = parse_spec(
        {
            "name": "own-batches",
            "methods": ["ce", "ce_tuned"],
            "tasks": [{"dataset": "digits", "model": "mlp", "epochs": 4, "batch_size": 64}],
            "imratios": [0.1],
            "search": {"trials": 1},
            "space": {"ce_tuned": {"batch_factor": 0.5}},
        }
    )
    timings = {
        ("ce", "digits-mlp"): Timing(step=0.5, validation=2.0, evaluations=64),
        ("ce_tuned", "digits-mlp"): Timing(step=0.5, validation=2.0, evaluations=32),
    }
    ce, tuned = plan_study(spec, timings, slots=1).cells
    run = _run(cells(spec)[1])
    assert (tuned.steps, run.batch_size) == (2 * ce.steps, 32)
    assert tuned.steps == run.steps
    assert tuned.gradient_evaluations == ce.gradient_evaluations
