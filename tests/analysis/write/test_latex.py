"""LaTeX that a paper can take in: what it sets is what was written, and its structure holds."""

import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analysis import report
from analysis.findings import Findings
from analysis.results import Results
from analysis.write.blocks import Table, TableCell, TableColumn
from analysis.write.latex import escape, latex

SIGNS = {
    r"\pm": "±",
    "-": "\N{MINUS SIGN}",
    r"\approx": "≈",
    r"\geq": "≥",
    r"\leq": "≤",
    r"\times": "\N{MULTIPLICATION SIGN}",
    r"\cdot": "·",
    r"\rightarrow": "→",
    r"\infty": "∞",
    r"\varepsilon": "ε",
    r"\alpha": "\N{GREEK SMALL LETTER ALPHA}",
    r"\gamma": "\N{GREEK SMALL LETTER GAMMA}",
    r"\Delta": "Δ",
    r"\mu": "µ",
    "^2": "²",
    "^3": "³",
}
WORDS = {
    "textbackslash": "\\",
    "textasciitilde": "~",
    "textasciicircum": "^",
    "textless": "<",
    "textgreater": ">",
    "textbar": "|",
    "textasciigrave": "`",
    "textquotedbl": '"',
    "textendash": "\N{EN DASH}",
    "textemdash": "\N{EM DASH}",
}
TOKEN = re.compile(
    r"\$(?P<math>[^$]+)\$|\\texttt\{U\+(?P<code>[0-9A-F]+)\}|\\(?P<word>[A-Za-z]+)\{\}"
    r"|\\(?P<sign>[&%$#_{}])|(?P<nothing>\{\})|(?P<plain>[^\\{}$&%#_^~<>|\"`])"
)


def _typeset(source: str) -> str:
    """What LaTeX puts on the page, for the little of it that ``escape`` writes."""
    out, at = "", 0
    while at < len(source):
        found = TOKEN.match(source, at)
        assert found, f"LaTeX would read {source[at:]!r} as something else"
        kind, text = str(found.lastgroup), found.group(str(found.lastgroup))
        assert source[at : at + 2] not in ("--", "''", ",,", "``"), "LaTeX joins these"
        out += {
            "math": lambda text: SIGNS[text],
            "code": lambda text: chr(int(text, 16)),
            "word": lambda text: WORDS[text],
            "nothing": lambda _: "",
        }.get(kind, str)(text)
        at = found.end()
    return out


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_text_is_set_letter_by_letter(text: str) -> None:
    assert _typeset(escape(text)) == " ".join(text.split())


@given(st.text("\\{}$&%#_^~<>|\"-`', a±≈\N{EN DASH}", max_size=20))
@example("--- ''' ,,, ```")
def test_signs_of_latex_are_set_letter_by_letter(text: str) -> None:
    assert _typeset(escape(text)) == " ".join(text.split())


def test_only_letters_that_every_latex_knows() -> None:
    assert escape("Müller š 中\x07") == r"Müller š \texttt{U+4E2D}\texttt{U+0007}"


def _table(rows: int) -> Table:
    cells = [[TableCell("a_b"), TableCell("0.9 ± 0.1", 0.9, mark="best", note="n = 5")]] * rows
    columns = [TableColumn("Method"), TableColumn("10 %", numeric=True)]
    return Table("main", "50 % & more", columns, cells, pd.DataFrame(), [("", 1), ("task", 1)])


def test_table() -> None:
    assert latex(_table(1)) == "\n".join(
        [
            r"% In the preamble: \usepackage{booktabs} and \usepackage[T1]{fontenc}",
            r"\begin{table}",
            r"\centering\small",
            r"\caption{50 \% \& more}\label{tab:main}",
            r"\begin{tabular}{@{}lr@{}}",
            r"\toprule",
            r"\multicolumn{1}{c}{} & \multicolumn{1}{c}{task} \\",
            r"\cmidrule(lr){2-2}",
            r"\textbf{Method} & \textbf{10 \%} \\",
            r"\midrule",
            r"a\_b & \textbf{0.9 $\pm$ 0.1} {\footnotesize (n = 5)} \\",
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def test_long_tables_go_over_pages() -> None:
    source = latex(_table(36))
    assert r"\usepackage{booktabs, longtable}" in source
    assert source.count(r"\begin{longtable}{@{}lr@{}}") == 1
    assert source.index(r"\midrule") < source.index(r"\endhead") < source.index("a\\_b")


def _sources(results: Results) -> dict[str, str]:
    parts = report.sections(Findings(results))
    return {table.name: latex(table) for part in parts for table in part.tables()}


@pytest.mark.parametrize("which", ["simulated", "evil"])
def test_structure_of_every_table(request: pytest.FixtureRequest, which: str) -> None:
    for name, source in _sources(request.getfixturevalue(which)).items():
        body = source.partition("\n")[2]  # the first line is a comment
        assert not re.search(r"(?<!\\)%", body), name
        bare = body.replace("\\\\", "").replace("\\{", "").replace("\\}", "")
        depth = 0
        for sign in bare:
            depth += {"{": 1, "}": -1}.get(sign, 0)
            assert depth >= 0, name
        assert depth == 0, name
        begun = re.findall(r"\\begin\{(\w+)\}", body)
        assert sorted(begun) == sorted(re.findall(r"\\end\{(\w+)\}", body)), name
        width = len(re.search(r"\{@\{\}([lr]+)@\{\}\}", body).group(1))  # type: ignore[union-attr]
        for line in body.splitlines():
            spans = [int(span) for span in re.findall(r"\\multicolumn\{(\d+)\}", line)]
            cells = len(re.findall(r"(?<!\\)&", line)) + 1
            if line.endswith(r"\\") and not line.startswith(r"\caption"):
                assert cells + sum(spans) - len(spans) == width, (name, line)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not on the PATH")
@pytest.mark.parametrize("which", ["simulated", "evil"])
def test_it_compiles(request: pytest.FixtureRequest, which: str, tmp_path: Path) -> None:
    body = "\n\\clearpage\n".join(_sources(request.getfixturevalue(which)).values())
    packages = r"\usepackage{booktabs, longtable}\usepackage[T1]{fontenc}"
    (tmp_path / "all.tex").write_text(
        rf"\documentclass{{article}}{packages}\begin{{document}}{body}\end{{document}}",
        encoding="utf-8",
    )
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
