"""Tests of smartdownsample.formats.data_package."""

import gzip
import json
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from camtrap_packages import write_package
from smartdownsample import InvalidParameterError
from smartdownsample.formats.csv_tables import Table
from smartdownsample.formats.data_package import DataPackage, looks_like_package, read_package

MENTIONS = re.compile("birds")


def make(folder: Path, resource: Any = None, **files: bytes) -> DataPackage:
    """Make a package with one resource, ``t`` of table.csv, changed as given."""
    first = {"name": "t", "path": "table.csv", **(resource or {})}
    descriptor = json.dumps({"resources": [first, "odd"]}).encode()
    write_package(folder, {"datapackage.json": descriptor, "table.csv": b"a,b\n1,2\n", **files})
    return read_package(str(folder))


def read(package: DataPackage) -> Table:
    return package.read_table("t", ["a"], ["c"])


def test_tables_are_found_by_name(tmp_path: Path) -> None:
    """Wherever their path points below the folder, as a text or a list of one."""
    for path in ("sub/x.csv", ["./sub/x.csv"]):
        package = make(tmp_path, {"path": path}, **{"sub/x.csv": b"a\n7\n"})
        table = read(package)
        assert table.path == "sub/x.csv"
        assert table.cells("a").to_pylist() == ["7"]
        assert table.cells("c").to_pylist() == [None]


def test_the_descriptor_may_have_any_name(tmp_path: Path) -> None:
    """Paths count from its folder."""
    make(tmp_path)
    (tmp_path / "datapackage.json").rename(tmp_path / "birds.json")
    assert read(read_package(str(tmp_path / "birds.json"))).path == "table.csv"


def test_cells_of_nothing_are_those_of_the_standard_and_of_the_schema(tmp_path: Path) -> None:
    """A schema by its URL has none of its own."""
    data = b"a\nNA\nNaN\nnan\n-\n"
    package = make(tmp_path, {"schema": {"missingValues": ["-", 1]}}, **{"table.csv": data})
    assert read(package).cells("a").to_pylist() == [None] * 4
    package = make(tmp_path, {"schema": "https://example.org/x.json"}, **{"table.csv": data})
    assert read(package).cells("a").to_pylist() == [None] * 3 + ["-"]


def test_dialects_and_packed_tables_are_read(tmp_path: Path) -> None:
    """As the descriptor tells them; whether a file is packed, its content tells."""
    data = gzip.compress(b"a;b\n1,5;2\n")
    package = make(tmp_path, {"dialect": {"delimiter": ";"}}, **{"table.csv": data})
    assert read(package).cells("a").to_pylist() == ["1,5"]


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../table.csv",
        "sub/../../table.csv",
        r"sub\..\..\table.csv",
        r"C:\table.csv",
        "C:table.csv",
        r"\table.csv",
        "",
        ".",
        7,
        None,
        {"a": "table.csv"},
    ],
)
def test_paths_that_lead_out_of_the_folder_are_refused(tmp_path: Path, path: object) -> None:
    """On any system, as the specification has it."""
    with pytest.raises(InvalidParameterError, match=r"The 'path' of resources\[0\] .*Put the file"):
        read(make(tmp_path, {"path": path}))
    with pytest.raises(InvalidParameterError, match=r"The 'path' of resources\[0\]"):
        make(tmp_path, {"path": path}).list_files()


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        ({"name": "x"}, "must have a resource called 't'. Got 'x'"),
        ({"path": ["table.csv", "more.csv"]}, "must name one file"),
        ({"path": []}, "must name one file"),
        ({"path": "https://example.org/t.csv"}, "must name one file"),
        ({"path": "none.csv"}, "none.csv.*No such file"),
        ({"path": "a\0b.csv"}, "must be readable. Got: embedded null"),
        ({"encoding": "latin-1"}, "'encoding' of .* must be 'utf-8'. Got 'latin-1'"),
        ({"encoding": 7}, "must be 'utf-8'. Got 7"),
        ({"dialect": {"header": False}}, "'dialect' of .* must be an object"),
        ({"path": "datapackage.json"}, "cannot be read"),
    ],
)
def test_tables_that_cannot_be_read_are_refused(
    tmp_path: Path, resource: dict[str, object], reason: str
) -> None:
    """With the place in the descriptor, what was expected, and what to do."""
    with pytest.raises(InvalidParameterError, match=reason):
        read(make(tmp_path, resource))


def test_a_pipe_is_no_table(tmp_path: Path) -> None:
    """Nobody may ever write to it."""
    package = make(tmp_path)
    os.unlink(tmp_path / "table.csv")
    os.mkfifo(tmp_path / "table.csv")
    with pytest.raises(InvalidParameterError, match="it is no file"):
        read(package)


def test_a_table_without_its_columns_is_refused(tmp_path: Path) -> None:
    """With those that it lacks and those that it has."""
    package = make(tmp_path, **{"table.csv": b"b,d\n"})
    with pytest.raises(InvalidParameterError, match=r"must have the columns a\. It lacks a\. Got "):
        read(package)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "must be a JSON object with a list of 'resources'"),
        (b'{"resources": [', "must be a JSON file"),
        (b'{"resources": ' + b"[" * 100_000, "must be a JSON file"),
        (b"nonsense" * 100_000, "must be a JSON object with a list of 'resources'. Got b'nons"),
        (b'{"resources": 1e5}', "must be a JSON object with a list of 'resources'"),
        (b"[]", "must be a JSON object with a list of 'resources'"),
        (b"PK\x03\x04...", "Unpack it first"),
    ],
)
def test_what_is_no_descriptor_is_refused(tmp_path: Path, data: bytes, reason: str) -> None:
    """Whatever its name."""
    file = tmp_path / "x.zip"
    file.write_bytes(data)
    with pytest.raises(InvalidParameterError, match=reason):
        read_package(str(file))
    with pytest.raises(InvalidParameterError, match="No such file"):
        read_package(str(tmp_path))


