"""Where a number comes from: words, packed ids and the ids themselves."""

import pandas as pd

from analysis.read.traces import Trace, joined, ranges, trace
from analysis.write.blocks import Table, TableCell, TableColumn
from analysis.write.tables import csv, numbers


def test_words_and_packed_ids_say_the_same_trials() -> None:
    found = trace("ce__a__0.1", "confirm", [4, 0, 2, 1])
    assert str(found) == "ce__a__0.1: confirm trials 0 to 2, 4"
    assert found.packed == "ce__a__0.1/confirm/0-2,4"
    assert found.sources[0].numbers == (0, 1, 2, 4)
    one = trace("c", "search", [7])
    assert (str(one), one.packed) == ("c: search trial 7", "c/search/7")
    both = joined([found, one])
    assert both.packed.splitlines() == [found.packed, one.packed]
    assert str(both).splitlines() == [str(found), str(one)]
    assert isinstance(both, Trace)


def test_a_line_a_source_whatever_the_cell_is_called() -> None:
    assert trace("a\nb/c", "search", [1]).packed == "a b/c/search/1"


def test_ranges() -> None:
    assert ranges(()) == ""
    assert ranges((3, 4)) == "3, 4"
    assert ranges((0, 1, 2, 5)) == "0 to 2, 5"


def test_numbers_take_the_trace_of_their_cell_or_row() -> None:
    own, row = trace("a", "confirm", [0]), trace("a", "search", [0, 1])
    cells = [
        TableCell("ce"),
        TableCell("0.9", 0.9, own),
        TableCell("7", 7),
        TableCell("none", None),
    ]
    columns = [
        TableColumn("Method"),
        *(TableColumn(label, True) for label in ("Mean", "Rows", "Gap")),
    ]
    table = Table("t", "", columns, [cells, cells], pd.DataFrame(), sources=[row, None])
    assert [table.trace(0, i) for i in range(4)] == [None, own, row, None]
    assert [table.trace(1, i) for i in range(4)] == [None, own, None, None]
    assert csv(numbers([table])).splitlines() == [
        "table,row,column,shown,trials",
        "t,ce,Mean,0.9,a/confirm/0",
        "t,ce,Rows,7,a/search/0-1",
        "t,ce,Mean,0.9,a/confirm/0",
    ]
