"""Tests of smartdownsample.formats.csv_tables."""

import numpy as np
import pytest

from smartdownsample import InvalidParameterError
from smartdownsample.formats import FaultLog
from smartdownsample.formats.csv_rows import split_rows
from smartdownsample.formats.csv_tables import Table, read_columns


def make_table(data: bytes) -> Table:
    rows = split_rows(data, "folder/table.csv")
    return Table("table.csv", rows, rows.read_columns(data, ["a"]))


def test_faults_name_the_cell_as_spreadsheets_count() -> None:
    """With what was expected and what is there, in a line."""
    faults = FaultLog()
    table = make_table(b'a\n1\n\n"x\ny"\n""\n')
    table.note_cells(faults, "a", np.array([0, 1, 1]) > 0, "a number")
    assert faults.n == 2
    assert faults.first == (
        ("table.csv, row 4, a", r"Expected a number. Got 'x\ny'."),
        ("table.csv, row 5, a", "Expected a number. Got nothing."),
    )


def test_rows_of_other_lengths_are_faults() -> None:
    """With both numbers of cells."""
    faults = FaultLog()
    make_table(b"a,b\n1\n2,3\n").note_rows(faults)
    assert faults.first == (("table.csv, row 2", "Expected 2 cells. Got 1."),)


def test_all_faults_are_counted_and_a_hundred_are_kept() -> None:
    """A document may be wrong all over."""
    table = make_table(b"a\n" + b"x\n" * 300)
    faults = FaultLog()
    faults.note("here", "Expected this. Got that.")
    table.note_cells(faults, "a", np.ones(300, np.bool_), "a number")
    table.note_cells(faults, "a", np.ones(300, np.bool_), "a number")
    faults.note("there", "Expected this. Got that.")
    assert faults.n == 602
    assert len(faults.first) == 100
    assert faults.first[0].place == "here"
    assert faults.first[99].place == "table.csv, row 100, a"


def test_an_id_that_is_there_twice_is_refused() -> None:
    """With both rows, as spreadsheets count; several rows may have none."""
    make_table(b"a\nx\n''\ny\n").check_ids("a")
    make_table(b'a,b\n,\nx,\n"",\n').check_ids("a")
    with pytest.raises(InvalidParameterError, match=r"Got 'x' in the rows 2 and 4\. Take one"):
        make_table(b"a\nx\ny\nx\ny\n").check_ids("a")


def test_a_table_may_lack_only_what_is_optional() -> None:
    """What it lacks is null, or is told with what it has."""
    data = b"a,b\n1,2\n"
    rows = split_rows(data, "folder/table.csv")
    table = read_columns("table.csv", data, rows, ["a"], ["c"], [""])
    assert table.cells("c").to_pylist() == [None]
    with pytest.raises(InvalidParameterError, match=r"It lacks c, d\. Got a, b\. Export"):
        read_columns("table.csv", data, rows, ["a", "c", "d"], [], [""])
