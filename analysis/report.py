"""The report of one study or of several: one offline HTML page, and files for a paper beside it."""

import re
from pathlib import Path

from analysis import paper
from analysis.errors import AnalysisError
from analysis.files import write_text
from analysis.findings import Findings
from analysis.read.several import read_together
from analysis.results import Results, load
from analysis.sections import SECTIONS
from analysis.sections.mean_alone import with_sentence
from analysis.write import markdown, page, tables
from analysis.write.blocks import Section
from study.places import Places

__all__ = ["sections", "write", "write_findings", "write_results"]


def write(*directories: Path, folder: Path | None = None) -> Path:
    """Report the study in a directory, finished or not, or several studies in one report.

    Args:
        directories: of the studies; one or more.
        folder: where to write. None: ``report`` in the study's directory; for several studies
            ``<name>+<name>/report`` beside the first.

    Returns:
        Path of ``report.html``.

    Raises:
        study.errors.StudyError: a directory holds no study that can be read.
        AnalysisError: the report cannot be written there, or a study is named twice.
    """
    return write_findings(*directories, folder=folder)[0]


def write_findings(*directories: Path, folder: Path | None = None) -> tuple[Path, Findings]:
    """As `write`; also gives what the report's numbers come from."""
    results = load(*directories) if len(directories) == 1 else read_together(directories)
    place, findings = folder or Places(_place(results)).report, Findings(results)
    try:
        return _write(findings, place), findings
    except OSError as error:
        raise AnalysisError(
            f"A report needs a folder that can be written; {place} gave: {error}. "
            "Make room, or name another with --out."
        ) from error


def _place(results: Results) -> Path:
    home = results.study.directory
    if not results.origins:
        return home
    # Names in a ledger are not trusted to be names of files.
    name = results.study.name.replace(" + ", "+")
    return home.parent / re.sub(r"[^\w.+-]", "-", name)[:120].strip(".")


def write_results(results: Results, folder: Path) -> Path:
    """Write ``report.html``, ``report.md``, ``tables/`` and ``figures/`` into ``folder``.

    Each file appears whole or not, the page last.
    """
    return _write(Findings(results), folder)


def _write(findings: Findings, folder: Path) -> Path:
    results = findings.results
    parts = sections(findings)
    tables.write_tables((t for part in parts for t in part.tables()), folder / "tables")
    drawn = paper.write_figures(findings, folder / "figures")
    pictures = {name: f"figures/{name}.svg" for name in drawn}
    text = markdown.document(results.study.name, results.remarks, parts, pictures)
    write_text(folder / "report.md", text)
    path = folder / "report.html"
    write_text(path, page.render(results, parts))
    return path


def sections(findings: Findings) -> list[Section]:
    """The sections that the study has something for, in order."""
    made = (build(findings) for build in SECTIONS)
    return [with_sentence(section, findings) for section in made if section is not None]
