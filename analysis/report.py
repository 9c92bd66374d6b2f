"""The report of one study or of several: one offline HTML page, and files for a paper beside it."""

from pathlib import Path

from analysis import markdown, page, tables
from analysis.blocks import Section
from analysis.errors import AnalysisError
from analysis.files import write_text
from analysis.results import Results, load
from analysis.sections import SECTIONS

__all__ = ["sections", "write", "write_results"]


def write(directory: Path) -> Path:
    """Report the study in ``directory``, finished or not.

    Returns:
        Path of ``report/report.html`` in the study's directory.

    Raises:
        study.errors.StudyError: the directory holds no study that can be read.
        AnalysisError: the report cannot be written there.
    """
    folder = directory / "report"
    try:
        return write_results(load(directory), folder)
    except OSError as error:
        raise AnalysisError(
            f"A report needs a folder that can be written; {folder} gave: {error}. "
            "Make room or give access, then run `aucstudy report` again."
        ) from error


def write_results(results: Results, folder: Path) -> Path:
    """Write ``report.html``, ``report.md`` and ``tables/`` into ``folder``.

    Each file appears whole or not.
    """
    parts = sections(results)
    tables.write_tables((t for part in parts for t in part.tables()), folder / "tables")
    text = markdown.document(results.study.name, results.remarks, parts, {})
    write_text(folder / "report.md", text)
    path = folder / "report.html"
    write_text(path, page.render(results, parts))
    return path


def sections(results: Results) -> list[Section]:
    """The sections that the study has something for, in order."""
    made = (build(results) for build in SECTIONS)
    return [section for section in made if section is not None]
