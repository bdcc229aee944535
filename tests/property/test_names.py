"""Names that files may have come back from every file that they are written to."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feature_tables import make_table
from smartdownsample import ImageIndex, Selection
from smartdownsample.formats import read_list, read_table
from smartdownsample.records import pack_paths
from smartdownsample.results import write_selection

N = 8
# Beginnings of formulas, of quoted cells, of numbers, and all other texts.
starts = st.sampled_from(["", "=", "+", "-", "@", "\t", "\r", "'", "''=", '"', ",", "\n", "-3.75"])
unicode_names = st.builds(
    str.__add__, starts, st.text(st.characters(exclude_characters="\0", codec="utf-8"))
).filter(bool)
# As `os.listdir` gives those of a disk whose names are in no known encoding.
disk_names = st.binary(min_size=1).filter(lambda name: b"\0" not in name).map(os.fsdecode)


def select(names: list[str]) -> Selection:
    """Select images of such paths, in groups of the same names."""
    table = replace(make_table(N), paths=pack_paths(names))
    return ImageIndex(table).sample(N, groups=names)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make one folder for all examples, which replace each other's files."""
    return tmp_path_factory.mktemp("names")


@given(names=st.lists(unicode_names, min_size=N, max_size=N, unique=True))
def test_names_come_back_from_csv(folder: Path, names: list[str]) -> None:
    """Paths and other cells, whatever spreadsheets would make of them."""
    write_selection(select(names), folder / "names.csv")
    paths, table = read_table(str(folder / "names.csv"), None)
    assert paths == names
    assert table["path"].to_pylist() == table["group"].to_pylist() == names


@pytest.mark.skipif(os.name != "posix", reason="names are Unicode on other systems")
@given(names=st.lists(disk_names, min_size=N, max_size=N, unique=True))
def test_names_of_any_bytes_come_back_from_parquet(folder: Path, names: list[str]) -> None:
    """Those that are not valid Unicode, and those that are."""
    write_selection(select(names), folder / "names.parquet")
    assert read_table(str(folder / "names.parquet"), None)[0] == names


@pytest.mark.skipif(os.name != "posix", reason="names are Unicode on other systems")
@given(
    names=st.lists(
        disk_names.filter(lambda name: not {"\r", "\n"} & {*name}), min_size=N, max_size=N
    )
)
def test_names_of_any_bytes_come_back_from_lists(folder: Path, names: list[str]) -> None:
    """As far as they fit on a line."""
    names[0] = "first.jpg"  # two bytes at the beginning can make a file another encoding's
    # A list of other names than images' is somebody's, unless they are files.
    (folder / "names.txt").unlink(missing_ok=True)
    write_selection(select(names), folder / "names.txt")
    assert read_list(str(folder / "names.txt")) == names
