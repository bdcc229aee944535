"""What a store knows below a folder, as an index, without touching a file."""

import errno
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crops import list_crops, write_photos
from pictures import make_old, write_picture
from smartdownsample import (
    ImageIndex,
    ImageLoadingWarning,
    InvalidParameterError,
    StoreError,
    StoreWarning,
)
from smartdownsample.options import ReadingOptions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Photos in folders, one of them broken, that a store in the cache folder knows."""
    folder = tmp_path / "photos"
    for number in range(12):
        write_picture(folder / f"cam_{number % 2}" / f"IMG_{number}.jpg", number)
    broken = folder / "cam_0" / "IMG_99.jpg"
    broken.write_bytes(b"")
    make_old(broken)
    with pytest.warns(ImageLoadingWarning, match="1 image could not"):
        ImageIndex.build(folder)
    return folder


def test_it_is_the_index_of_the_folder(folder: Path) -> None:
    """With paths as the folder is spelt, the same picks and the same failures."""
    with pytest.warns(ImageLoadingWarning):
        built = ImageIndex.build(folder)
    opened = ImageIndex.open(None, folder)
    assert opened.paths == built.paths
    assert opened.failures == built.failures
    assert opened.table.rows.tobytes() == built.table.rows.tobytes()
    assert opened.table.indices.tolist() == built.table.indices.tolist()
    assert opened.sample(5).paths == built.sample(5).paths
    assert repr(opened) == repr(built)
    assert opened.table.n_extracted == 0


def test_paths_begin_as_the_folder_is_spelt(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative to the working folder, if so."""
    monkeypatch.chdir(folder.parent)
    opened = ImageIndex.open(None, "photos")
    assert opened.paths[0] == os.path.join("photos", "cam_0", "IMG_0.jpg")
    assert opened.failures[0].path == os.path.join("photos", "cam_0", "IMG_99.jpg")


def test_no_file_is_touched_and_nothing_stays(folder: Path, cache_dir: Path) -> None:
    """The photos may be gone; the cache folder has no more files than before."""
    before = sorted(cache_dir.rglob("*"))
    shutil.rmtree(folder)
    opened = ImageIndex.open(cache_dir, folder)
    assert len(opened.sample(3)) == 3
    assert sorted(cache_dir.rglob("*")) == before
    part = ImageIndex.open(cache_dir, folder / "cam_1")
    assert len(part) == 6


def test_the_newest_row_of_an_image_counts(folder: Path) -> None:
    """Of a photo that was changed, and of one that was broken."""
    write_picture(folder / "cam_0" / "IMG_0.jpg", 50)
    write_picture(folder / "cam_0" / "IMG_99.jpg", 51)
    built = ImageIndex.build(folder)
    opened = ImageIndex.open(None, folder)
    assert opened.failures == ()
    assert opened.table.rows.tobytes() == built.table.rows.tobytes()


def test_photos_and_crops_are_not_mixed(tmp_path: Path) -> None:
    """An index is of whole photos, unless crops are asked for; these have their regions."""
    paths = write_photos(tmp_path, 4)
    photos = ImageIndex.build(paths[:2])
    crops = ImageIndex.gather_items(list_crops(paths), ReadingOptions())
    opened = ImageIndex.open(None, tmp_path)
    assert opened.paths == photos.paths == paths[:2]
    assert opened.table.rows.tobytes() == photos.table.rows.tobytes()
    assert opened.table.n_given == 2
    opened = ImageIndex.open(None, tmp_path, items="crops")
    assert np.array_equal(opened.table.regions, crops.table.regions)
    assert opened.table.rows.tobytes() == crops.table.rows.tobytes()
    with pytest.raises(InvalidParameterError, match="'items' parameter must be 'crops' or"):
        ImageIndex.open(None, tmp_path, items="boxes")  # type: ignore[arg-type] # on purpose