def test_files_that_the_descriptor_names_are_listed(tmp_path: Path) -> None:
    """Where they are below the folder; absent ones of resources are told."""
    descriptor = {
        "profile": "data-package",
        "image": "logo.png",
        "licenses": [{"path": "LICENSE"}, {"path": "https://example.org"}, "x"],
        "sources": {},
        "resources": [
            {"name": "a", "path": ["a.csv", "b.csv"], "schema": "schemas/a.json"},
            {"name": "b", "path": "https://example.org/b.csv", "schema": "../up.json"},
            {"name": "c", "data": [{"path": "no.csv"}]},
            {"name": "d", "path": "none.csv", "dialect": {}},
        ],
    }
    names = ["logo.png", "LICENSE", "a.csv", "b.csv", "schemas/a.json", "no.csv"]
    files = {"datapackage.json": json.dumps(descriptor).encode(), **dict.fromkeys(names, b"x")}
    package = read_package(write_package(tmp_path, files))
    assert package.list_files() == ["LICENSE", "a.csv", "b.csv", "logo.png", "schemas/a.json"]
    assert list(package.list_absent()) == [("datapackage.json, resources[3].path", "none.csv")]


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
@pytest.mark.parametrize("indent", [None, 4])
def test_sums_of_files_that_were_written_are_left_out(
    tmp_path: Path, indent: int | None, newline: bytes, bom: bytes
) -> None:
    """Everything else stays, with its order, indent, letters and ends of lines."""
    sums = {"bytes": 17, "hash": "sha256:0"}
    resources: list[Any] = [
        {"name": "t", **sums, "path": "./table.csv"},
        {"name": "é", "path": "other.csv", **sums, "n": 0.10, "of": ["\ud800", None]},
    ]

    def spell() -> bytes:
        text = json.dumps({"resources": resources, "z": 1}, indent=indent, ensure_ascii=False)
        data = text.encode(errors="backslashreplace").replace(b"\n", newline)
        return bom + data + newline

    file = tmp_path / "datapackage.json"
    file.write_bytes(spell())
    package = read_package(str(file))
    assert package.without_sums([]) == spell()
    assert package.without_sums(["none.csv"]) == spell()
    del resources[0]["bytes"], resources[0]["hash"]
    assert package.without_sums(["table.csv"]) == spell()


def test_packages_are_recognised_by_their_content(tmp_path: Path) -> None:
    """A descriptor of any name, or the folder of one."""
    descriptor = b'\xef\xbb\xbf {"name": "birds", "resources": []}'
    folder = write_package(tmp_path / "a", {"datapackage.json": descriptor, "x.json": descriptor})
    other = write_package(tmp_path / "b", {"datapackage.json": b'{"resources": []}'})
    broken = write_package(tmp_path / "c", {"datapackage.json": b'{"reso', "x.json": b'{"reso'})
    for path in (folder, f"{folder}/x.json", broken):
        assert looks_like_package(path, MENTIONS)
    for path in (other, f"{broken}/x.json", str(tmp_path), str(tmp_path / "none")):
        assert not looks_like_package(path, MENTIONS)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_descriptors_in_utf_16_are_recognised_and_read(tmp_path: Path, encoding: str) -> None:
    """Windows writes them; without the sums of a table they become UTF-8."""
    descriptor = {"name": "birds", "resources": [{"name": "é", "path": "t.csv", "bytes": 1}]}
    data = json.dumps(descriptor, ensure_ascii=False).encode(encoding)
    folder = write_package(tmp_path, {"datapackage.json": data})
    assert looks_like_package(folder, MENTIONS)
    package = read_package(folder)
    assert package.without_sums([]) == data
    del descriptor["resources"][0]["bytes"]  # type: ignore[attr-defined] # a list
    assert json.loads(package.without_sums(["t.csv"]).decode()) == descriptor


def test_only_the_beginning_of_a_long_file_is_looked_at(tmp_path: Path) -> None:
    """But the descriptor of a folder is searched to its end."""
    data = json.dumps({"resources": [], "x": "y" * 2**17, "name": "birds"}).encode()
    folder = write_package(tmp_path, {"datapackage.json": data, "x.json": data})
    assert looks_like_package(folder, MENTIONS)
    assert not looks_like_package(f"{folder}/x.json", MENTIONS)
    other = {"datapackage.json": data.replace(b"birds", b"fish")}
    assert not looks_like_package(write_package(tmp_path, other), MENTIONS)


def test_archives_of_packages_are_recognised(tmp_path: Path) -> None:
    """Others, and what only begins like one, are not."""
    for name, content in (("a.zip", "sub/datapackage.json"), ("b.zip", "a.jpg")):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(content, "{}")
    (tmp_path / "c.zip").write_bytes(b"PK\x03\x04 is how they begin")
    found = [looks_like_package(str(tmp_path / f"{name}.zip"), MENTIONS) for name in "abc"]
    assert found == [True, False, False]
