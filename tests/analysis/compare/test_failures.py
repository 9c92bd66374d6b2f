"""Nothing is dropped in silence: failed rows, cells without a result, missing rows."""

from collections.abc import Callable
from typing import Any

from analysis.compare import failures
from analysis.findings import Findings
from analysis.results import Results, from_record
from analysis.sections.failures import section
from analysis.write.blocks import Table

Build = Callable[..., Any]
FAIL = {"state": "FAIL", "value": None, "reason": "The loss became NaN."}


def test_every_failed_row_is_listed(
    study: Build, cell: Build, trial: Build, confirm: Build
) -> None:
    record = cell(
        search=(trial(), trial(number=1, **FAIL, params={"lr": 0.5, "k": 2})),
        confirm=(confirm(0, None, state="FAIL", value=None),),
        superseded=(confirm(1, None, **FAIL),),
    )
    table = failures.failed_rows(from_record(study(record)))
    assert table["trial"].tolist() == [
        f"{record.id}/{p}" for p in ("search/1", "confirm/0", "confirm/1")
    ]
    assert table["reason"][1] == "no reason was recorded"
    assert table["params"][0] == {"lr": 0.5, "k": 2}


def test_groups_hold_every_row_once(simulated: Results) -> None:
    rows = failures.failed_rows(simulated)
    groups = failures.grouped(rows)
    assert groups["count"].sum() == len(rows)
    doomed = groups[groups["count"] == 40].iloc[0]
    assert doomed["rows"] == tuple(range(40))
    assert "inner_steps = 1 or 2 or 3" in doomed["params"]


def test_reasons_why_a_cell_has_no_result(
    study: Build, cell: Build, trial: Build, confirm: Build
) -> None:
    failed = trial(**FAIL)
    running = trial(number=1, state="RUNNING", value=None)
    table = failures.without_result(
        from_record(
            study(
                cell("a", search=(failed,), planned_seeds=2),
                cell("b", search=(failed, running)),
                cell("c", search=(trial(),), selected=0, planned_seeds=1),
                cell("d", search=(trial(),), confirm=(confirm(0, None, **FAIL),)),
                cell("e", search=(trial(),), selected=0),
                cell("f", search=(trial(),), confirm=(confirm(0, 0.8),)),
            )
        )
    ).set_index("method")
    assert table["why"].to_dict() == {
        "a": "none of its 1 search trials finished",
        "b": "the search goes on (1 of 2 trials ended)",
        "c": "its confirm trials have not finished",
        "d": "all of its 1 confirm trials failed",
        "e": "the study plans no confirm seeds",
    }
    assert table["over"].to_dict() == {"a": True, "b": False, "c": False, "d": True, "e": True}


def test_missing_rows(study: Build, cell: Build, trial: Build, confirm: Build) -> None:
    running = {"state": "RUNNING", "value": None}
    table = failures.missing_rows(
        from_record(
            study(
                cell("ahead", search=(trial(),), planned_trials=3, planned_seeds=2),
                cell("dead", search=(trial(**FAIL),), planned_seeds=2),
                cell(
                    "replaced",  # more rows than planned: a crashed row got a replacement
                    search=(trial(**FAIL), trial(number=1), trial(number=2, **running)),
                    planned_trials=2,
                ),
                cell(
                    "confirming",
                    search=(trial(),),
                    confirm=(confirm(0, 0.8), confirm(1, None, **running)),
                    planned_seeds=3,
                ),
                cell("done", search=(trial(),), confirm=(confirm(0, 0.8),)),
            )
        )
    ).set_index("method")
    assert table["search"].tolist() == [2, 0, 1, 0, 0]
    assert table["confirm"].tolist() == [2, 0, 0, 2, 0]


def test_what_crashed_is_still_to_come(
    study: Build, cell: Build, trial: Build, confirm: Build
) -> None:
    """Until its replacement has come to its end, or the cap on replacements is reached."""
    crashed = FAIL | {"crashed": True}
    given_up = tuple(confirm(0, None, number=number, **crashed) for number in range(4))
    results = from_record(
        study(
            cell("search", search=(trial(), trial(number=1, **crashed)), selected=None),
            cell("confirm", search=(trial(),), confirm=(confirm(0, None, **crashed),)),
            cell("given-up", search=(trial(),), confirm=given_up, planned_seeds=1),
        )
    )
    missing = failures.missing_rows(results).set_index("method")
    assert missing["search"].to_dict() == {"search": 1, "confirm": 0, "given-up": 0}
    assert missing["confirm"].to_dict() == {"search": 0, "confirm": 1, "given-up": 0}
    whys = failures.without_result(results).set_index("method")["why"].to_dict()
    assert whys == {
        "search": "the search goes on (2 of 3 trials ended)",
        "confirm": "its confirm trials have not finished",
        "given-up": "all of its 4 confirm trials failed",
    }
    scores = Findings(results).scores.set_index("method")
    assert scores["failed"].to_dict() == {"search": 0, "confirm": 0, "given-up": 1}
    assert scores["missing"].to_dict() == {"search": 0, "confirm": 1, "given-up": 0}


def test_simulated_study_misses_two_confirm_rows(simulated: Results, finished: Results) -> None:
    assert failures.missing_rows(simulated)[["search", "confirm"]].sum().tolist() == [0, 2]
    assert failures.missing_rows(finished)[["search", "confirm"]].sum().tolist() == [0, 0]


def test_every_death_of_a_worker_is_told(study: Build, cell: Build, trial: Build) -> None:
    rows = (trial(deaths=("its node died", "its node died")), trial(number=1))
    results = from_record(study(cell(search=rows)))
    assert results.trials["deaths"].tolist() == [2, 0]
    table = failures.deaths(results)
    assert table["trial"].tolist() == [f"{results.study.cells[0].id}/search/0"] * 2
    blocks = section(Findings(results)).blocks
    shown = next(b for b in blocks if isinstance(b, Table) and b.name == "deaths")
    assert [cell.text for cell in shown.rows[0][2:]] == ["2", "search 0", "its node died"]
