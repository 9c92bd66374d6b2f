"""The sections about searches and predictions: what they draw, say and refuse."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.findings import Findings
from analysis.images.roc import runs
from analysis.results import Results, from_record
from analysis.search import best_of_n, importance
from analysis.search import sensitivity as find
from analysis.sections import (
    hyperparameter_pairs,
    imratio,
    roc,
    sensitivity,
    transfer,
    tsne,
    tuning,
)
from analysis.sections import importance as importance_section
from analysis.sections.sensitivity_figure import draw
from analysis.write import figures
from analysis.write.blocks import Figure, Note, Prose, Section, Table
from analysis.write.palette import Palette
from tests.analysis.known_truth import SPACE, keep_predictions, random_cell, random_study

Build = Callable[..., Any]
EVIL = "</script><img src=x onerror=alert(1)>%{x}&amp;"
DECAY = {"low": 1e-3, "high": 1e-2, "log": True, "step": None}
SECTIONS = (
    *(sensitivity, hyperparameter_pairs, importance_section, transfer),
    *(tuning, roc, tsne, imratio),
)


def _full(directory: Path, method: str, task: str, space: dict[str, Any]) -> Results:
    """Two methods at three ratios, random trials alone, predictions and embeddings kept."""
    draw = np.random.default_rng(0)
    cells = [
        replace(random_cell(draw, name, task, ratio, seeds=2, space=space), id=f"{i}-{ratio:g}")
        for i, name in enumerate((method, "ce"))
        for ratio in (0.01, 0.1, 0.3)
    ]
    study = random_study(*cells, directory=directory)
    keep_predictions(draw, study, images=120)
    return from_record(study)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Results:
    space = SPACE | {"epoch_decay": DECAY}
    return _full(tmp_path_factory.mktemp("full"), "auc_m", "cifar10-resnet20", space)


def _figures(section: Section | None) -> dict[str, Any]:
    assert section is not None
    return {block.name: block.figure for block in section.blocks if isinstance(block, Figure)}


def _words(section: Section | None) -> str:
    assert section is not None
    said = [block.text for block in section.blocks if isinstance(block, Prose)]
    notes = [item for block in section.blocks if isinstance(block, Note) for item in block.items]
    return " ".join(map(str, [*said, *notes]))


def test_every_figure_has_words_before_it(full: Results) -> None:
    for module in SECTIONS:
        section = module.section(Findings(full))
        assert section is not None, module.__name__
        assert _figures(section) or module is transfer, module.__name__
        assert isinstance(section.blocks[0], Prose), module.__name__


def test_filled_marks_are_what_is_important(full: Results) -> None:
    (figure,) = _figures(importance_section.section(Findings(full))).values()
    table = importance.importance(full)
    for trace, name in zip(figure.data, ("everywhere", "at the top") * 2, strict=True):
        assert trace.name == name
    mine = table[(table["method"] == "auc_m") & (table["measure"] == "everywhere")]
    first = figure.data[0]
    assert list(first.x) == pytest.approx(mine["share"].tolist(), abs=1e-4)
    filled = [not symbol.endswith("open") for symbol in first.marker.symbol]
    assert filled == mine["important"].tolist()
    assert np.asarray(first.x) + first.error_x.array == pytest.approx(mine["high"], abs=2e-4)


def test_the_band_of_best_of_n_ends_where_it_is_open(full: Results) -> None:
    figure = _figures(tuning.section(Findings(full)))["best-of-n"]
    curve = best_of_n.curves(full)
    mine = curve[curve["cell"] == curve["cell"].iloc[0]]
    band = next(trace for trace in figure.data if trace.fill == "toself")
    upper = np.asarray(band.y)[: len(mine)]
    is_open = mine["high"].to_numpy() == 1
    assert is_open.any()
    assert upper[is_open] == pytest.approx(mine["median"][is_open], rel=1e-5)
    assert upper[~is_open] == pytest.approx(mine["high"][~is_open], rel=1e-5)
    assert max(np.asarray(trace.y).max() for trace in figure.data) < 1


def test_tables_say_where_their_numbers_come_from(full: Results) -> None:
    for module in (sensitivity, importance_section, transfer, tuning):
        section = module.section(Findings(full))
        assert section is not None
        for table in (block for block in section.blocks if isinstance(block, Table)):
            assert all(table.source(row) for row in range(len(table.rows))), table.name


def test_pruned_studies_are_told_what_they_lack(simulated: Results) -> None:
    assert "4 of 10 random trials were pruned" in _words(tuning.section(Findings(simulated)))
    assert "best-of-n" not in _figures(tuning.section(Findings(simulated)))
    said = _words(transfer.section(Findings(simulated)))
    assert "no pair of searches has the trials for it" in said
    assert "sampler: random, pruner: none" in said
    assert "Some random trials were pruned" in _words(
        importance_section.section(Findings(simulated))
    )
    assert "No predictions can be read" in _words(roc.section(Findings(simulated)))
    assert "No trial kept its embeddings" in _words(tsne.section(Findings(simulated)))


def test_no_section_where_there_is_nothing_to_say(study: Build, cell: Build) -> None:
    results = from_record(study(cell()))
    for module in SECTIONS:
        assert module.section(Findings(results)) is None, module.__name__


def test_positives_too_few_for_the_difference(full: Results) -> None:
    said = _words(imratio.section(Findings(full)))
    targets = runs(full)[0][0][1].targets
    assert f"with {targets.sum()} positives among the test images" in said


def test_too_many_trials_are_thinned(full: Results) -> None:
    points = find.points(full)
    points = points[points["method"] == "auc_m"]
    palette = Palette(full.methods, full.ratios)
    figure = draw(points, find.curves(full, points), palette, full, 10)
    dots = [trace for trace in figure.data if trace.mode == "markers"]
    clouds = [trace for trace in dots if len(trace.x) > 1]
    assert {len(trace.x) for trace in clouds} == {10}
    # The selected trial is always drawn, and the curve has every trial.
    assert len(dots) - len(clouds) == 3 * 4
    lines = [trace for trace in figure.data if trace.meta and "lines" in trace.mode]
    assert {line.meta.splitlines()[0].rpartition("/")[2] for line in lines} == {"0-39"}
    assert figures.thinned(5, 10) == [0, 1, 2, 3, 4]
    assert figures.thinned(100, 3) == [0, 50, 99]


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    space = SPACE | {EVIL: {"choices": (EVIL, "b")}, "epoch_decay": DECAY}
    results = _full(tmp_path, EVIL, EVIL, space)
    for module in SECTIONS:
        for figure in _figures(module.section(Findings(results))).values():
            for trace in figure.data:
                texts = [trace.name, trace.hovertemplate, *(trace.text or ())]
                assert "<img" not in " ".join(map(str, texts)), module.__name__
                assert (trace.hovertemplate or "").count("%{") <= 2
            axes = [figure.layout[name] for name in figure.layout if "axis" in name]
            shown = [a.title.text for a in axes if "title" in a] + [
                text for a in axes if "ticktext" in a for text in a.ticktext or ()
            ]
            titles = [note.text for note in figure.layout.annotations]
            assert "<img" not in " ".join(map(str, [*shown, *titles])), module.__name__
