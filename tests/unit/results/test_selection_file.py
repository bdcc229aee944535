"""Tests of smartdownsample.results.selection_file."""

import csv
import json
import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from feature_tables import make_table
from smartdownsample import FeatureTable, ImageIndex, InvalidParameterError, Selection
from smartdownsample.records import pack_paths, pack_texts
from smartdownsample.results import tabulate_selection, write_selection

EXTENSIONS = [".txt", ".csv", ".json", ".parquet"]
# Names that ext4, CSV and JSON allow, and that a careless writer tears apart.
ODD_NAMES = ['a,b "c".jpg', "naïve 東.jpg", "=1+1.jpg", " .jpg", "back\\slash.jpg"]
NOT_UNICODE = os.fsdecode(b"caf\xe9.jpg")


def rename(table: FeatureTable, names: list[str]) -> FeatureTable:
    """Give the first items other names."""
    return replace(table, paths=pack_paths([*names, *table.paths[len(names) :]]))


@pytest.fixture
def selection() -> Selection:
    """Select all of a few items, one of them without a time."""
    table = make_table(12)
    table.rows["captured"][3] = np.datetime64("NaT", "ms")
    return ImageIndex(rename(table, ODD_NAMES)).sample(12, groups="parent")


def read_rows(path: Path) -> list[dict[str, object]]:
    """Read a table of any format; what CSV cannot tell apart is made equal."""
    if path.suffix == ".json":
        rows: list[dict[str, object]] = json.loads(path.read_text(encoding="utf-8"))
    elif path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            rows = [dict(row) for row in csv.DictReader(file)]
        for row in rows:
            row["path"] = str(row["path"]).removeprefix("'")  # before what spreadsheets would run
            numbers = ("index", "width", "height", "n_represented")
            row.update({name: int(str(row[name])) for name in numbers})
    else:
        rows = pq.read_table(path).to_pylist()
    for row in rows:
        if isinstance(row["captured"], str):
            row["captured"] = datetime.fromisoformat(row["captured"]) if row["captured"] else None
        row["group"] = row["group"] or None
    return rows


class TestFormats:
    """The extension decides what is written."""

    @pytest.mark.parametrize("extension", [".csv", ".CSV", ".json", ".parquet"])
    def test_a_table_comes_back_as_it_was(
        self, selection: Selection, tmp_path: Path, extension: str
    ) -> None:
        """Quotes, commas, accents and missing values included."""
        target = tmp_path / f"selection{extension}"
        write_selection(selection, target)
        rows = read_rows(target.rename(target.with_suffix(extension.lower())))
        assert rows == tabulate_selection(selection).to_pylist()

    def test_lines_are_paths(self, selection: Selection, tmp_path: Path) -> None:
        """One a line, each ended."""
        write_selection(selection, tmp_path / "list.txt")
        text = (tmp_path / "list.txt").read_text(encoding="utf-8")
        assert text == "".join(f"{path}\n" for path in selection.paths)

    def test_json_is_for_people_too(self, selection: Selection, tmp_path: Path) -> None:
        """Accents are spelt, times are ISO 8601 and lines are short."""
        write_selection(selection, tmp_path / "selection.json")
        text = (tmp_path / "selection.json").read_text(encoding="utf-8")
        assert '    "path": "naïve 東.jpg",\n' in text
        assert '"captured": "2024-01-01T00:00:02.000"' in text
        assert '"captured": null' in text

    @pytest.mark.parametrize("extension", EXTENSIONS)
    def test_the_same_selection_gives_the_same_bytes(
        self, selection: Selection, tmp_path: Path, extension: str
    ) -> None:
        """Also in another place, over another file, and drawn once more."""
        first, second = tmp_path / f"a{extension}", tmp_path / "b" / f"b{extension}"
        write_selection(selection, first)
        again = ImageIndex(selection.table).sample(12, groups="parent")
        second.parent.mkdir()
        write_selection(ImageIndex(selection.table).sample(40, groups="parent"), second)
        write_selection(again, str(second))
        assert first.read_bytes() == second.read_bytes()

    @pytest.mark.parametrize("extension", EXTENSIONS)
    def test_an_empty_selection_is_written(self, tmp_path: Path, extension: str) -> None:
        """A file without rows, not a missing one."""
        target = tmp_path / f"empty{extension}"
        write_selection(ImageIndex(make_table(0)).sample(0), target)
        assert target.exists()
        if extension != ".txt":
            assert read_rows(target) == []

    @pytest.mark.parametrize("name", ["selection.xlsx", "selection", ".csv"])
    def test_another_extension_is_refused(
        self, selection: Selection, tmp_path: Path, name: str
    ) -> None:
        """The message names the four."""
        with pytest.raises(InvalidParameterError, match=r"\.txt, \.csv, \.json, \.parquet.*Got"):
            write_selection(selection, tmp_path / name)
        assert list(tmp_path.iterdir()) == []

    def test_a_destination_that_is_no_path_is_refused(self, selection: Selection) -> None:
        """Before anything is made."""
        with pytest.raises(InvalidParameterError, match="'destination' parameter must be a str"):
            write_selection(selection, 5)  # type: ignore[arg-type] # the subject


