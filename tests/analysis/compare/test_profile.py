"""Profiles: differences from the selected configuration, seed by seed."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.compare.profile import profiles
from analysis.results import from_record
from study.cell import Moves
from study.records import CellRecord, TrialRecord
from tests.analysis.conftest import make_cell, make_confirm, make_study, make_trial

MARGIN = {"low": 0.1, "high": 1.0, "log": False, "step": None}


def cell_of(searches: int = 1, seeds: int = 4, **fields: object) -> CellRecord:
    """Test AUROC falls by 0.1 (margin - 0.5)^2, and seeds differ by far more than that."""
    noise = np.random.default_rng(0).normal(0, 0.05, searches * seeds)
    moves = Moves({"margin": (0.1, 0.5, 0.9)}, {}, searches * seeds, test=True)
    search: list[TrialRecord] = []
    confirm: list[TrialRecord] = []
    profile: list[TrialRecord] = []
    for repeat in range(searches):
        own = 0.5 if searches == 1 else 0.4 + 0.1 * repeat
        search.append(make_trial(number=repeat, repeat=repeat, params={"margin": own}))
        for seed in range(repeat * seeds, (repeat + 1) * seeds):
            for value in (None, 0.1, 0.5, 0.9):
                margin = own if value is None else value
                auroc = float(0.8 + noise[seed] - 0.1 * (margin - 0.5) ** 2)
                common = {"params": {"margin": margin}, "repeat": repeat, "value": auroc + 0.05}
                row = make_confirm(seed, auroc, **common)
                if value is None:
                    confirm.append(replace(row, selected_from=repeat))
                elif value != own:
                    moved = ("margin", value)
                    number = len(profile)
                    profile.append(replace(row, phase="profile", moved=moved, number=number))
    made = make_cell(space={"margin": MARGIN}, search=tuple(search), confirm=tuple(confirm))
    return replace(
        made,
        confirm=tuple(confirm),
        profile=tuple(profile),
        searches=searches,
        selected=tuple(range(searches)),
        moves=moves,
        **fields,  # type: ignore[arg-type]
    )


def test_differences_are_paired_so_that_seeds_do_not_hide_them() -> None:
    table = profiles(from_record(make_study(cell_of())))
    assert list(table["text"]) == ["0.1", "0.5", "0.9"]
    assert list(table["own"]) == [False, True, False]
    assert table["test_difference"].to_numpy() == pytest.approx([-0.016, 0, -0.016])
    assert table["val_difference"].to_numpy() == pytest.approx([-0.016, 0, -0.016])
    assert list(table["n"]) == [4, 4, 4]
    assert (table["place"] == [0.1, 0.5, 0.9]).all()
    assert not table["log"].any()


def test_every_winner_is_compared_with_itself() -> None:
    """Three searches selected 0.4, 0.5 and 0.6; the searches are the sample."""
    table = profiles(from_record(make_study(cell_of(searches=3)))).set_index(["text", "own"])
    own = np.array([-0.001, 0.0, -0.001])
    assert table.loc[("0.9", False), "test_difference"] == pytest.approx(np.mean(-0.016 - own))
    d = -0.016 - own
    half = 4.302653 * d.std(ddof=1) / np.sqrt(3)
    assert table.loc[("0.9", False), "test_high"] == pytest.approx(d.mean() + half, abs=1e-6)
    # The search that selected 0.5 has no trial of its own there, and the others have.
    assert table.loc[("0.5", False), "n"] == 8
    assert table.loc[("0.5", True), "n"] == 4
    assert sorted(text for text, is_own in table.index if is_own) == ["0.4", "0.5", "0.6"]


def test_a_pair_needs_both_and_what_failed_is_left_out() -> None:
    cell = cell_of()
    lost = replace(cell.confirm[1], state="FAIL", value=None, test_auroc=None)
    confirm = (cell.confirm[0], lost, *cell.confirm[2:])
    table = profiles(from_record(make_study(replace(cell, confirm=confirm))))
    assert list(table["n"]) == [3, 3, 3]
    assert table["test_difference"].to_numpy() == pytest.approx([-0.016, 0, -0.016])


def test_without_the_test_set_validation_alone_is_known() -> None:
    cell = cell_of()
    untested = tuple(replace(row, test_auroc=None) for row in cell.profile)
    table = profiles(from_record(make_study(replace(cell, profile=untested))))
    assert table.loc[~table["own"], "test_difference"].isna().all()
    assert table["val_difference"].notna().all()


def test_no_interval_from_two_seeds() -> None:
    table = profiles(from_record(make_study(cell_of(seeds=2))))
    assert table["test_low"].isna().all()


def test_a_study_without_profiles_has_none() -> None:
    table = profiles(from_record(make_study(replace(cell_of(), moves=None, profile=()))))
    assert table.empty