def test_where_there_is_only_the_other_kind_it_is_named(tmp_path: Path) -> None:
    """Crops without their photos are as usual as photos without crops."""
    paths = write_photos(tmp_path, 4)
    ImageIndex.build(paths[:2])
    with pytest.raises(StoreError, match=r"whole photos below .* no crops.*items='photos'"):
        ImageIndex.open(None, tmp_path, items="crops")
    ImageIndex.gather_items(list_crops(paths[2:]), ReadingOptions())
    with pytest.raises(StoreError, match=r"crops below .* no whole photos.*items='crops'"):
        ImageIndex.open(None, tmp_path / "cam_1")


def test_crops_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    """As when they were read, whatever the bytes of the numbers."""
    boxes = [(x, 0.125, 0.25, y) for x in (0.125, 0.25, 0.5, 0.75) for y in (0.25, 0.5, 0.75)]
    items = list_crops(write_photos(tmp_path, 2), boxes)
    crops = ImageIndex.gather_items(items, ReadingOptions())
    opened = ImageIndex.open(None, tmp_path, items="crops")
    assert np.array_equal(opened.table.regions, crops.table.regions)
    assert opened.table.rows.tobytes() == crops.table.rows.tobytes()
    assert opened.sample(7).rows.tolist() == crops.sample(7).rows.tolist()


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
@pytest.mark.parametrize("name", [b"caf\xe9.jpg", b"\xed\xa0\x80.jpg"])
def test_names_that_are_no_unicode_are_as_the_system_tells_them(folder: Path, name: bytes) -> None:
    """Beside others, among the failures, and above the photos."""
    odd_folder = Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9"))
    try:
        odd_folder.mkdir()
    except OSError:
        pytest.skip("this file system has Unicode names only")
    shutil.copy2(folder / "cam_0" / "IMG_99.jpg", odd_folder)
    photo = write_picture(folder / "cam_1" / "plain.jpg", 70)
    photo.rename(os.fsdecode(os.fsencode(photo.parent) + b"/" + name))
    write_picture(odd_folder / "IMG_1.jpg", 71)
    for root in (folder, odd_folder):
        with pytest.warns(ImageLoadingWarning):
            built = ImageIndex.build(root)
        opened = ImageIndex.open(None, root)
        assert opened.paths == built.paths
        assert opened.failures == built.failures


def test_what_is_unknown_is_said(folder: Path, tmp_path: Path) -> None:
    """With what is known instead."""
    with pytest.raises(StoreError, match=r"no image .*hash16-fast.* has features of hash8"):
        ImageIndex.open(None, folder, hash_size=16)
    with pytest.raises(StoreError, match=r"There is no folder .*nowhere"):
        ImageIndex.open(tmp_path / "nowhere", folder)
    with pytest.raises(StoreError, match="knows no image below"):
        ImageIndex.open(None, f"{folder}/cam")


def test_a_damaged_part_is_left_out_with_a_warning(folder: Path, cache_dir: Path) -> None:
    """What other parts know is used."""
    write_picture(folder / "cam_1" / "IMG_77.jpg", 60)
    with pytest.warns(ImageLoadingWarning):
        ImageIndex.build(folder)
    first = min(cache_dir.rglob("part-*.parquet"))
    data = bytearray(first.read_bytes())
    data[len(data) // 2] ^= 1
    first.write_bytes(data)
    with pytest.warns(StoreWarning, match="cannot be used: .* its images are missing"):
        opened = ImageIndex.open(cache_dir, folder)
    assert [os.path.basename(path) for path in opened.paths] == ["IMG_77.jpg"]


def test_where_the_cache_folder_takes_no_files_the_temporary_one_does(
    folder: Path, cache_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the reason is; where neither takes any, both are named."""
    make = tempfile.TemporaryFile
    refused = {os.fspath(cache_dir)}

    def make_or_refuse(**options: Any) -> Any:
        if os.fspath(options["dir"]) in refused:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return make(**options)

    monkeypatch.setattr(tempfile, "TemporaryFile", make_or_refuse)
    assert len(ImageIndex.open(cache_dir, folder)) == 12
    missing = tmp_path / "no temporary folder"
    monkeypatch.setattr(tempfile, "tempdir", os.fspath(missing))
    with pytest.raises(
        StoreError, match=r"No file can be made in .*Read-only.* temporary folder \(No such file"
    ):
        ImageIndex.open(cache_dir, folder)