class TestOddNames:
    """Every name that a file can have is written or refused, never torn."""

    def test_lines_are_the_bytes_on_disk(self, tmp_path: Path) -> None:
        """A program that reads them finds the file."""
        (tmp_path / NOT_UNICODE).touch()
        table = rename(make_table(1), [str(tmp_path / NOT_UNICODE)])
        write_selection(ImageIndex(table).sample(1), tmp_path / "list.txt")
        (line,) = (tmp_path / "list.txt").read_bytes().splitlines()
        assert os.path.exists(line)

    @pytest.mark.parametrize("extension", [".csv", ".json", ".parquet"])
    def test_tables_escape_what_is_no_unicode(self, tmp_path: Path, extension: str) -> None:
        """The file stays readable for everybody, and the index tells which image it is."""
        target = tmp_path / f"selection{extension}"
        table = rename(make_table(3), [NOT_UNICODE])
        write_selection(ImageIndex(table).sample(3), target)
        first = read_rows(target)[0]
        assert first["path"] == r"caf\udce9.jpg"
        assert table.paths[int(str(first["index"]))] == NOT_UNICODE

    @pytest.mark.skipif(os.name != "posix", reason="names are Unicode on other systems")
    def test_parquet_has_the_bytes_of_what_is_no_unicode(self, tmp_path: Path) -> None:
        """In a column of their own, which other selections do not have; relative ones as well."""
        os.makedirs(tmp_path / NOT_UNICODE)
        names = [str(tmp_path / NOT_UNICODE / name) for name in ("a.jpg", NOT_UNICODE)]
        selection = ImageIndex(rename(make_table(2), names)).sample(2)
        target = tmp_path / "selection.parquet"
        write_selection(selection, target)
        assert pq.read_table(target)["path_bytes"].to_pylist() == [os.fsencode(n) for n in names]
        write_selection(selection, target, relative_to=tmp_path / NOT_UNICODE)
        table = pq.read_table(target)
        assert table["path"].to_pylist() == ["a.jpg", r"caf\udce9.jpg"]
        assert table["path_bytes"].to_pylist() == [None, b"caf\xe9.jpg"]
        write_selection(ImageIndex(make_table(3)).sample(3), target)
        assert pq.read_table(target).schema == tabulate_selection(selection).schema

    @pytest.mark.parametrize("name", ["two\nlines.jpg", "old\rMac.jpg"])
    def test_a_line_break_is_refused_where_lines_count(self, tmp_path: Path, name: str) -> None:
        """The message names the path and what can hold it; these do."""
        selection = ImageIndex(rename(make_table(1), [name])).sample(1)
        with pytest.raises(InvalidParameterError, match=r"line break.*lines|Mac.*Write one of"):
            write_selection(selection, tmp_path / "list.txt")
        assert list(tmp_path.iterdir()) == []
        for extension in (".csv", ".json", ".parquet"):
            target = tmp_path / f"selection{extension}"
            write_selection(selection, target)
            assert read_rows(target)[0]["path"] == name


