"""Tests of smartdownsample.items.given_images: what callers may give for images."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pictures import write_collection, write_picture
from smartdownsample import ImageIndex, ImageLoadingWarning, find_images, sample_diverse
from smartdownsample.errors import InvalidParameterError
from smartdownsample.items import Grouping, list_items, name_images


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Work in a folder of two folders with three photos each, which is also the home."""
    for name in ("a", "b"):
        write_collection(tmp_path / name, 3)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return ["a", "b"]


def test_folders_and_globs_of_a_list_are_searched(folders: list[str]) -> None:
    """As the command does, in any mixture with photos, which count once."""
    photos = find_images(*folders)
    assert ImageIndex.build(folders, cache=False).paths == photos
    assert sample_diverse(map(Path, folders), 6, show_summary=False) == photos
    for given in (["a", *find_images("b")], ["a/*", "b/**/*.jpg"], ["a", "b", photos[0]]):
        assert sorted(list_items(given).paths) == sorted(photos)


def test_indices_with_folders_are_of_the_list_of_all(folders: list[str]) -> None:
    """In the order of `find_images`."""
    places = sample_diverse(folders, 4, return_indices=True, show_summary=False)
    paths = sample_diverse(folders, 4, show_summary=False)
    assert [find_images(*folders)[place] for place in places] == paths


def test_an_empty_folder_of_a_list_is_warned_of(folders: list[str], tmp_path: Path) -> None:
    """The others are used."""
    (tmp_path / "empty").mkdir()
    with pytest.warns(ImageLoadingWarning, match="'empty' leads to no images"):
        assert len(list_items([*folders, "empty"])) == 6


def test_a_photo_may_have_a_star_in_its_name(folders: list[str], tmp_path: Path) -> None:
    """It is a file before it is a pattern."""
    starred = str(write_picture(tmp_path / "a" / "*.jpg", 9))
    assert list_items([starred, starred]).paths == [starred]
    assert len(list_items([*folders])) == 7


@pytest.mark.usefixtures("folders")
def test_rows_of_a_table_are_not_searched(tmp_path: Path) -> None:
    """One that names a folder, or has a star, is one image that fails; labels stay in place."""
    (photo,) = find_images("b/site_1")[:1]
    rows = ["path,kind", "b,fox", "a/**,hare", f"{photo},deer"]
    (tmp_path / "t.csv").write_text("\n".join(rows))
    named = name_images(["t.csv"], grouping=Grouping("column", "kind"))
    assert named.list_items().paths == named.paths == ["b", "a/**", photo]
    assert named.labels == ["fox", "hare", "deer"]


def test_home_is_where_the_tilde_leads(folders: list[str], tmp_path: Path) -> None:
    """For folders, globs and photos, where they are read and where they are written."""
    photos = [str(path) for path in sorted((tmp_path / "a").rglob("*.jpg"))]
    home = [path.replace(str(tmp_path), "~") for path in photos]
    for given in ("~/a", "~/a/**/*.jpg", ["~/a"], home, list(map(Path, home))):
        assert sorted(list_items(given).paths) == photos
    index = ImageIndex.build(folders, cache_dir="~/cache")
    index.sample(2).save("~/picked.csv")
    assert (tmp_path / "picked.csv").exists()
    assert (tmp_path / "cache").is_dir()
    assert len(index.sample(1, keep=[home[0]]).earlier_rows) == 1
    assert not (tmp_path / "~").exists()


@pytest.mark.parametrize("name", ["path", "File", "filepath"])
def test_a_data_frame_gives_its_column_of_paths(folders: list[str], name: str) -> None:
    """In its order, so that its other columns are labels; so does an Arrow table."""
    photos = find_images(*folders)[::-1]
    frame = pd.DataFrame({"species": list("fffddd"), name: photos})
    for table in (frame, pa.Table.from_pandas(frame)):
        assert list_items(table).paths == photos
    assert list_items(frame[name]).paths == photos
    index = ImageIndex.build(frame, cache=False)
    selection = index.sample(groups=frame["species"], per_group=1)
    assert [frame["species"][place] for place in selection.indices] == ["d", "f"]


def test_what_would_be_no_image_is_refused(folders: list[str], tmp_path: Path) -> None:
    """Rather than read and left out."""
    frame = pd.DataFrame({"species": list("fd")})
    with pytest.raises(InvalidParameterError, match=r"must have a column of paths.*species"):
        list_items(frame)
    frame.to_csv(tmp_path / "table.csv")
    with pytest.raises(InvalidParameterError, match=r"'table.csv', which the command reads"):
        ImageIndex.build("table.csv")
    assert len(folders) == 2


@pytest.mark.parametrize("count", ["50%", np.int64(3), np.uint8(3)])
def test_shares_and_numbers_of_numpy_are_counts(folders: list[str], count: str | np.int64) -> None:
    """In every call that takes a count."""
    index = ImageIndex.build(folders, cache=False)
    assert len(index.sample(count)) == len(index.rank(count)) == 3
    assert len(sample_diverse(folders, count, show_summary=False)) == 3


@pytest.mark.parametrize("count", [0.1, 3.0, "three", "10", "101%", "-1%", np.float64(0.5), True])
def test_what_is_no_count_is_refused(folders: list[str], count: int) -> None:
    """Also a share that is no text, since 1.0 might be one image or all."""
    index = ImageIndex.build(folders, cache=False)
    for sample in (index.sample, index.rank, lambda n: sample_diverse(folders, n)):
        with pytest.raises(InvalidParameterError, match="must be an integer of at least 0"):
            sample(count)


def test_a_small_share_is_of_one_image(folders: list[str]) -> None:
    """Unless there is none, or none is asked for."""
    index = ImageIndex.build(folders, cache=False)
    assert [len(index.sample(share)) for share in ("0%", "1%", "100%")] == [0, 1, 6]
    assert len(ImageIndex.build([], cache=False).sample("1%")) == 0


def test_a_table_with_two_columns_of_paths_is_refused(folders: list[str]) -> None:
    """Rather than the names of the columns taken for images."""
    twice = pd.DataFrame([[folders[0], folders[1]]], columns=["path", "path"])
    with pytest.raises(InvalidParameterError, match="2 columns 'path'"):
        list_items(twice)
    columns = pa.array(["a.jpg"])
    with pytest.raises(InvalidParameterError, match="2 columns 'path'"):
        list_items(pa.Table.from_arrays([columns, columns], names=["path", "path"]))


def test_columns_of_arrow_are_paths(tmp_path: Path) -> None:
    """Arrays and chunked ones alike."""
    paths = [str(tmp_path / "a.jpg"), str(tmp_path / "b.jpg")]
    assert list_items(pa.array(paths)).paths == paths
    assert list_items(pa.chunked_array([paths[:1], paths[1:]])).paths == paths


def test_all_signs_of_globs_serve_in_a_list(tmp_path: Path) -> None:
    """As alone; what matches nothing may be a photo that is gone."""
    for name in ("a1.jpg", "a2.jpg", "b1.jpg"):
        write_picture(tmp_path / name, 1)
    for pattern in ("a?.jpg", "a[12].jpg"):
        alone = list_items(str(tmp_path / pattern)).paths
        assert sorted(list_items([str(tmp_path / pattern)]).paths) == sorted(alone)
        assert len(alone) == 2
    gone = str(tmp_path / "c[1].jpg")
    assert list_items([gone]).paths == [gone]
