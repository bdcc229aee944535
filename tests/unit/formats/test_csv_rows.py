"""Tests of smartdownsample.formats.csv_rows."""

import gzip

import numpy as np
import pytest

from smartdownsample import InvalidParameterError
from smartdownsample.formats.csv_rows import (
    COMMAS,
    CsvRows,
    Dialect,
    read_dialect,
    split_rows,
    unpack,
)

BOM = b"\xef\xbb\xbf"


def split(data: bytes, dialect: Dialect = COMMAS) -> CsvRows:
    return split_rows(data, "table.csv", dialect)


def list_rows(data: bytes) -> list[bytes]:
    rows = split(data)
    return [data[start:end] for start, end in zip(rows.starts, rows.starts[1:], strict=False)]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("bom", [b"", BOM])
def test_any_line_end_ends_a_row(newline: bytes, bom: bytes) -> None:
    """And the last row needs none; a byte order mark is no part of the first name."""
    data = bom + newline.join([b"a,b", b"1,2", b"3,4"])
    rows = split(data)
    assert rows.names == ["a", "b"]
    assert list_rows(data) == [b"1,2" + newline, b"3,4"]
    assert rows.read_columns(data, ["b", "a"]).to_pydict() == {"b": ["2", "4"], "a": ["1", "3"]}


def test_line_ends_in_quotes_end_no_row() -> None:
    """Nor do doubled quotes end a cell."""
    data = b'a,b\n"x\ny","say ""hi"",\r\n"\n"",z\n'
    rows = split(data)
    assert list_rows(data) == [b'"x\ny","say ""hi"",\r\n"\n', b'"",z\n']
    assert rows.read_columns(data, ["a", "b"]).to_pydict() == {
        "a": ["x\ny", None],
        "b": ['say "hi",\r\n', "z"],
    }


def test_rows_are_numbered_as_spreadsheets_do() -> None:
    """Names and empty lines count; empty lines are of the row before them."""
    data = b"\na,b\r\n\r\n1,2\n\n3,4\n"
    rows = split(data)
    assert rows.numbers.tolist() == [4, 6]
    assert list_rows(data) == [b"1,2\n\n", b"3,4\n"]


def test_a_table_may_have_names_alone() -> None:
    """Then it has no rows."""
    for data in (b"a,b", b"a,b\n", BOM + b"a,b\n\n"):
        rows = split(data)
        assert len(rows) == 0
        assert rows.read_columns(data, ["a"]).to_pydict() == {"a": []}
        assert rows.keep(data, np.zeros(0, np.int64)) == data


def test_cells_that_stand_for_nothing_are_null() -> None:
    """In quotes or not; so are columns that are not there."""
    data = b'a\nNA\n"NA"\nN\n'
    rows = split(data)
    assert rows.read_columns(data, ["a", "b"], ["", "NA"]).to_pydict() == {
        "a": [None, None, "N"],
        "b": [None] * 3,
    }


def test_rows_of_other_lengths_are_read_as_far_as_they_go() -> None:
    """What is missing is null, what is too much is left out."""
    data = b'a,b,c\n1\n"2,\n",x,y,z,\n3,4,5\n6,7\r\n'
    rows = split(data)
    assert rows.n_cells.tolist() == [1, 5, 3, 2]
    assert rows.read_columns(data, ["a", "b", "c"]).to_pydict() == {
        "a": ["1", "2,\n", "3", "6"],
        "b": [None, "x", "4", "7"],
        "c": [None, "y", "5", None],
    }
    assert rows.keep(data, np.array([1, 3])) == b'a,b,c\n"2,\n",x,y,z,\n6,7\r\n'


def test_rows_are_kept_byte_by_byte() -> None:
    """With everything before the first one."""
    data = BOM + b'"a", b\r\n\r\n1,"2"\n"3",4\r\n\n5,6'
    rows = split(data)
    assert rows.keep(data, np.arange(3)) == data
    assert rows.keep(data, np.array([0, 2])) == BOM + b'"a", b\r\n\r\n1,"2"\n5,6'
    assert rows.keep(data, np.array([1])) == BOM + b'"a", b\r\n\r\n"3",4\r\n\n'
    assert rows.keep(data, np.zeros(0, np.int64)) == BOM + b'"a", b\r\n\r\n'


def test_long_tables_are_cut_in_the_same_places() -> None:
    """Quotes and line ends may fall anywhere among the blocks that are looked through."""
    lines = [f'{i},"{"x" * (i % 91)}\r\n,""{i}"""\r\n' for i in range(20_000)]
    data = ("i,text\r\n" + "".join(lines)).encode()
    assert [row.decode() for row in list_rows(data)] == lines
    texts = split(data).read_columns(data, ["text"])["text"].to_pylist()
    assert texts == [f'{"x" * (i % 91)}\r\n,"{i}"' for i in range(20_000)]


