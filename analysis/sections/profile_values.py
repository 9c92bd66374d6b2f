"""The numbers behind the figure of profiles: every value of every hyperparameter that was moved."""

import pandas as pd

from analysis import labels
from analysis.compare.profile import SIDES
from analysis.findings import Findings
from analysis.labels import short_setting
from analysis.sections.sources import profiled
from analysis.write.blocks import Prose, Section, Table, TableCell, TableColumn
from analysis.write.cells import interval, number
from study.words import plural

__all__ = ["section"]


def section(findings: Findings) -> Section | None:
    """One row a cell, hyperparameter and value; None without profile trials."""
    table = findings.profiles
    if table.empty:
        return None
    said = Prose(
        "AUROC with a hyperparameter moved to each value, and its difference from the selected "
        "configuration on the same confirm seeds. Validation AUROCs are of the confirm trials' own "
        "splits, not of the search's."
    )
    return Section("profile-values", "Profiles, value by value", [said, _table(table)])


def _table(table: pd.DataFrame) -> Table:
    tested = table["test_mean"].notna() & ~table["own"]
    sides = ("val", "test") if tested.any() else ("val",)
    rows = [
        [
            TableCell(r["method"], r["method"], r["cell"], mark="row"),
            TableCell(short_setting(r["task"], r["ratio"]), mark="key"),
            TableCell(r["hyperparameter"], mark="key"),
            TableCell(r["text"], r["place"], note="selected" if r["own"] else ""),
            number(r["n"], "{:.0f}".format),
            *(
                cell
                for side in sides
                for cell in (
                    number(r[f"{side}_mean"]),
                    number(r[f"{side}_difference"], labels.signed),
                    interval(r[f"{side}_low"], r[f"{side}_high"], labels.signed),
                )
            ),
        ]
        for r in table.to_dict("records")
    ]
    columns = [
        TableColumn("Method"),
        TableColumn("Setting"),
        TableColumn("Hyperparameter"),
        TableColumn("Value", True),
        TableColumn("Pairs", True, "confirm seeds with which the trials are paired"),
        *(
            column
            for side in sides
            for column in (
                TableColumn(f"{SIDES[side].capitalize()} AUROC", True, "mean over the seeds"),
                TableColumn("Difference", True, "from the selected configuration, same seeds"),
                TableColumn("95 % interval", True, "t interval of the difference"),
            )
        ),
    ]
    caption = (
        f"Every value of every profile, {plural(len(rows), 'row')}: AUROC with the hyperparameter "
        "moved there, and its difference from the selected configuration."
    )
    sources = [profiled(table.iloc[[i]]) for i in range(len(table))]
    return Table("profiles-table", caption, columns, rows, table, sources=sources)
