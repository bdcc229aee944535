"""Tests of smartdownsample.cells."""

import pyarrow as pa
import pytest

from smartdownsample.formats.cells import free_cells, guard_cells


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "\n", "'=1", "''-x", "-"),
        *("-3.75\n", "-1e", "＝1", "＋1", "－1", "＠SUM(1)", "'＝1"),
    ],
)
def test_formulas_are_guarded(text: str) -> None:
    """With one apostrophe, whatever they begin with; it is taken away again."""
    table = pa.table({"path": [text]})
    guarded = guard_cells(table)
    assert guarded["path"].to_pylist() == ["'" + text]
    assert free_cells(guarded).equals(table)


@pytest.mark.parametrize(
    "text", ["a=b", "'a", "-3.75", "+5", "-1e-3", "7", " =1", "", "a\n=1", "’=1", None]
)
def test_other_texts_stay(text: str | None) -> None:
    """Plain numbers too."""
    table = pa.table({"path": pa.array([text], pa.string())})
    assert guard_cells(table).equals(table)


def test_names_of_columns_are_guarded() -> None:
    """They are cells too; of one name there may be several."""
    table = pa.table([[1], ["x"], [None]], names=["=a", "=a", "b"])
    assert guard_cells(table).column_names == ["'=a", "'=a", "b"]
    assert free_cells(guard_cells(table)).equals(table)


def test_texts_of_all_types_are_guarded() -> None:
    """Categories of pandas are texts with numbers for them."""
    texts = pa.array(["=1", None])
    kinds = [pa.large_string(), pa.binary(), pa.dictionary(pa.int32(), pa.string())]
    table = pa.table([texts.cast(kind) for kind in kinds], names=["a", "b", "c"])
    assert guard_cells(table).to_pydict() == {name: ["'=1", None] for name in "abc"}


def test_numbers_are_not_texts() -> None:
    """They stay what they are."""
    table = pa.table({"distance": [-3.75, None]})
    assert guard_cells(table).equals(table)
