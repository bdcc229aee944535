"""Tests of smartdownsample.formats.path_tables."""

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from smartdownsample import InvalidParameterError
from smartdownsample.formats import list_cells, read_table
from smartdownsample.formats.cells import guard_cells


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_files_are_read_as_text(tmp_path: Path, delimiter: str) -> None:
    """Whatever separates their columns; cells stay as they are, empty ones are null."""
    lines = ["id,File,weight", "007,cam_1/a.jpg,1.50", '008,"cam_2/c.jpg",']
    text = "".join(line.replace(",", delimiter) + "\r\n" for line in lines)
    (tmp_path / "table.csv").write_text(text, encoding="utf-8-sig")
    paths, table = read_table(str(tmp_path / "table.csv"), None)
    assert paths == ["cam_1/a.jpg", "cam_2/c.jpg"]
    assert table.to_pydict() == {
        "id": ["007", "008"],
        "File": ["cam_1/a.jpg", "cam_2/c.jpg"],
        "weight": ["1.50", None],
    }


def test_files_are_joined_with_the_folders_that_timelapse_writes_apart(tmp_path: Path) -> None:
    """It separates folders as Windows does; a file beside the table has none."""
    table = tmp_path / "TimelapseData.csv"
    table.write_text("RootFolder,File,RelativePath\nx,a.jpg,cam_1\\100RECNX\nx,b.jpg,\n")
    assert read_table(str(table), None)[0] == ["cam_1/100RECNX/a.jpg", "b.jpg"]
    assert read_table(str(table), "File")[0] == ["a.jpg", "b.jpg"]


def test_file_names_are_joined_with_the_folders_that_camtrapr_writes_apart(tmp_path: Path) -> None:
    """In the columns Directory and FileName, as ExifTool does."""
    table = tmp_path / "record_table.csv"
    table.write_text('"Species","Directory","FileName"\n"fox","/data/st_1/fox","a.jpg"\n')
    assert read_table(str(table), None)[0] == ["/data/st_1/fox/a.jpg"]


@pytest.mark.parametrize(
    ("columns", "column"),
    [
        ("absolute_path,relative_path,data_type", "relative_path"),  # the first is a folder
        ("image_id,image_path,max_confidence", "image_path"),
        ("text,file_name", "file_name"),
        ("File Name,File Path", "File Path"),
        ("SourceFile,Species", "SourceFile"),
        ("file_name,FilePath,path", "path"),
        ("file_path,filepath", "file_path"),
    ],
)
def test_the_column_of_paths_is_found_in_any_spelling(
    tmp_path: Path, columns: str, column: str
) -> None:
    """With spaces, underscores and capitals, as each tool has it."""
    names = columns.split(",")
    row = ",".join("a.jpg" if name == column else "b.jpg" for name in names)
    (tmp_path / "table.csv").write_text(f"{columns}\n{row}\n")
    assert read_table(str(tmp_path / "table.csv"), None)[0] == ["a.jpg"]


@pytest.mark.parametrize("start", ["\r\n", "\n\n", ""])
@pytest.mark.parametrize("names", ["path;id", '"path";"a,b,c"'])
def test_the_first_row_tells_what_separates_columns(tmp_path: Path, start: str, names: str) -> None:
    """Not an empty line before it, and no text in quotes."""
    (tmp_path / "table.csv").write_text(f"{start}{names}\na.jpg;1\n")
    paths, table = read_table(str(tmp_path / "table.csv"), None)
    assert paths == ["a.jpg"]
    assert table[1].to_pylist() == ["1"]


def test_parquet_files_keep_their_types(tmp_path: Path) -> None:
    """Paths may be bytes, as in the feature store."""
    table = pa.table({"id": [7, 8], "path": [b"cam_1/a.jpg", b"cam_2/c.jpg"]})
    pq.write_table(table, tmp_path / "table.parquet")
    paths, found = read_table(str(tmp_path / "table.parquet"), None)
    assert paths == ["cam_1/a.jpg", "cam_2/c.jpg"]
    assert found.equals(table)


