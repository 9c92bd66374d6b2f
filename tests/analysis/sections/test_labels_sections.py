"""Chapters of labels, subgroups and data: what they show, and what others say of them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis import labels, report
from analysis.findings import Findings
from analysis.read.several import combine
from analysis.results import Results, from_record
from analysis.sections import budget, by_label, convergence, data, provenance, roc, subgroups
from analysis.sections.mean_alone import MEAN_ALONE
from analysis.write.blocks import Figure, Note, Prose, Section, Table
from tests.analysis.patients import FINDINGS, patients_study

Build = Callable[..., Any]
GAPS = {"ce": 1.0, "auc_m": 1.7}
PARTS = {
    name: {
        "images": images,
        "positives": [images // 3, images // 4],
        "negatives": [images // 3, images // 2],
        "groups": images // 2,
    }
    for name, images in (("train", 600), ("validation", 60), ("test", 120))
}
ONE = {
    "negatives": ["0 or 1"],
    "positives": ["4"],
    "labels": [],
    "notes": ["2 images were skipped."],
    "parts": {
        "0.1": {"train": {"images": 50, "positives": [5], "negatives": [45], "groups": None}},
        "natural": {"test": {"images": 40, "positives": 8, "negatives": 32}},
    },
}
MANY = {
    "negatives": [],
    "positives": [],
    "labels": ["Edema", "Mass"],
    "notes": [],
    "parts": {"natural": PARTS},
}


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Five labels, patients and metadata, at two ratios."""
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("many")
    return patients_study(folder, GAPS, rng, ratios=(0.1, None), metrics=["auroc", "auprc"])


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """One label, no groups, no metadata."""
    folder, rng = tmp_path_factory.mktemp("single"), np.random.default_rng(1)
    return patients_study(folder, GAPS, rng, labels=(), grouped=False, metadata=False)


def tables(section: Section | None) -> dict[str, Table]:
    assert section is not None
    return {table.name: table for table in section.tables()}


def words(section: Section | None) -> str:
    assert section is not None
    said = [str(block.text) for block in section.blocks if isinstance(block, Prose)]
    said += [each for block in section.blocks if isinstance(block, Note) for each in block.items]
    return " ".join(said)


def figures(section: Section | None) -> dict[str, Figure]:
    assert section is not None
    return {block.name: block for block in section.blocks if isinstance(block, Figure)}


def test_labels_and_their_mean_stand_beside_each_other(many: Results) -> None:
    found = Findings(many)
    section = by_label.section(found)
    table = tables(section)["labels"]
    assert [row[1].text for row in table.rows] == [*FINDINGS, "mean over labels"] * 2
    cells = found.by_label.cells[found.by_label.cells["ratio"] == "10 %"]
    row = cells[(cells["label"] == "Edema") & (cells["method"] == "auc_m")].iloc[0]
    shown = table.rows[FINDINGS.index("Edema")][5]
    assert shown.text == labels.auroc(row["mean"])
    assert shown.note == f"{row['low']:.3f} to {row['high']:.3f}"
    assert table.trace(0, 4) is not None
    means = found.scores.set_index(["ratio", "method"])["mean"]
    assert table.rows[len(FINDINGS)][4].text == labels.auroc(means["10 %", "ce"])
    pairs = tables(section)["labels-pairs"]
    assert [row[1].text for row in pairs.rows] == [*FINDINGS] * 2
    assert len(pairs.data) == 2 * len(FINDINGS)
    precise = tables(section)["labels-auprc"]
    first = cells[(cells["label"] == FINDINGS[0]) & (cells["method"] == "ce")].iloc[0]
    assert precise.rows[0][3].text == labels.auroc(first["auprc"])
    assert [*figures(section)] == ["label-intervals-0", "label-intervals-1"]
    drawn = figures(section)["label-intervals-0"].figure
    assert list(drawn.layout.yaxis.ticktext) == [*FINDINGS]
    dots = [trace for trace in drawn.data if trace.name == "auc_m"]
    here = cells[cells["method"] == "auc_m"]
    assert [dot.x[0] for dot in dots] == pytest.approx(here["mean"].tolist(), abs=1e-5)
    ends = [dot.x[0] + dot.error_x.array[0] for dot in dots]
    assert ends == pytest.approx(here["high"].tolist(), abs=1e-5)


def test_many_methods_stand_in_several_tables(tmp_path: Path) -> None:
    gaps = {f"m{i}": 1.0 + 0.1 * i for i in range(8)}
    results = patients_study(tmp_path, gaps, np.random.default_rng(2), seeds=1)
    found = tables(by_label.section(Findings(results)))
    heads = [[c.label for c in found[f"labels-{i}"].columns[4:]] for i in (1, 2)]
    assert heads == [[f"m{i}" for i in range(6)], ["m6", "m7"]]
    assert set(found["labels-2"].data["method"]) == {"m6", "m7"}


def test_subgroups_have_counts_intervals_and_a_caution(many: Results) -> None:
    section = subgroups.section(Findings(many))
    table = tables(section)["subgroups"]
    heads = [column.label for column in table.columns]
    assert heads[:5] == ["Setting", "Column", "Category", "Positives", "Negatives"]
    assert heads[5:] == ["Groups", "Labels", "ce", "auc_m"]
    assert len(table.rows) == 2 * 6
    first = Findings(many).subgroups.cells.iloc[0]
    assert table.rows[0][7].text == labels.auroc(first["mean"])
    assert table.rows[0][7].note == f"{first['low']:.3f} to {first['high']:.3f}"
    assert "one in twenty misses its truth" in words(section)
    assert "machine (40 categories)" in words(section)
    ticks = figures(section)["subgroups-0"].figure.layout.yaxis.ticktext
    assert list(ticks[:3]) == ["sex: female", "sex: male", "site: arm"]


