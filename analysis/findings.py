"""What a study's numbers say, each worked out once a report however many sections show it."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from analysis.compare import (
    budget,
    by_label,
    claims,
    comparison,
    diagnostics,
    doubts,
    metrics,
    pairwise,
    profile,
    significance,
    stability,
    subgroups,
    without,
)
from analysis.compare.by_label import ByLabel
from analysis.compare.claims import Overall, Verdict
from analysis.compare.diagnostics import Diagnostics
from analysis.compare.doubts import Facts
from analysis.compare.metrics import Measured
from analysis.compare.pairwise import Within
from analysis.compare.significance import Units
from analysis.compare.stability import Stability
from analysis.compare.subgroups import Subgroups
from analysis.ensembles.ensembles import Ensembles, ensembles
from analysis.results import Results
from analysis.search import best_of_n, curves, sensitivity
from analysis.search.sensitivity import Curve

__all__ = ["Findings"]


@dataclass(frozen=True, eq=False)
class Findings:
    """A study's frames, and what is derived from them and shown in more than one place.

    Each is worked out when it is first asked for, and kept. Whoever takes a frame leaves it as
    it is: others show it, too.

    Attributes:
        results: the frames.
    """

    results: Results

    @cached_property
    def within(self) -> Within:
        """Pairs of methods within each setting, and what the test images leave open."""
        return pairwise.within(self.results)

    @cached_property
    def scores(self) -> pd.DataFrame:
        """One row a cell: its test AUROC, see ``analysis.compare.comparison.scores``."""
        return comparison.scores(self.results, self.within)

    @cached_property
    def measured(self) -> Measured:
        """Cells and pairs by every metric that the spec names."""
        return metrics.measured(self.results, self.results.metrics, self.scores, self.within.pairs)

    @cached_property
    def by_label(self) -> ByLabel:
        """Cells and pairs by each label of tasks with several."""
        return by_label.by_label(self.results)

    @cached_property
    def subgroups(self) -> Subgroups:
        """Cells by each category that the images' metadata name."""
        return subgroups.subgroups(self.results)

    @cached_property
    def ensembles(self) -> Ensembles:
        """What averaging seeds and methods gives, from stored predictions."""
        return ensembles(self.results)

    @cached_property
    def budget(self) -> pd.DataFrame:
        """One row a cell: what it was given and spent, see ``analysis.compare.budget.by_cell``."""
        return budget.by_cell(self.results)

    @cached_property
    def facts(self) -> dict[str, Facts]:
        """By cell, what doubts rest on."""
        return doubts.facts(self.results, self.budget)

    @cached_property
    def verdicts(self) -> list[Verdict]:
        """What may be said of each setting, in the study's order."""
        return claims.verdicts(self.results, self.scores, self.within.pairs, self.facts)

    @cached_property
    def units(self) -> Units:
        """The settings in which every method has a result."""
        return significance.units(self.results)

    @cached_property
    def wilcoxon(self) -> pd.DataFrame:
        """One row a pair of methods over all of ``units``."""
        return significance.wilcoxon(self.units)

    @cached_property
    def stability(self) -> Stability | None:
        """How firm the ranking over all of ``units`` is; None where there is nothing to rank."""
        return stability.stability(self.results, self.units, self.within.shared)

    @cached_property
    def overall(self) -> Overall | None:
        """What may be said over all of ``units``."""
        return claims.overall(self.results, self.units, self.wilcoxon, self.facts)

    @cached_property
    def points(self) -> pd.DataFrame:
        """One row a search trial and tuned hyperparameter."""
        return sensitivity.points(self.results)

    @cached_property
    def sensitivity(self) -> list[Curve]:
        """What each hyperparameter does on average, where there are the trials for it."""
        return sensitivity.curves(self.results, self.points)

    @cached_property
    def profiles(self) -> pd.DataFrame:
        """One row a cell, hyperparameter and value of the study's profiles."""
        return profile.profiles(self.results)

    @cached_property
    def without(self) -> pd.DataFrame:
        """One row a cell that was tested with and without evaluation options."""
        return without.with_and_without(self.results)

    @cached_property
    def diagnostics(self) -> Diagnostics:
        """What confirm trials kept of their images, with a mix and without."""
        return diagnostics.diagnostics(self.results)

    @cached_property
    def best_of_n(self) -> pd.DataFrame:
        """One row a cell and n: the best of n random trials."""
        return best_of_n.curves(self.results)

    @cached_property
    def convergence(self) -> pd.DataFrame:
        """One row a cell and interval: validation AUROC of the confirm trials."""
        return curves.convergence(self.results)

    @cached_property
    def label_convergence(self) -> pd.DataFrame:
        """The same by each label of tasks with several."""
        return curves.label_convergence(self.results)
