"""A profile moves one hyperparameter of what is confirmed, on the seeds of the confirm rows."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from study.cell import Moves
from study.ledger.cell_ledger import CellLedger
from study.ledger.ledger import Ledger
from study.ledger.rows import Row
from study.ledger.rules import MAX_REPLACEMENTS
from study.reader import read_study
from tests.study.conftest import CELL
from tests.study.ledger.conftest import Open, cell_of, finish
from trainables.config import Outcome

Opener = Callable[..., CellLedger]
MOVES = Moves({"margin": (0.1, 0.5), "clip": (None, 1.0)}, {"clip": None}, seeds=2, test=False)


@pytest.fixture
def opened(open_it: Open, tmp_path: Path) -> Opener:
    """The ledger of the one cell, changed as named; again and again, as after a driver's death."""

    def opened(**changes: Any) -> CellLedger:
        wanted: dict[str, Any] = {"seeds": 3, "moves": MOVES, **changes}
        storage = open_it(f"sqlite:///{tmp_path / 'study.db'}")
        return cell_of(Ledger(storage, "s", [replace(CELL, **wanted)]))

    return opened


def run_all(cell: CellLedger, best: float = 0.4) -> list[Row]:
    """Everything that is left; the search row whose margin is nearest to ``best`` wins."""
    rows = []
    while row := cell.next_search() or cell.next_confirm() or cell.next_profile():
        finish(cell, row, 1 - abs(row.params["margin"] - best))
        rows.append(row)
    return rows


def test_every_move_is_trained_on_the_confirm_seeds(opened: Opener) -> None:
    cell = opened()
    run_all(cell)
    (winner,) = cell.standing.selected
    profile = cell.rows["profile"]
    # clip is not searched and null: its other value alone is a move.
    wanted = [("margin", 0.1), ("margin", 0.5), ("clip", 1.0)]
    assert [(row.moved, row.seed) for row in profile] == [(m, s) for m in wanted for s in (0, 1)]
    confirm = {row.seed: row for row in cell.rows["confirm"]}
    for row in profile:
        assert row.moved is not None
        name, value = row.moved
        assert row.params == {**winner.params, name: value}
        assert row.selected_from == winner.number
        assert row.seeds == confirm[row.seed].seeds
    assert cell.finished


def test_a_value_that_was_selected_is_no_move(opened: Opener) -> None:
    cell = opened(
        space={}, fixed={"margin": 0.5}, moves=replace(MOVES, unmoved={"margin": 0.5, "clip": 1.0})
    )
    while row := cell.next_search() or cell.next_confirm() or cell.next_profile():
        finish(cell, row, 0.8)
    assert {row.moved for row in cell.rows["profile"]} == {("margin", 0.1), ("clip", None)}


def test_nothing_is_moved_before_it_is_known_what_is_selected(opened: Opener) -> None:
    cell = opened()
    row = cell.next_search()
    assert row is not None
    finish(cell, row, 0.9)
    assert cell.next_profile() is None
    assert cell.standing.profile_left == 6, "two margins and another clip, on two seeds"


def test_more_values_and_seeds_only_add(opened: Opener) -> None:
    run_all(opened())
    before = opened().rows["profile"]
    more = replace(MOVES, values={**MOVES.values, "margin": (0.1, 0.5, 0.9)}, seeds=3)
    cell = opened(moves=more)
    added = run_all(cell)
    assert cell.rows["profile"][: len(before)] == before
    moves = [("margin", 0.1), ("margin", 0.5), ("clip", 1.0)]
    assert {(row.moved, row.seed) for row in added} == {
        *((move, 2) for move in moves),
        *((("margin", 0.9), seed) for seed in (0, 1, 2)),
    }


def test_a_profile_joins_a_study_that_has_none(opened: Opener) -> None:
    first = run_all(opened(moves=None))
    assert {row.phase for row in first} == {"search", "confirm"}
    assert {row.phase for row in run_all(opened())} == {"profile"}


@pytest.mark.parametrize("left", [None, replace(MOVES, values={"margin": (0.1, 0.5)})])
def test_what_is_moved_no_more_is_neither_trained_nor_shown(
    opened: Opener, tmp_path: Path, left: Moves | None
) -> None:
    """As of a driver of the version that also moved what does nothing, stopped in the middle."""
    cell = opened()
    while row := cell.next_search() or cell.next_confirm():
        finish(cell, row, 1 - abs(row.params["margin"] - 0.4))
    for _ in range(3):
        row = cell.next_profile()
        assert row is not None
        finish(cell, row, 0.5)
    assert [row.state for row in cell.rows["profile"]] == ["COMPLETE"] * 3 + ["WAITING"] * 3
    cell = opened(moves=left)
    run_all(cell)
    standing = cell.standing
    assert standing.finished
    (tmp_path / "study.yaml").write_text(yaml.safe_dump({"name": "s", "storage": None}))
    (found,) = read_study(tmp_path).cells
    assert found.standing.finished
    assert found.standing.left == standing.left == 0
    assert found.standing.planned == standing.planned
    names = {row.moved[0] for row in found.profile if row.moved is not None}
    assert names == (set() if left is None else {"margin"})


def test_another_winner_has_its_own_profile(opened: Opener) -> None:
    run_all(opened())
    cell = opened(trials=7)
    better = cell.next_search()
    assert better is not None
    finish(cell, better, 2.0)
    again = run_all(cell)
    (winner,) = cell.standing.selected
    assert winner is better
    assert {row.selected_from for row in again if row.phase == "profile"} == {winner.number}
    old = [row for row in cell.rows["profile"] if row.selected_from != winner.number]
    assert len(old) == 6
    assert [row for row in cell.standing.superseded if row.phase == "profile"] == old


def test_a_crashed_move_is_replaced_so_many_times(opened: Opener) -> None:
    cell = opened(trials=1, moves=Moves({"margin": (0.5,)}, {}, seeds=1, test=False))
    while row := cell.next_search() or cell.next_confirm():
        finish(cell, row, 0.8)
    while row := cell.next_profile():
        cell.tell(row, "FAIL", Outcome(reason="a worker died", crashed=True))
    assert len(cell.rows["profile"]) == 1 + MAX_REPLACEMENTS
    assert cell.finished
    assert not cell.standing.failed


def test_each_winner_is_moved_on_its_own_seeds(opened: Opener) -> None:
    cell = opened(trials=2, repeats=2, seeds=4)
    run_all(cell)
    for repeat, searched in enumerate(cell.standing.searches):
        winner = searched.selected
        assert winner is not None
        assert {row.selected_from for row in searched.profiled} == {winner.number}
        assert {row.seed for row in searched.profiled} == {0}, "one of the two of each search"
        (seeds,) = [row.seeds for row in searched.current if row.seed == 0]
        assert all(row.seeds == seeds for row in searched.profiled), repeat


def test_a_reader_tells_the_moves(opened: Opener, tmp_path: Path) -> None:
    run_all(opened())
    (tmp_path / "study.yaml").write_text(yaml.safe_dump({"name": "s", "storage": None}))
    (cell,) = read_study(tmp_path).cells
    assert cell.moves == MOVES
    assert [row.moved for row in cell.profile][::2] == [
        ("margin", 0.1),
        ("margin", 0.5),
        ("clip", 1.0),
    ]
    assert {row.origin for row in cell.profile} == {"profile"}
    assert cell.profile[4].params["clip"] == 1.0
    assert cell.standing.finished
