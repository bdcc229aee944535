"""Tests of smartdownsample.results.picked_items: selections and rankings as collections."""

import json
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from pictures import write_collection
from small_surveys import detect, write_jpeg, write_results
from smartdownsample import (
    Document,
    ImageIndex,
    InvalidParameterError,
    MissingExtraError,
    Ranking,
    Selection,
    find_images,
    place_images,
    sample_diverse,
)


@pytest.fixture
def crops(tmp_path: Path) -> Selection:
    """Select two of four crops of two photos."""
    boxes = [detect(0, 0, 0.5, 0.5), detect(0.25, 0.5, 0.5, 0.25)]
    for seed in (1, 2):
        write_jpeg(tmp_path / f"{seed}.jpg", seed)
    file = write_results(tmp_path / "md.json", {"1.jpg": boxes, "2.jpg": boxes})
    return ImageIndex.build(Document.read(file), cache=False).sample(2)


def test_a_selection_is_a_collection_of_its_paths(index: ImageIndex) -> None:
    """Of str, as the caller gave them, by numbers of Python and of NumPy."""
    selection = index.sample(7)
    assert isinstance(selection, Collection)
    assert list(selection) == selection.paths
    assert selection[0] == selection[np.int64(0)] == selection.paths[0]
    assert selection[-1] == selection.paths[6]
    assert selection[1:5:2] == selection.paths[1:5:2]
    assert list(reversed(selection)) == selection.paths[::-1]
    with pytest.raises(IndexError):
        selection[7]
    with pytest.raises(TypeError):
        selection["a.jpg"]  # type: ignore[call-overload] # what is to be refused


def test_a_ranking_is_one_in_its_own_order(index: ImageIndex) -> None:
    """The first in rank first."""
    ranking = index.rank(9)
    assert isinstance(ranking, Ranking)
    assert list(ranking) == ranking.paths
    assert set(ranking[:4]) == set(ranking.first(4))