def test_rows_longer_than_a_block_are_read() -> None:
    """The exif data of a photo may be long."""
    long = "x" * 3_000_000
    data = f"a,b\n1,{long}\n2,y\n".encode()
    table = split(data).read_columns(data, ["b"])
    assert table["b"].to_pylist() == [long, "y"]


def test_packed_tables_stay_packed() -> None:
    """The same rows are the same bytes."""
    packed = gzip.compress(b"a\n1\n2\n")
    data = unpack(packed, "table.csv")
    rows = split(data)
    kept = rows.keep(packed, np.array([1]))
    assert gzip.decompress(kept) == b"a\n2\n"
    assert kept[4:8] == bytes(4), "the time of packing is in the file"
    assert rows.keep(packed, np.arange(2)) == packed


def test_a_file_that_has_changed_is_not_cut() -> None:
    """Its rows are elsewhere now."""
    rows = split(b"a\n1\n2\n")
    for chosen in ([0], [0, 1]):
        with pytest.raises(InvalidParameterError, match="has changed since it was read"):
            rows.keep(b"a\n1\n3\n", np.array(chosen))


@pytest.mark.parametrize("n_there", [1, 2, 4])
def test_rows_may_all_be_of_another_length(n_there: int) -> None:
    """Some programs leave out empty cells at the end, and some end each row with a comma."""
    data = b"a,b,c\n" + (b",".join([b"1", b"2", b"3", b"4"][:n_there]) + b"\n") * 2
    columns = split(data).read_columns(data, ["c", "a"]).to_pydict()
    assert columns == {"c": ["3" if n_there > 2 else None] * 2, "a": ["1"] * 2}


def test_other_dialects_are_read() -> None:
    """As a descriptor tells them."""
    dialect = read_dialect({"delimiter": "\t", "quoteChar": "'", "header": True})
    assert dialect == Dialect("\t", "'")
    data = b"a\tb\n'x\ty'\t\"\n"
    rows = split(data, dialect)
    assert rows.read_columns(data, ["a", "b"]).to_pydict() == {"a": ["x\ty"], "b": ['"']}


@pytest.mark.parametrize(
    "value",
    [
        "dialect.json",
        {"delimiter": ";;"},
        {"delimiter": 1},
        {"delimiter": '"'},
        {"delimiter": "\n"},
        {"quoteChar": "é"},
        {"doubleQuote": False},
        {"escapeChar": "\\"},
        {"header": False},
    ],
)
def test_dialects_that_are_not_read_are_none(value: object) -> None:
    """What is read would be something else."""
    assert read_dialect(value) is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it is empty"),
        (b"\r\n\n", "it is empty"),
        (b'a,b\n1,2\n"3,4\n5,6\n', r'row 3 has a quote \("\) that nothing closes'),
        (b'a,b\n1,2\n3,4"x"\n', r'row 3 has a quote \("\) within a cell'),
        (b'a,b\n\n"1"x,2\n', r'row 3 has a quote \("\) within a cell'),
        (b"," * 10_000, "it has 10,001 columns"),
        (b"\xff,b\n1,2\n", "its first row cannot be parsed"),
        (b"\x1f\x8b\0\0", "must be a whole file of gzip"),
        (gzip.compress(b"a\n" * 99, mtime=0)[:-9], "must be a whole file of gzip"),
    ],
)
def test_what_is_no_table_is_refused(data: bytes, reason: str) -> None:
    """With the place and what to do."""
    with pytest.raises(InvalidParameterError, match=reason):
        split(unpack(data, "table.csv"))


def test_a_quote_within_a_cell_is_told_with_its_row_in_long_tables() -> None:
    """Wherever it is."""
    with pytest.raises(InvalidParameterError, match="row 90,002 has a quote"):
        split(b"a,b\n" + b"123,456\n" * 90_000 + b'1,2"x"\n')


def test_what_is_not_utf_8_is_refused_with_its_row() -> None:
    """Columns that nobody asks for may have it."""
    data = b"a,b\n1,2\n3,caf\xe9\n"
    rows = split(data)
    assert rows.read_columns(data, ["a"])["a"].to_pylist() == ["1", "3"]
    with pytest.raises(InvalidParameterError, match=r"row 3 is not UTF-8 \(byte 0xe9\)"):
        rows.read_columns(data, ["b"])


def test_a_column_that_is_there_twice_is_refused() -> None:
    """Unless nobody asks for it."""
    data = b"a,b,b\n1,2,3\n"
    rows = split(data)
    assert rows.read_columns(data, ["a"])["a"].to_pylist() == ["1"]
    with pytest.raises(InvalidParameterError, match="must have one column 'b'"):
        rows.read_columns(data, ["b"])