def test_the_column_of_paths_is_found_or_named(tmp_path: Path) -> None:
    """The first of the customary names counts, not the first column."""
    table, other = str(tmp_path / "table.csv"), str(tmp_path / "other.csv")
    Path(table).write_text("image,path,where\n1.jpg,2.jpg,3.jpg\n")
    Path(other).write_text("where\n3.jpg\n")
    assert read_table(table, None)[0] == ["2.jpg"]
    assert read_table(table, "where")[0] == ["3.jpg"]
    with pytest.raises(InvalidParameterError, match=r"called 'none'\. Got the columns image, path"):
        read_table(table, "none")
    with pytest.raises(InvalidParameterError, match=r"Got the columns where\. .* by --path-column"):
        read_table(other, None)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("t.csv", b"", "cannot be read"),
        ("t.csv", b"path,id\na.jpg\n", "cannot be read"),
        ("t.csv", b"path\ncaf\xe9.jpg\n", "cannot be read.*UTF-8"),
        ("t.csv", b"p\xe9th\na.jpg\n", "cannot be read.*UTF-8"),
        ("t.csv", b"path,id\na,1\nb\n", "row 3 has 1 cell, and the first row has 2"),
        ("t.csv", b"\npath,id\na,1\n\nb,1,2\n", "row 5 has 3 cells, and the first row has 2"),
        ("t.csv", b'path,id\na.jpg,"1\nb.jpg,2\n', r'row 2 has a quote \("\) that nothing closes'),
        ("t.csv", b'path,"id\na.jpg,1\n', "row 1 has a quote"),
        ("t.csv", b'path,id\na.jpg,"1\nb.jpg,"2\n', "row 2 has a quote .* must be doubled"),
        ("t.csv", b"path,id\na,1\nb," + b"1" * 131_073, "row 3 has a cell of more than 131,072"),
        ("t.csv", b"path,id\na,1\nb,\xff\n", "line 3 is not UTF-8 .* save it as CSV UTF-8"),
        ("t.csv", b"path\n" + b"a" * 3_000_000, "cannot be read"),
        ("t.csv", b"a" * 3_000_000, "cannot be read"),
        ("t.csv", b"path,id\n,1\n", "must have a path. Got None in row 2"),
        ("t.csv", b'\npath,id\n\n"a\n",1\n,1', "must have a path. Got None in row 5"),
        ("t.csv", b"where\x1b\na\n", r"columns where\\x1b\."),
        ("t.csv", b"n," * 9_999 + b"\n" + b"," * 9_999, r"columns n.{,300}…"),
        ("t.csv", b"path,path\na,b\n", "one column called 'path'"),
        ("t.parquet", b"no Parquet", "cannot be read"),
        ("t.json", b"no JSON", "cannot be read: .*a list of records in JSON"),
        ("t.json", b'{"path": "a.jpg"}', "it is no list of records"),
        ("t.json", b'["a.jpg"]', "it is no list of records"),
        ("t.json", b"[" * 100_000, "cannot be read"),
        (
            "t.json",
            b'[{"path": "a.jpg", "id": 1%s}]' % (b"0" * 400),
            "cannot be read: int too large",
        ),
        ("t.json", b'[{"path": "a.jpg"}, {"id": 1}]', "must have a path. Got None in row 2"),
        ("t.json", b'[{"path": 1}]', "must have a path. Got 1 in row 1"),
        ("t.json", b'[{"where": "a.jpg"}]', "columns where"),
    ],
)
def test_tables_that_cannot_be_used_are_named(
    tmp_path: Path, name: str, data: bytes, words: str
) -> None:
    """With the reason, and without a library's exception."""
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InvalidParameterError, match=words):
        read_table(str(tmp_path / name), None)


def test_records_in_json_keep_their_numbers(tmp_path: Path) -> None:
    """What is neither number nor text becomes the text that JSON has for it."""
    file = tmp_path / "table.json"
    file.write_text(
        '[{"path": "a.jpg", "id": 1, "share": 0.5, "other": [1], "large": 9223372036854775808},'
        ' {"path": "b\\udc80.jpg", "share": 1, "other": true, "more": null}]'
    )
    paths, table = read_table(str(file), None)
    assert paths == ["a.jpg", r"b\udc80.jpg"]
    assert table.to_pydict() == {
        "path": paths,
        "id": [1, None],
        "share": [0.5, 1.0],
        "other": ["[1]", "true"],
        "large": [2.0**63, None],
        "more": [None, None],
    }


def test_a_list_without_records_names_no_image(tmp_path: Path) -> None:
    """As a selection of none is written."""
    (tmp_path / "table.json").write_text("[]")
    assert read_table(str(tmp_path / "table.json"), None)[0] == []