def test_a_photo_is_in_however_its_path_is_spelt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing else is."""
    write_collection(tmp_path / "photos", 8)
    monkeypatch.chdir(tmp_path)
    index = ImageIndex.build("photos", cache=False)
    selection = index.sample(3)
    picked, left = selection.paths[0], (set(index.paths) - set(selection)).pop()
    for inside in (picked, Path(picked), f"./{picked}", tmp_path / picked, (picked, (0, 0, 1, 1))):
        assert inside in selection
    for outside in (left, Path(left), 3, None, b"a", "\0", "", (picked, (0, 0, 1, 0.5)), (picked,)):
        assert outside not in selection


def test_crops_are_pairs_of_path_and_region(crops: Selection) -> None:
    """Which the selection holds, and of photos those that any of its crops is of."""
    regions = crops.table.regions[crops.rows].tolist()
    assert list(crops) == list(zip(crops.paths, map(tuple, regions), strict=True))
    assert all(item in crops for item in crops)
    assert (crops.paths[0], list(regions[0])) in crops
    assert Path(crops.paths[0]) in crops
    assert (crops.paths[0], (0, 0, 1, 1)) not in crops
    assert (crops.paths[0], 5) not in crops


def test_a_selection_is_what_is_kept(index: ImageIndex, crops: Selection) -> None:
    """As it is, as a ranking, or in part."""
    first = index.sample(5)
    for kept in (first, first[:], index.rank(5), first[:2]):
        more = index.sample(5, keep=kept)
        assert len(more) == 5
        assert not set(more) & set(kept)
        assert more.earlier_rows.tolist() == sorted(index.paths.index(str(path)) for path in kept)
    others = ImageIndex(crops.table).sample(4, keep=crops)
    assert len(others) == 2
    assert not set(others) & set(crops)


def test_rounds_follow_one_another_each_with_the_last_one(
    index: ImageIndex, crops: Selection
) -> None:
    """What a selection was kept apart from is kept with it, also by another index of the images."""
    first = index.sample(5)
    second = index.sample(5, keep=first)
    assert repr(second).endswith(", kept apart from 5 selected before>")
    again = ImageIndex(index.table.take(np.arange(len(index))))
    for each in (index, again):
        third = each.sample(5, keep=second)
        assert sorted(third.earlier_rows.tolist()) == sorted([*first.rows, *second.rows])
    one = ImageIndex(crops.table).sample(1, keep=crops)
    assert len(ImageIndex(crops.table.take(np.arange(4))).sample(4, keep=one)) == 1


def test_what_is_kept_may_be_of_many_kinds(index: ImageIndex) -> None:
    """Places and paths in whatever holds them, frames, and iterators."""
    first = index.sample(5)
    places, paths, rows = first.indices.tolist(), first.paths, first.rows.tolist()
    kinds: list[Any] = [places, tuple(places), pd.Series(places), pa.array(places)]
    kinds += [paths, pd.Series(paths), pa.array(paths), iter(paths), set(paths)]
    kinds += [first.to_pandas(), first.to_arrow(), pd.DataFrame({"path": paths})]
    for kept in kinds:
        assert index.sample(5, keep=kept).earlier_rows.tolist() == rows


def test_crops_that_went_through_a_file_are_kept(crops: Selection) -> None:
    """As lists of JSON, and as the table of a selection."""
    index = ImageIndex(crops.table)
    kinds: list[Any] = [json.loads(json.dumps(list(crops))), crops.to_pandas(), crops.to_arrow()]
    for kept in kinds:
        assert index.sample(4, keep=kept).earlier_rows.tolist() == crops.rows.tolist()


@pytest.mark.parametrize("kept", ["qa.csv", Path("qa.csv"), b"qa.csv", 5])
def test_what_names_no_items_is_refused(index: ImageIndex, tmp_path: Path, kept: Any) -> None:
    """The message names all that is taken, of both parameters."""
    said = "must be a list of paths, of pairs of path and region, .* data frame .* Selection. Got"
    with pytest.raises(InvalidParameterError, match=f"'keep' parameter {said}"):
        index.sample(2, keep=kept)
    with pytest.raises(InvalidParameterError, match=f"'against' parameter {said}"):
        index.sample(2).save_report(tmp_path / "page.html", against=kept)


def test_a_comparison_is_with_the_selection_alone(index: ImageIndex, tmp_path: Path) -> None:
    """Not with what that was kept apart from."""
    first = index.sample(5)
    second = index.sample(5, keep=first)
    for name, against in (("a.html", second), ("b.html", second.paths)):
        first.save_report(tmp_path / name, against=against)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_a_ranking_is_written_in_its_order(index: ImageIndex, tmp_path: Path) -> None:
    """With the rank, in a file that a later one replaces."""
    ranking = index.rank(9)
    assert ranking.to_arrow()["rank"].to_pylist() == list(range(9))
    for name in ("ranks.txt", "ranks.csv", "ranks.json", "ranks.parquet"):
        for _ in range(2):
            ranking.save(tmp_path / name)
    assert (tmp_path / "ranks.txt").read_text().splitlines() == ranking.paths
    assert ranking.to_pandas()["path"].tolist() == ranking.paths
    explained = ranking.explain()
    assert explained.column_names[-3:] == ["rank", "nearest_path", "distance"]
    nearest = explained["nearest_path"].to_pylist()
    assert all(near in ranking and near != own for near, own in zip(nearest, ranking, strict=True))


def test_without_pandas_the_error_says_what_to_install(
    index: ImageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No bare error of the import system."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    selection = index.sample(2)
    with pytest.raises(MissingExtraError, match="pip install pandas"):
        selection.to_pandas()


def test_selections_of_the_same_items_are_equal(tmp_path: Path) -> None:
    """In the same order and of one kind, whichever index they are of."""
    paths = write_collection(tmp_path, 12)
    first, again = (ImageIndex.build(paths, cache=False) for _ in range(2))
    assert first.sample(5) == first.sample(5) == again.sample(5)
    assert len({first.sample(5), again.sample(5), first.sample(6)}) == 2
    assert first.sample(5) != first.sample(6)
    assert first.sample(12) != first.rank()
    assert first.rank() == again.rank()
    assert first.rank(random_seed=1) != first.rank(random_seed=2)
    assert first.sample(5) != first.sample(5).paths


def test_crops_are_equal_by_their_regions(crops: Selection) -> None:
    """Two crops of one photo are two items."""
    whole = ImageIndex(crops.table).sample(4)
    assert whole == ImageIndex(crops.table).sample(4)
    assert whole != crops


def test_a_document_is_kept_for_its_crops(tmp_path: Path) -> None:
    """What is new is kept apart from them; of photos alone, its photos are kept."""
    for seed in range(6):
        write_jpeg(tmp_path / f"{seed}.jpg", seed)
    boxes = [detect(0, 0, 0.5, 0.5), detect(0.25, 0.5, 0.5, 0.25)]
    all_of = {f"{seed}.jpg": boxes for seed in range(6)}
    index = ImageIndex.build(Document.read(write_results(tmp_path / "all.json", all_of)))
    first = index.sample(4)
    Document.read(tmp_path / "all.json").write(
        first, tmp_path / "first.json", only_selected_boxes=True
    )
    earlier = Document.read(tmp_path / "first.json")
    assert len(earlier) == 4
    later = index.sample(4, keep=earlier)
    assert later == index.sample(4, keep=first)
    assert set(later).isdisjoint(first)
    photos = ImageIndex.build(tmp_path)
    assert set(photos.sample(6, keep=earlier).paths) == set(photos.paths) - set(first.paths)


def test_copies_are_kept_as_their_photos(tmp_path: Path) -> None:
    """As in the command: links, and copies in a folder that they were placed in."""
    paths = write_collection(tmp_path / "photos", 12)
    index = ImageIndex.build(paths, cache=False)
    first = index.sample(4)
    place_images(first.paths, tmp_path / "copies", "copy", base=tmp_path / "photos")
    copies = find_images(tmp_path / "copies")
    assert len(copies) == 4
    assert set(copies).isdisjoint(paths)
    assert index.sample(4, keep=copies) == index.sample(4, keep=first)
    assert index.rank(4, keep=copies) == index.rank(4, keep=first)
    sampled = sample_diverse(paths, 12, keep=copies, cache=False, show_summary=False)
    assert sorted(sampled) == sorted({*paths} - {*first.paths})
    with pytest.raises(InvalidParameterError, match="must name images of the collection"):
        index.sample(4, keep=[*copies, str(tmp_path / "photos" / "other.jpg")])
