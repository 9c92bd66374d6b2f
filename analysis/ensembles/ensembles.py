"""Every setting's ensembles, and the same as frames."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import pandas as pd

from analysis import columns
from analysis.columns import SETTING
from analysis.compare.pairwise import seeds
from analysis.compare.testset import read
from analysis.ensembles.lines import Difference, Line
from analysis.ensembles.setting import of_setting
from analysis.holm import holm
from analysis.read.traces import Trace
from analysis.results import Results

__all__ = ["Ensembles", "differences_table", "ensembles", "table"]


@dataclass(frozen=True, eq=False)
class Ensembles:
    """What averaging the stored predictions gives.

    Attributes:
        lines: setting by setting in the study's order, first its methods.
        differences: of the ensembles of methods from the method that validation picks.
        missing: by setting with a finished confirm trial, why it, some method or a selection is
            missing; sentences without their setting.
    """

    lines: Sequence[Line]
    differences: Sequence[Difference]
    missing: Mapping[tuple[str, str], tuple[str, ...]]

    @property
    def several(self) -> bool:
        """Some method has two seeds, or some setting two methods: there is something to average."""
        return any(line.n > 1 or not line.method for line in self.lines)


def ensembles(results: Results) -> Ensembles:
    """The ensembles of every setting whose confirm trials have predictions of the same images."""
    lines: list[Line] = []
    differences: list[Difference] = []
    missing: dict[tuple[str, str], tuple[str, ...]] = {}
    done = dict(list(seeds(results).groupby([*SETTING], sort=False)))
    for place in results.settings:
        if place not in done:
            continue
        setting = done[place]
        rows = {
            method: setting[setting["method"] == method]
            for method in results.methods
            if (setting["method"] == method).any()
        }
        kept = read(results, rows)
        said = {method: each.runs for method, each in kept.items() if each.runs}
        whys: dict[str, list[str]] = {}
        for method, each in kept.items():
            if each.why:
                whys.setdefault(each.why, []).append(method)
        found = of_setting(rows, said) if said else None
        if found:
            lines += found.lines
            differences += found.differences
        sentences = [f"{', '.join(methods)}: {why}" for why, methods in whys.items()]
        sentences += [found.why] if found and found.why else []
        if sentences:
            missing[place] = tuple(sentences)
    adjusted = holm([each.p for each in differences]).tolist()
    corrected = [replace(each, p_holm=p) for each, p in zip(differences, adjusted, strict=True)]
    return Ensembles(lines, corrected, missing)


def table(lines: Iterable[Line]) -> pd.DataFrame:
    """One row a line, in the columns of ``analysis.columns.ENSEMBLES``."""
    rows = (asdict(line) | {"trials": _packed(line)} for line in lines)
    return columns.frame(rows, columns.ENSEMBLES)


def differences_table(differences: Iterable[Difference]) -> pd.DataFrame:
    """One row a difference: its attributes, trials drawn together as in ``table``."""
    names = [*Difference.__dataclass_fields__]
    rows = [asdict(each) | {"trials": _packed(each)} for each in differences]
    return pd.DataFrame(rows, columns=names)


def _packed(of: Line | Difference) -> str:
    return ";".join(Trace(of.trials).packed.splitlines())