def test_rows_of_parquet_files_are_numbered_from_the_first(tmp_path: Path) -> None:
    """They have no row of names."""
    pq.write_table(pa.table({"path": ["a.jpg", None]}), tmp_path / "table.parquet")
    with pytest.raises(InvalidParameterError, match="Got None in row 2"):
        read_table(str(tmp_path / "table.parquet"), None)


def has_views() -> bool:
    """Tell whether this release of pyarrow writes views of texts into Parquet files."""
    try:
        pq.write_table(pa.table({"x": pa.array(["a"], pa.string_view())}), pa.BufferOutputStream())
    except pa.ArrowNotImplementedError:
        return False
    return True


@pytest.mark.skipif(not has_views(), reason="this pyarrow writes no views of texts into Parquet")
def test_rows_of_all_columns_can_be_chosen(tmp_path: Path) -> None:
    """Or the table is refused at once, before images are decoded."""
    table = pa.table({"path": pa.array(["a.jpg", "b.jpg"], pa.string_view())})
    table = table.append_column("x", pa.array([b"1", b"2"], pa.binary_view()))
    pq.write_table(table, tmp_path / "table.parquet")
    paths, found = read_table(str(tmp_path / "table.parquet"), None)
    assert paths == ["a.jpg", "b.jpg"]
    assert found.take([1]).to_pylist() == [{"path": "b.jpg", "x": b"2"}]
    lists = pa.array([["a"], []], pa.list_(pa.string_view()))
    pq.write_table(table.append_column("y", lists), tmp_path / "table.parquet")
    with pytest.raises(InvalidParameterError, match=r"cannot be read.*string_view"):
        read_table(str(tmp_path / "table.parquet"), None)


def write_texts(path: Path, name: bytes, text: bytes) -> None:
    """Write a Parquet file with a text and a name of its column that need not be Unicode."""
    pieces = [None, pa.py_buffer(bytes(4) + len(text).to_bytes(4, "little")), pa.py_buffer(text)]
    table = pa.table({"NAME": pa.Array.from_buffers(pa.string(), 1, pieces)})
    pq.write_table(table, path, compression="none", store_schema=False)
    path.write_bytes(path.read_bytes().replace(b"NAME", name))


@pytest.mark.parametrize(("name", "text"), [(b"path", b"caf\xe9.jpg"), (b"p\xe9th", b"a.jpg")])
def test_texts_of_parquet_files_are_unicode(tmp_path: Path, name: bytes, text: bytes) -> None:
    """Others are refused where they are read, not where somebody uses them."""
    write_texts(tmp_path / "table.parquet", name, text)
    with pytest.raises(InvalidParameterError, match=r"cannot be read.*(UTF8|utf-8)"):
        read_table(str(tmp_path / "table.parquet"), None)


def test_damage_behind_the_beginning_of_a_parquet_file_is_an_error(tmp_path: Path) -> None:
    """As at its beginning and at its end."""
    path = tmp_path / "table.parquet"
    pq.write_table(pa.table({"path": [f"{i}.jpg" for i in range(99)]}), path, compression="none")
    data = path.read_bytes()
    for damaged in (data[:4] + bytes(40) + data[44:], data[:-200] + b"PAR1", data[:-9]):
        path.write_bytes(damaged)
        with pytest.raises(InvalidParameterError, match=r"cannot be read.*whole Parquet files"):
            read_table(str(path), None)


def test_column_names_may_have_line_breaks_and_repeat(tmp_path: Path) -> None:
    """Cells below them are text as well; only the column of paths must be one."""
    path = tmp_path / "table.csv"
    path.write_text('path,"two\nlines",n,n\na.jpg,007,1,2\n', encoding="utf-8")
    paths, table = read_table(str(path), None)
    assert paths == ["a.jpg"]
    assert table["two\nlines"].to_pylist() == ["007"]
    twice = pa.table([["a.jpg"], ["b.jpg"], [1]], names=["file", "n", "n"])
    pq.write_table(twice, tmp_path / "table.parquet")
    assert read_table(str(tmp_path / "table.parquet"), None)[0] == ["a.jpg"]


