r"""Tables as LaTeX with booktabs, ready to be put into a paper with ``\input``."""

import re
import unicodedata

from analysis.write.blocks import Table, TableCell

__all__ = ["escape", "latex"]

LONG = 35
"""Rows beyond which a table goes over several pages."""

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\textasciigrave{}",
    '"': r"\textquotedbl{}",
    **{sign: "\\" + sign for sign in "&%$#_{}"},
    # What our own words hold beyond ASCII.
    "\N{PLUS-MINUS SIGN}": r"$\pm$",
    "\N{MINUS SIGN}": "$-$",
    "\N{ALMOST EQUAL TO}": r"$\approx$",
    "\N{GREATER-THAN OR EQUAL TO}": r"$\geq$",
    "\N{LESS-THAN OR EQUAL TO}": r"$\leq$",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
    "\N{MIDDLE DOT}": r"$\cdot$",
    "\N{EN DASH}": r"\textendash{}",
    "\N{EM DASH}": r"\textemdash{}",
    "\N{RIGHTWARDS ARROW}": r"$\rightarrow$",
    "\N{INFINITY}": r"$\infty$",
    "\N{GREEK SMALL LETTER EPSILON}": r"$\varepsilon$",
    "\N{GREEK SMALL LETTER ALPHA}": r"$\alpha$",
    "\N{GREEK SMALL LETTER GAMMA}": r"$\gamma$",
    "\N{GREEK CAPITAL LETTER DELTA}": r"$\Delta$",
    "\N{MICRO SIGN}": r"$\mu$",
    "\N{SUPERSCRIPT TWO}": r"$^2$",
    "\N{SUPERSCRIPT THREE}": r"$^3$",
}


def escape(text: str) -> str:
    """``text`` as LaTeX sets it letter by letter; signs without a letter there as U+XXXX.

    What comes out is ASCII and the letters of Latin-1 and Latin Extended-A, which every LaTeX
    since 2018 reads as UTF-8.
    """
    line = " ".join("".join(map(_sign, text)).split())
    # Two of these in a row would become another sign: a dash, a quotation mark.
    return re.sub(r"([-',])(?=\1)", r"\1{}", line)


def _sign(sign: str) -> str:
    if sign in _SPECIAL:
        return _SPECIAL[sign]
    if sign.isspace():
        return " "
    if sign.isascii() and sign.isprintable():
        return sign
    if 0xC0 <= ord(sign) <= 0x17F and unicodedata.category(sign)[0] == "L":
        return sign
    return rf"\texttt{{U+{ord(sign):04X}}}"


def latex(block: Table) -> str:
    r"""A ``table`` (or, if it is long, a ``longtable``) with its caption and a label."""
    align = "".join("r" if column.numeric else "l" for column in block.columns)
    heads = " & ".join(rf"\textbf{{{escape(column.label)}}}" for column in block.columns)
    top = [r"\toprule", *_groups(block), heads + r" \\", r"\midrule"]
    rows = [" & ".join(map(_shown, row)) + r" \\" for row in block.rows]
    packages = "booktabs" + (", longtable" if len(rows) > LONG else "")
    caption = rf"\caption{{{escape(block.caption)}}}"
    label = rf"\label{{tab:{block.name}}}"
    lines = [rf"% In the preamble: \usepackage{{{packages}}} and \usepackage[T1]{{fontenc}}"]
    if len(rows) > LONG:
        lines += [
            rf"\begin{{longtable}}{{@{{}}{align}@{{}}}}",
            caption + label + r" \\",
            *top,
            r"\endhead",
            *rows,
            r"\bottomrule",
            r"\end{longtable}",
        ]
    else:
        lines += [
            r"\begin{table}",
            r"\centering\small",
            caption + label,
            rf"\begin{{tabular}}{{@{{}}{align}@{{}}}}",
            *top,
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
    return "\n".join(lines) + "\n"


def _groups(block: Table) -> list[str]:
    if not block.groups:
        return []
    heads, rules, column = [], [], 1
    for label, span in block.groups:
        heads.append(rf"\multicolumn{{{span}}}{{c}}{{{escape(label)}}}")
        if label:
            rules.append(rf"\cmidrule(lr){{{column}-{column + span - 1}}}")
        column += span
    return [" & ".join(heads) + r" \\", "".join(rules)]


def _shown(cell: TableCell) -> str:
    text = escape(cell.text)
    text = rf"\textbf{{{text}}}" if cell.mark == "best" else text
    sign = r" $\approx$" if cell.mark == "near" else ""
    return text + sign + (rf" {{\footnotesize ({escape(cell.note)})}}" if cell.note else "")
