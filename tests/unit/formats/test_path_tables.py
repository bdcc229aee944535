"""Tests of smartdownsample.formats.path_tables."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from smartdownsample import InvalidParameterError
from smartdownsample.formats import read_table


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
    with pytest.raises(InvalidParameterError, match=r"--path-column\. Got the columns where"):
        read_table(other, None)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("t.csv", b"", "cannot be read"),
        ("t.csv", b"path,id\na.jpg\n", "cannot be read"),
        ("t.csv", b"path\ncaf\xe9.jpg\n", "cannot be read.*UTF-8"),
        ("t.csv", b"p\xe9th\na.jpg\n", "cannot be read.*UTF-8"),
        ("t.csv", b"path,id\n,1\n", "must have a path. Got None in row 1"),
        ("t.csv", b"path,path\na,b\n", "one column called 'path'"),
        ("t.parquet", b"no Parquet", "cannot be read"),
    ],
)
def test_tables_that_cannot_be_used_are_named(
    tmp_path: Path, name: str, data: bytes, words: str
) -> None:
    """With the reason, and without a library's exception."""
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InvalidParameterError, match=words):
        read_table(str(tmp_path / name), None)