def test_formulas_lose_their_apostrophe(tmp_path: Path) -> None:
    """In the column of paths, in others, and in names of columns."""
    (tmp_path / "table.csv").write_text("'@path,'=id,t\n'=a.jpg,'+1+1,-3.75\n")
    paths, table = read_table(str(tmp_path / "table.csv"), "@path")
    assert paths == ["=a.jpg"]
    assert table.to_pydict() == {"@path": ["=a.jpg"], "=id": ["+1+1"], "t": ["-3.75"]}


def test_formulas_come_back_as_they_were(tmp_path: Path) -> None:
    """Whatever they begin with, apostrophes of their own as well."""
    starts = ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "x", ""]
    names = [f"{own}{start}1.jpg" for own in ("", "'", "''") for start in starts]
    table = pa.table({"path": names, "'=": names, "\n=": names})
    pyarrow.csv.write_csv(guard_cells(table), tmp_path / "table.csv")
    paths, found = read_table(str(tmp_path / "table.csv"), None)
    assert paths == names
    assert found.equals(table)
    with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert {cell[0] for cell in cells} == {"'", "x", "1", "p"}


def test_bytes_of_paths_count_more_than_their_texts(tmp_path: Path) -> None:
    """Where there are any; other columns of that name are nothing special."""
    table = pa.table(
        {"path": ["a.jpg", r"caf\udce9.jpg"], "path_bytes": [None, b"caf\xc3\xa9.jpg"]}
    )
    pq.write_table(table, tmp_path / "table.parquet")
    assert read_table(str(tmp_path / "table.parquet"), None)[0] == ["a.jpg", "café.jpg"]
    pq.write_table(table.set_column(1, "path_bytes", [[1, 2]]), tmp_path / "table.parquet")
    assert read_table(str(tmp_path / "table.parquet"), None)[0] == table["path"].to_pylist()


def test_cells_that_python_has_no_value_for_are_named(tmp_path: Path) -> None:
    """A time in the year 30,000."""
    table = pa.table({"path": ["a.jpg"], "when": pa.array([1 << 60], pa.timestamp("ms"))})
    pq.write_table(table, tmp_path / "table.parquet")
    _, found = read_table(str(tmp_path / "table.parquet"), None)
    with pytest.raises(InvalidParameterError, match=r"column 'when'.*Got timestamp\[ms\]"):
        list_cells(found, "when")


@pytest.mark.parametrize("name", ["table.csv", "table.parquet"])
def test_a_table_of_very_many_columns_is_refused(tmp_path: Path, name: str) -> None:
    """It is none of images, and would take minutes; ten thousand are read."""
    file = tmp_path / name
    for n_columns in (10_000, 10_001):
        names = ["path", *(f"n{place}" for place in range(1, n_columns))]
        if name.endswith(".csv"):
            file.write_text(",".join(names) + "\n" + ",".join("1" * n_columns) + "\n")
        else:
            columns = [pa.array(["1"], pa.string_view() if has_views() else None)] * n_columns
            pq.write_table(pa.table(columns, names=names), file)
        if n_columns == 10_000:
            assert read_table(str(file), None)[1].num_columns == n_columns
    with pytest.raises(InvalidParameterError, match=r"10,001 columns.*at most 10,000 columns"):
        read_table(str(file), None)


@pytest.mark.parametrize("kind", ["text", "list", "map", "struct"])
def test_a_parquet_file_that_grows_out_of_all_proportion_is_refused(
    tmp_path: Path, kind: str
) -> None:
    """A few kilobytes would take 20 GB; nothing of that size is made."""
    n_rows = 200_000
    zeros, places = (pa.array(range(stop)) for stop in (n_rows, n_rows + 1))
    zeros, places = pc.multiply(zeros, 0).cast(pa.int32()), places.cast(pa.int32())
    texts = pa.DictionaryArray.from_arrays(zeros, pa.array(["a" * 100_000]))
    columns = {
        "text": texts,
        "list": pa.ListArray.from_arrays(places, texts),
        "map": pa.MapArray.from_arrays(places, zeros, texts),
        "struct": pa.StructArray.from_arrays([texts], ["text"]),
    }
    file = tmp_path / "table.parquet"
    pq.write_table(pa.table({"path": columns[kind]}), file, compression="zstd")
    with pytest.raises(InvalidParameterError, match=r"it takes more than 1.0 GiB of memory"):
        read_table(str(file), None)
