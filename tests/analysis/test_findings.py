"""What is derived from a study's frames is worked out once, and stays as it was made."""

from pathlib import Path

import numpy as np
import pandas as pd

from analysis import paper, report
from analysis.findings import Findings
from analysis.results import Results
from tests.analysis.patients import patients_study

FRAMES = (
    "scores",
    "budget",
    "wilcoxon",
    "points",
    "best_of_n",
    "convergence",
    "label_convergence",
    "profiles",
    "without",
)
OTHERS = (
    "within",
    "by_label",
    "subgroups",
    "ensembles",
    "diagnostics",
    "measured",
    "stability",
    "facts",
    "verdicts",
    "units",
    "overall",
    "sensitivity",
)


def test_each_is_worked_out_once(simulated: Results) -> None:
    findings = Findings(simulated)
    names = [name for name in vars(Findings) if not name.startswith("_")]
    assert set(names) == {*FRAMES, *OTHERS}
    assert all(getattr(findings, name) is getattr(findings, name) for name in names)


def test_labels_and_subgroups_stay_as_they_were_made(tmp_path: Path) -> None:
    results = patients_study(tmp_path, {"a": 1.0, "b": 1.5}, np.random.default_rng(0), patients=40)
    findings, fresh = Findings(results), Findings(results)
    report.sections(findings)
    dict(paper.draw(findings))
    for name in ("by_label", "subgroups"):
        own, other = getattr(findings, name).cells, getattr(fresh, name).cells
        pd.testing.assert_frame_equal(own, other)
    convergence = findings.label_convergence, fresh.label_convergence
    pd.testing.assert_frame_equal(*convergence)


def test_sections_and_figures_leave_it_as_it_is(simulated: Results) -> None:
    findings, fresh = Findings(simulated), Findings(simulated)
    report.sections(findings)
    dict(paper.draw(findings))
    for name in FRAMES:
        pd.testing.assert_frame_equal(getattr(findings, name), getattr(fresh, name))
    for name in ("facts", "verdicts", "sensitivity"):
        assert repr(getattr(findings, name)) == repr(getattr(fresh, name))  # NaN is not NaN
