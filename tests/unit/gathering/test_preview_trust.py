"""Tests of smartdownsample.gathering.preview_trust."""

from pathlib import Path

import numpy as np
import pytest

from feature_tables import make_table
from pictures import make_pixels, shrink, write_photo, write_picture
from smartdownsample import ImageIndex, count_previews
from smartdownsample.features import N_CHECKED
from smartdownsample.features.spec import make_spec
from smartdownsample.items.folders import split_folders
from smartdownsample.records import FLAG_ALIKE, FLAG_CHECKED, FLAG_COMPARED, FLAG_PREVIEW
from smartdownsample.report import format_summary
from smartdownsample.results.manifest import describe_run

CHECKED, COMPARED = FLAG_CHECKED, FLAG_CHECKED | FLAG_COMPARED
ALIKE = COMPARED | FLAG_ALIKE


def build(folder: Path, **options: object) -> ImageIndex:
    """Build an index from previews."""
    return ImageIndex.build(folder, decode="preview", **options)  # type: ignore[arg-type] # by name


def test_folders_are_split_whatever_the_order() -> None:
    """A folder and the folders in it are different ones."""
    keys = [b"/a/2", b"/a/b/1", b"/a/1", b"/a/c", b"/b/1"]
    folders = [[keys[i] for i in folder] for folder in split_folders(keys)]
    assert folders == [[b"/a/1", b"/a/2", b"/a/c"], [b"/a/b/1"], [b"/b/1"]]
    again = keys[::-1]
    assert [[again[i] for i in folder] for folder in split_folders(again)] == folders
    assert split_folders([]) == []


def test_counts_are_those_of_the_flags() -> None:
    """Folders that were checked in vain are named in their order."""
    table = make_table(30)  # of three folders
    table.rows["flags"][0:5] = ALIKE
    table.rows["flags"][5:10] = FLAG_PREVIEW
    table.rows["flags"][10:13] = ALIKE
    table.rows["flags"][13] = COMPARED
    table.rows["flags"][20:24] = CHECKED
    counts = count_previews(table)
    assert counts == (5, 25, 13, 9, 8, ("cam_1", "cam_2"))
    assert table.n_previews == 5


def test_a_trusted_folder_is_described_by_its_previews(tmp_path: Path) -> None:
    """All but those that were decoded to check it; with nearly the features of a decode."""
    for i in range(20):
        write_photo(tmp_path / "cam" / f"{i:02d}.jpg", i)
    index = build(tmp_path, cache=False)
    counts = count_previews(index.table)
    assert counts == (15, 5, 5, 5, 5, ())
    flags = index.table.rows["flags"]
    assert np.flatnonzero(flags == ALIKE).tolist() == [2, 6, 10, 14, 18]
    assert (flags[flags != ALIKE] == FLAG_PREVIEW).all()
    decoded = ImageIndex.build(tmp_path, cache=False).table.rows
    for name in ("width", "height", "captured"):
        assert (index.table.rows[name] == decoded[name]).all() or name == "captured"
    assert np.abs(index.table.rows["mean_rgb"] - decoded["mean_rgb"]).max() < 2
    # What checks a folder keeps the features of its decode.
    for name in ("dhash", "mean_rgb", "lab_layout"):
        assert (index.table.rows[name] == decoded[name])[flags == ALIKE].all()


def test_stale_thumbnails_make_a_folder_fall_back(tmp_path: Path) -> None:
    """One that is seen is enough; the features are then those of a decode."""
    for i in range(12):
        other = shrink(make_pixels(i + 1, 640, 480), 160, 120) if i == 6 else None
        write_photo(tmp_path / "cam" / f"{i:02d}.jpg", i, other)
    index = build(tmp_path, cache=False)
    folder = str(tmp_path / "cam")
    assert count_previews(index.table) == (0, 12, 5, 5, 4, (folder,))
    decoded = ImageIndex.build(tmp_path, cache=False).table.rows
    for name in ("dhash", "ahash", "mean_rgb", "lab_layout", "width", "height"):
        assert (index.table.rows[name] == decoded[name]).all()


