"""Tests of smartdownsample.items.sources."""

import io
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from pictures import write_picture
from small_surveys import detect, write_results
from smartdownsample import ImageLoadingWarning, InvalidParameterError
from smartdownsample.formats import read_document
from smartdownsample.gathering import measure_photo
from smartdownsample.items import DocumentItems, NamedImages, add_images, list_document_items
from smartdownsample.items.groupings import Grouping
from smartdownsample.items.sources import leave_out_folder, name_images
from smartdownsample.options import DocumentOptions

NAMES = ["cam_1/a.jpg", "cam_1/b.jpg", "cam_2/c.jpg"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of three images."""
    for seed, name in enumerate(NAMES):
        write_picture(tmp_path / name, seed)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def name_paths(*sources: str, **choices: Any) -> list[str]:
    return name_images(sources, **choices).paths


# ------------------------------------------------------------------ folders, globs, images


@pytest.mark.usefixtures("folder")
def test_folders_globs_and_images_are_listed_in_turn() -> None:
    """Paths start as the sources were spelt, and may repeat."""
    assert name_paths("cam_2", "cam_1/b*", "./cam_2/c.jpg") == [
        "cam_2/c.jpg",
        "cam_1/b.jpg",
        "./cam_2/c.jpg",
    ]
    assert name_paths(".") == [f"./{name}" for name in NAMES]


def test_a_source_that_does_not_exist_is_named(folder: Path) -> None:
    """Whatever its name would have made it."""
    for source in ("nowhere", "nothing.csv", "nothing.txt", "*.gif*"):
        if source.startswith("*"):
            with pytest.warns(ImageLoadingWarning, match="leads to no images"):
                assert name_paths(source) == []
        else:
            with pytest.raises(InvalidParameterError, match=f"no file, folder or match.*{source}"):
                name_paths(source)
    assert folder.exists()


def test_a_folder_whose_name_is_a_table_s_is_a_folder(folder: Path) -> None:
    """What it is decides, not what it is called."""
    (folder / "cam_1").rename(folder / "cam.csv")
    assert name_paths("cam.csv") == ["cam.csv/a.jpg", "cam.csv/b.jpg"]


# ------------------------------------------------------------------ lists


def test_a_list_is_read_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its paths are those of a file with the same content."""
    data = b"cam_1/a.jpg\r\ncam_2/c.jpg"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert name_paths("-") == ["cam_1/a.jpg", "cam_2/c.jpg"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the platform has no named pipes")
def test_a_pipe_is_a_list(folder: Path) -> None:
    """Shells make one of ``<(find …)``."""
    os.mkfifo(folder / "pipe")
    writer = threading.Thread(target=(folder / "pipe").write_bytes, args=(b"cam_1/a.jpg\n",))
    writer.start()
    assert name_paths("pipe") == ["cam_1/a.jpg"]
    writer.join()


def test_relative_paths_count_from_where_the_first_of_them_is(folder: Path) -> None:
    """From the working folder or, failing that, from the folder of the list."""
    lists = folder / "lists"
    lists.mkdir()
    (lists / "of_working.txt").write_text("cam_1/a.jpg\n")
    assert name_paths("lists/of_working.txt") == ["cam_1/a.jpg"]
    (lists / "gone.txt").write_text("gone.jpg\n")
    assert name_paths("lists/gone.txt") == ["gone.jpg"]
    write_picture(lists / "here.jpg", 1)
    (lists / "of_list.txt").write_text(f"{folder}/cam_1/a.jpg\nhere.jpg\ncam_1/a.jpg\n")
    assert name_paths("lists/of_list.txt") == [
        f"{folder}/cam_1/a.jpg",
        "lists/here.jpg",
        "lists/cam_1/a.jpg",
    ]


@pytest.mark.parametrize("name", ["paths.txt", "table.csv"])
@pytest.mark.parametrize("start", ["", "old/", "/mnt/disk/photos/", "C:\\photos\\"])
def test_paths_count_from_a_root(folder: Path, name: str, start: str) -> None:
    """Those of another machine lose the folders that are not there, as in documents."""
    spelt = [start + each for each in NAMES]
    if "\\" in start:
        spelt = [each.replace("/", "\\") for each in spelt]
    lists = folder / "lists"
    lists.mkdir()
    header = ["path"] if name.endswith(".csv") else []
    (lists / name).write_text("\n".join([*header, *spelt, ""]))
    os.chdir(lists)
    found = name_paths(name, root=str(folder))
    assert list(map(os.path.normpath, found)) == [str(folder / each) for each in NAMES]


@pytest.mark.skipif(os.sep != "/", reason="backslashes are separators here")
@pytest.mark.usefixtures("folder")
def test_backslashes_are_separators_where_that_leads_to_a_photo() -> None:
    """In tables that were written on Windows; else they are letters."""
    Path("table.csv").write_text("filename\ncam_1\\a.jpg\ncam_2\\c.jpg\n")
    assert name_paths("table.csv") == ["cam_1/a.jpg", "cam_2/c.jpg"]
    Path("gone.csv").write_text("filename\ngone\\a.jpg\n")
    assert name_paths("gone.csv") == ["gone\\a.jpg"]


# ------------------------------------------------------------------ tables


def test_a_table_gives_paths_and_itself(folder: Path) -> None:
    """The only source that is a table; its column of paths may be named."""
    (folder / "table.csv").write_text("image,path,where\n1.jpg,2.jpg,3.jpg\n")
    images = name_images(["table.csv"])
    assert images.paths == ["2.jpg"]
    assert images.table is not None
    assert images.table.column_names == ["image", "path", "where"]
    assert name_paths("table.csv", path_column="where") == ["3.jpg"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the platform has no named pipes")
@pytest.mark.parametrize("name", ["pipe.csv", "pipe.parquet"])
def test_a_pipe_can_be_a_table(folder: Path, name: str) -> None:
    """Which is read once, from its start to its end."""
    table = pa.table({"path": NAMES})
    if name.endswith(".csv"):
        pyarrow.csv.write_csv(table, folder / "data")
    else:
        pq.write_table(table, folder / "data")
    os.mkfifo(folder / name)
    data = (folder / "data").read_bytes()
    writer = threading.Thread(target=(folder / name).write_bytes, args=(data,))
    writer.start()
    assert name_paths(name) == NAMES
    writer.join()


@pytest.mark.skipif(sys.platform != "linux", reason="there is no such limit of memory")
@pytest.mark.parametrize("name", ["huge.txt", "huge.csv", "huge.parquet"])
def test_a_document_that_does_not_fit_into_memory_is_an_error(folder: Path, name: str) -> None:
    """Not the end of the process."""
    with (folder / name).open("wb") as file:
        file.truncate(8 << 30)  # zeros, which take no room on disk
    code = (
        "import resource, sys\n"
        "from smartdownsample.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2 << 30,) * 2)\n"
        "sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "sample", name, "-n", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("smartdownsample: error: The ")
    assert f"{name!r} cannot be read: " in line


@pytest.mark.usefixtures("folder")
def test_closed_standard_input_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for daemons."""
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InvalidParameterError, match="Standard input must be open"):
        name_paths("-")


@pytest.mark.skipif(
    hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read every document"
)
@pytest.mark.parametrize("name", ["list.txt", "table.csv", "table.parquet"])
def test_a_document_that_may_not_be_read_is_named(folder: Path, name: str) -> None:
    """With the reason."""
    (folder / name).touch(mode=0o000)
    with pytest.raises(InvalidParameterError, match=f"{name}' cannot be read: Permission denied"):
        name_paths(name)


# ------------------------------------------------------------------ groups, patterns


@pytest.mark.usefixtures("folder")
def test_a_regular_expression_names_groups() -> None:
    """Its first group does, or else all that it matches."""
    for pattern, labels in ((r"cam_(\d)", ["1", "1", "2"]), (r"cam_\d", ["cam_1"] * 2 + ["cam_2"])):
        assert name_images(["."], grouping=Grouping("regex", pattern)).labels == labels
    with pytest.raises(
        InvalidParameterError, match=r"1 of 3 do not match, first '\./cam_2/c\.jpg'"
    ):
        name_images(["."], grouping=Grouping("regex", "cam_1"))


def test_a_column_names_groups(folder: Path) -> None:
    """Images that a folder names beside the table have none."""
    (folder / "table.csv").write_text("path,species\ncam_1/a.jpg,fox\ncam_2/c.jpg,\n")
    grouping = Grouping("column", "species")
    assert name_images(["table.csv"], grouping=grouping).labels == ["fox", None]
    both = name_images(["cam_1", "table.csv"], grouping=grouping)
    assert both.labels == [None, None, "fox", None]
    assert both.table is None
    with pytest.raises(InvalidParameterError, match="need a table"):
        name_images(["cam_1"], grouping=grouping)
    with pytest.raises(InvalidParameterError, match="one column called 'kind'"):
        name_images(["table.csv"], grouping=Grouping("column", "kind"))


@pytest.mark.usefixtures("folder")
def test_the_columns_of_a_table_are_told_where_a_document_is_wanted() -> None:
    """One of them is likely meant."""
    Path("table.csv").write_text("path,prediction\ncam_1/a.jpg,fox\n")
    with pytest.raises(InvalidParameterError, match=r"column:NAME: path, prediction\.$"):
        name_images(["table.csv"], grouping=Grouping("fact", "species"))


@pytest.mark.usefixtures("folder")
def test_patterns_count_from_the_root_of_a_table(tmp_path: Path) -> None:
    """Where its paths do."""
    Path("other").mkdir()
    Path("other/table.csv").write_text("path\n" + "\n".join(NAMES))
    os.chdir("other")
    found = name_paths("table.csv", root=str(tmp_path), include=["/cam_1/*"])
    assert found == [str(tmp_path / name) for name in NAMES[:2]]


@pytest.mark.usefixtures("folder")
def test_left_out_images_need_no_group() -> None:
    """What the error advises helps."""
    grouping = Grouping("regex", "cam_1")
    images = name_images(["."], grouping=grouping, include=["*cam_1*/*"])
    assert images.labels
    assert images.labels == ["cam_1"] * len(images.paths)


@pytest.mark.parametrize(
    ("include", "exclude", "places"),
    [
        (["*.jpg"], [], [0, 1, 2]),
        (["a*", "c.*"], [], [0, 2]),
        (["cam_1*"], [], [0, 1]),
        ([], ["cam_1/"], [2]),
        (["cam_1/*"], [], [0, 1]),
        ([], ["*/b.jpg"], [0, 2]),
        (["cam_1/*"], ["a.*"], [1]),
    ],
)
def test_patterns_choose_among_images(
    folder: Path, include: list[str], exclude: list[str], places: list[int]
) -> None:
    """By name, or by path where they have a slash; labels and rows go with the images."""
    rows = "".join(f"{name},{place}\n" for place, name in enumerate(NAMES))
    (folder / "table.csv").write_text(f"path,place\n{rows}")
    images = name_images(
        ["table.csv"], grouping=Grouping("column", "place"), include=include, exclude=exclude
    )
    assert images.paths == [NAMES[place] for place in places]
    assert images.labels == list(map(str, places))
    assert images.table is not None
    assert images.table["place"].to_pylist() == images.labels


@pytest.mark.usefixtures("folder")
def test_a_pattern_that_matches_nothing_is_said() -> None:
    """A wrong letter would keep a station in the selection."""
    with pytest.warns(ImageLoadingWarning, match=r"--exclude 'cam_3' matches none of the 3 images"):
        assert len(name_paths("cam_1", "cam_2", exclude=["cam_3", "b.jpg"])) == 2
    with pytest.raises(InvalidParameterError, match="No image is left of 3 by --include"):
        name_paths(".", include=["cam_3"])


def test_patterns_count_from_what_a_source_searches(folder: Path) -> None:
    """The folder, the part of a glob that is none, the folder of a list, the root of a document."""
    for source in ("cam_1", "cam_1/*", "cam_1/*.jpg", f"{folder}/cam_1"):
        assert len(name_paths(source, exclude=["/a.jpg"])) == 1
    (folder / "cam_1" / "list.txt").write_text("a.jpg\nb.jpg\n")
    assert name_paths("cam_1/list.txt", exclude=["/a.jpg"]) == ["cam_1/b.jpg"]
    write_results(folder / "md.json", {"cam_1/a.jpg": [detect(0, 0, 1, 1)], "cam_2/c.jpg": []})
    options = DocumentOptions(root="cam_2/..", items="photos")

    def read_items(source: str) -> DocumentItems:
        annotations = read_document(source)
        assert annotations is not None
        return list_document_items(annotations, options, measure_photo)

    (path,) = name_paths("md.json", read_items=read_items, include=["/cam_1"])
    assert path.endswith("cam_1/a.jpg")


@pytest.mark.usefixtures("folder")
def test_added_images_stand_behind_the_others_and_once() -> None:
    """Spellings of one path are one image; a label is missing where none is known."""
    images = NamedImages(["cam_1/a.jpg"], ["fox"])
    added, _ = add_images(images, NamedImages(["./cam_1/a.jpg", "cam_2/c.jpg"]))
    assert (added.paths, added.labels) == (
        ["cam_1/a.jpg", "cam_2/c.jpg"],
        ["fox", "selected before"],
    )
    labelled, _ = add_images(images, NamedImages(["./cam_1/a.jpg", "cam_2/c.jpg"], ["cat", "dog"]))
    assert labelled.labels == ["fox", "dog"]


@pytest.mark.usefixtures("folder")
def test_images_below_a_folder_are_left_out() -> None:
    """However the folder is spelt; one whose name begins alike stays."""
    images = NamedImages(["cam_1/a.jpg", "cam_10/a.jpg", "cam_1/deep/a.jpg"])
    assert leave_out_folder(images, "../" + Path.cwd().name + "/cam_1/").paths == ["cam_10/a.jpg"]