def test_a_category_of_one_class_says_so(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    results = patients_study(tmp_path, {"ce": 1.0}, rng, labels=(), patients=20)
    for path in (tmp_path / "predictions").iterdir():
        with np.load(path) as file:
            kept = dict(file)
        kept["metadata.sex"] = np.where(kept["targets"], "f", "m")
        np.savez(path, allow_pickle=False, **kept)
    table = tables(subgroups.section(Findings(results)))["subgroups"]
    shown = {row[2].text: row[-1].text for row in table.rows if row[1].text == "sex"}
    assert shown == {"f": "one class only", "m": "one class only"}


def test_curves_and_scores_are_drawn_label_by_label(many: Results) -> None:
    drawn = figures(roc.section(Findings(many)))
    for name in ("roc", "precision-recall", "scores"):
        for i in (0, 1):
            panels = drawn[f"{name}-labels-{i}"].figure.layout.annotations
            assert [panel.text for panel in panels] == [*FINDINGS]
    assert len(drawn["roc"].figure.layout.annotations) == 2  # a panel a setting: the mean
    panels = figures(convergence.section(Findings(many)))["convergence-labels-0"].figure
    assert [panel.text for panel in panels.layout.annotations] == [*FINDINGS]
    # The curve of the second label lies 0.01 below the mean.
    mean = Findings(many).convergence
    own = Findings(many).label_convergence
    second = own[own["label"] == FINDINGS[1]]
    assert second["median"].tolist() == pytest.approx((mean["median"] - 0.01).tolist())


def test_chapters_say_that_they_go_by_the_mean_and_by_groups(many: Results) -> None:
    parts = {part.key: part for part in report.sections(Findings(many))}
    for key, part in parts.items():
        said = "by the mean over labels alone (chexpert-small: 5 labels)" in words(part)
        assert said == (key in MEAN_ALONE), key
    for key in ("main-table", "pairwise", "metrics"):
        assert "(150 groups)" in words(parts[key]), key
        assert "Obuchowski 1997" in words(parts[key])
    intervals = tables(parts["main-table"])["intervals"]
    assert [row[-1].text for row in intervals.rows] == ["150"] * 4
    frame = tables(parts["metrics"])["metrics-labels"]
    assert len(frame.rows) == 2 * 2 * len(FINDINGS)
    assert [column.label for column in frame.columns[3:]] == ["AUPRC"]


def test_a_study_of_one_label_without_groups_is_as_it_was(single: Results) -> None:
    parts = {part.key: part for part in report.sections(Findings(single))}
    assert not {"labels", "subgroups", "data"} & parts.keys()
    assert "groups" not in " ".join(words(part) for part in parts.values())
    assert "mean over labels" not in " ".join(words(part) for part in parts.values())
    heads = [column.label for column in tables(parts["main-table"])["intervals"].columns]
    assert heads[-2:] == ["Test positives", "Test negatives"]
    heads = [column.label for column in tables(parts["budget"])["budget"].columns]
    assert "Peak memory" not in heads


def test_the_data_of_every_task_are_named(single: Results) -> None:
    tasks = {
        "digits": ONE,
        "chest": MANY,
        "damaged": {"parts": {"0.1": 3}},
        "none": None,
        "few": MANY | {"labels": ["Edema"]},
    }
    study = replace(single.study, provenance={"tasks": tasks, "commit": "1"})
    section = data.section(Findings(from_record(study)))
    assert "digits: positive: 4; negative: 0 or 1." in words(section)
    assert "chest: 2 labels (Edema and Mass)" in words(section)
    assert "digits: 2 images were skipped." in words(section)
    rows = [[cell.text for cell in row] for row in tables(section)["data"].rows]
    assert rows == [
        ["digits", "10 %", "train", "50", "5", "0.1000", labels.MISSING],
        ["digits", "own ratio", "test", "40", "8", "0.2000", labels.MISSING],
        *(
            ["chest", "own ratio", name, str(n), "by label", labels.MISSING, str(n // 2)]
            for name, n in (("train", 600), ("validation", 60), ("test", 120))
        ),
    ]
    rows = [[cell.text for cell in row] for row in tables(section)["data-labels"].rows]
    assert rows == [
        ["chest", "own ratio", "Edema", "200", "20", "40"],
        ["chest", "own ratio", "Mass", "150", "15", "30"],
    ]
    items = [row[0].text for row in provenance.section(Findings(from_record(study))).blocks[2].rows]  # type: ignore[union-attr]
    assert items == ["commit"]


def test_studies_read_together_name_the_data_of_each(single: Results) -> None:
    studies = [
        replace(single.study, name=name, provenance={"tasks": {"digits": ONE}}) for name in "ab"
    ]
    results = combine(studies)
    section = data.section(Findings(results))
    assert "a: digits: positive: 4" in words(section)
    assert "b: digits: positive: 4" in words(section)


def test_older_studies_have_no_chapter_of_data(single: Results) -> None:
    assert data.section(Findings(single)) is None


def test_peak_memory_is_shown_where_it_was_told(
    study: Build, cell: Build, trial: Build, confirm: Build
) -> None:
    search = (trial(peak_memory=800.0), trial(number=1, peak_memory=1234.5))
    told = cell("a", search=search, confirm=(confirm(0, 0.8),))
    found = Findings(from_record(study(told, cell("b", search=(trial(),)))))
    section = budget.section(found)
    for name in ("budget", "budget-cells"):
        table = tables(section)[name]
        place = [column.label for column in table.columns].index("Peak memory")
        assert [row[place].text for row in table.rows] == ["1,234 MB", labels.MISSING]
    assert found.results.trials["peak_memory"].tolist()[:2] == [800.0, 1234.5]