class TestRelativePaths:
    """Paths can be written relative to a folder above all images."""

    @pytest.mark.parametrize("extension", EXTENSIONS)
    def test_paths_are_relative_to_the_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extension: str
    ) -> None:
        """However both are spelt, and whether or not they exist."""
        monkeypatch.chdir(tmp_path)
        names = ["photos/a/1.jpg", str(tmp_path / "photos/a/2.jpg"), "photos/b/../a/3.jpg"]
        selection = ImageIndex(rename(make_table(3), names)).sample(3)
        target = tmp_path / f"selection{extension}"
        write_selection(selection, target, relative_to="photos/")
        if extension == ".txt":
            paths = target.read_text().splitlines()
        else:
            paths = [str(row["path"]) for row in read_rows(target)]
        assert paths == ["a/1.jpg", "a/2.jpg", "a/3.jpg"]

    @pytest.mark.parametrize("folder", ["cam", "elsewhere", "cam_0/IMG_00000.JPG"])
    def test_a_path_outside_of_the_folder_is_refused(self, tmp_path: Path, folder: str) -> None:
        """No path climbs, and a folder whose name begins like another is another."""
        selection = ImageIndex(make_table(12)).sample(3)
        with pytest.raises(InvalidParameterError, match=r"below 'relative_to'.*IMG.*Give a folder"):
            write_selection(selection, tmp_path / "list.txt", relative_to=folder)
        assert list(tmp_path.iterdir()) == []

    def test_paths_are_as_given_by_default(self, tmp_path: Path) -> None:
        """They are not made absolute either."""
        write_selection(ImageIndex(make_table(2)).sample(2), tmp_path / "list.txt")
        assert (tmp_path / "list.txt").read_text().startswith("cam_0/")


class TestTables:
    """Another table of the selection can be written instead."""

    def test_an_explained_table_is_written_whole(self, tmp_path: Path) -> None:
        """All its columns, all its paths relative, and distances in few digits."""
        selection = ImageIndex(make_table(30, n_folders=1)).sample(6)
        table = tabulate_selection(selection)
        nearest = [None, *selection.paths[1:]]
        table = table.append_column("nearest_path", pack_texts(nearest))
        table = table.append_column("distance", pa.array([None, 3.4, 0.1, 2, 7, 8], pa.float32()))
        write_selection(selection, tmp_path / "why.json", table=table, relative_to="cam_0")
        rows = json.loads((tmp_path / "why.json").read_text())
        names = [os.path.basename(path) for path in selection.paths]
        assert [row["path"] for row in rows] == names
        assert [row["nearest_path"] for row in rows] == [None, *names[1:]]
        assert [row["distance"] for row in rows] == [None, 3.4, 0.1, 2, 7, 8]
        assert list(rows[0]) == table.column_names

    def test_the_table_of_explain_is_one(self, tmp_path: Path) -> None:
        """As the documentation says."""
        index = ImageIndex(make_table(30))
        selection = index.sample(6)
        for extension in (".csv", ".json", ".parquet"):
            target = tmp_path / f"why{extension}"
            write_selection(selection, target, table=index.explain(selection))
            assert len(read_explained(target)) == 6

    def test_a_table_of_something_else_is_refused(self, tmp_path: Path) -> None:
        """Other images, another order, or no paths: the rows would be of the wrong images.

        Nor may two columns have one name, of which a JSON file would lose one.
        """
        index = ImageIndex(make_table(30))
        selection = index.sample(6)
        others = [
            tabulate_selection(index.sample(7)),
            tabulate_selection(selection).sort_by([("path", "descending")]),
            tabulate_selection(selection).drop_columns(["path"]),
            *(
                tabulate_selection(selection).append_column(name, [["x"] * 6])
                for name in ("path", "bucket")
            ),
        ]
        for table in others:
            with pytest.raises(InvalidParameterError, match=r"'table' parameter.*6 images"):
                write_selection(selection, tmp_path / "why.csv", table=table)
        assert list(tmp_path.iterdir()) == []


def read_explained(path: Path) -> list[object]:
    """Read the rows of an explained table, whatever its columns."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    if path.suffix == ".json":
        return list(json.loads(path.read_text(encoding="utf-8")))
    return list(pq.read_table(path).to_pylist())