def test_letterboxed_thumbnails_make_a_folder_fall_back(tmp_path: Path) -> None:
    """They are no previews, so that there is nothing to compare."""
    for i in range(8):
        thumbnail = shrink(make_pixels(i, 640, 480), 160, 120).copy()
        thumbnail[:15] = thumbnail[-15:] = 0
        write_photo(tmp_path / f"{i}.jpg", i, thumbnail)
    assert count_previews(build(tmp_path, cache=False).table)[:5] == (0, 8, 5, 0, 0)


def test_in_a_mixed_folder_each_image_without_a_preview_is_decoded(tmp_path: Path) -> None:
    """Other formats, and photos without a thumbnail, beside those that have one."""
    for i in range(20):
        write_photo(tmp_path / f"{i:02d}.jpg", i, has_thumbnail=i not in {0, 2})
    write_picture(tmp_path / "99.png", 99)
    (tmp_path / "98.jpg").write_text("no image")
    with pytest.warns(UserWarning, match="could not be loaded"):
        index = build(tmp_path, cache=False)
    counts = count_previews(index.table)
    assert counts == (14, 7, 5, 4, 4, ())
    by_name = dict(zip(map(os_name, index.paths), index.table.rows["flags"], strict=True))
    assert by_name["00.jpg"] == by_name["99.png"] == 0
    assert by_name["02.jpg"] == CHECKED
    assert by_name["01.jpg"] == FLAG_PREVIEW


def os_name(path: str) -> str:
    """Take the name of a file."""
    return Path(path).name


def test_small_folders_are_decoded(tmp_path: Path) -> None:
    """Checking them would decode all."""
    for i in range(N_CHECKED):
        write_photo(tmp_path / f"{i}.jpg", i)
    assert count_previews(build(tmp_path, cache=False).table) == (0, 5, 0, 0, 0, ())


def test_a_truncated_photo_with_a_preview_is_usable(tmp_path: Path) -> None:
    """What is behind the beginning of its file is not looked at."""
    for i in range(12):
        path = write_photo(tmp_path / f"{i:02d}.jpg", i)
        if i == 0:
            path.write_bytes(path.read_bytes()[:-200])
    index = build(tmp_path, cache=False)
    assert (index.table.n_truncated, index.table.n_previews) == (0, 7)
    assert ImageIndex.build(tmp_path, cache=False).table.n_truncated == 1


def test_a_warm_run_reads_nothing_and_tells_the_same(tmp_path: Path) -> None:
    """Rows say where they come from, in the store as well; other modes have rows of their own."""
    for i in range(12):
        write_photo(tmp_path / "photos" / "good" / f"{i:02d}.jpg", i)
        write_photo(tmp_path / "photos" / "none" / f"{i:02d}.jpg", i + 50, has_thumbnail=False)
    options = {"cache_dir": tmp_path / "cache"}
    cold, warm = (build(tmp_path / "photos", **options) for _ in range(2))
    assert (cold.table.n_extracted, warm.table.n_extracted) == (24, 0)
    assert cold.table.rows.tobytes() == warm.table.rows.tobytes()
    assert count_previews(cold.table) == count_previews(warm.table)
    cold_lines, warm_lines = (
        format_summary(index.sample(5), is_verbose=True).splitlines()[6:] for index in (cold, warm)
    )
    assert cold_lines == warm_lines
    assert cold_lines[:3] == [
        "Previews  7 described by the previews in their files, 17 decoded instead",
        "Previews  10 decoded to check previews: 5 of 5 look like theirs, 5 had none to compare",
        "Previews  1 folder decoded as a whole: previews are missing or not like the photos",
    ]
    assert ImageIndex.build(tmp_path / "photos", **options).table.n_extracted == 24  # type: ignore[arg-type] # by name


def test_manifests_say_what_came_of_previews(tmp_path: Path) -> None:
    """With the names of the folders that fell back."""
    for i in range(7):
        write_photo(tmp_path / f"{i}.jpg", i, has_thumbnail=False)
    described = describe_run(build(tmp_path, cache=False).sample(3), {})
    assert described["features"] == make_spec(8, "preview").fingerprint == "hash8-preview-v4"
    assert described["previews"] == {
        "n_previews": 0,
        "n_decoded": 7,
        "n_checked": 5,
        "n_compared": 0,
        "n_alike": 0,
        "refused_folders": [str(tmp_path)],
    }
