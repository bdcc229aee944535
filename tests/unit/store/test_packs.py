"""Tests of smartdownsample.store.packs."""

import os
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pictures import make_old, write_collection
from smartdownsample import (
    ImageIndex,
    ImageLoadingWarning,
    InvalidParameterError,
    StoreError,
    export_pack,
    import_pack,
)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Make thirty images and a broken one below a folder."""
    write_collection(tmp_path / "photos", 30)
    bad = tmp_path / "photos" / "site_2" / "IMG_3.5.jpg"
    bad.write_text("no image")
    make_old(bad)
    return tmp_path / "photos"


@pytest.fixture
def pack(photos: Path, tmp_path: Path) -> Path:
    """Export them."""
    with pytest.warns(ImageLoadingWarning):
        ImageIndex.build(photos)
    assert export_pack(tmp_path / "features.parquet", photos, photos) == 31
    return tmp_path / "features.parquet"


def test_a_pack_is_sampled_without_the_photos(photos: Path, pack: Path, cache_dir: Path) -> None:
    """The same selection, with paths relative to the root or below another one."""
    with pytest.warns(ImageLoadingWarning):
        expected = ImageIndex.build(photos).sample(12, random_seed=3)
    shutil.rmtree(photos)
    shutil.rmtree(cache_dir)
    index = ImageIndex.from_pack(pack)
    assert len(index) == 30
    selection = index.sample(12, random_seed=3)
    assert [str(photos / path) for path in selection.paths] == expected.paths
    assert selection.indices.tolist() == expected.indices.tolist()
    assert index.table.rows.tobytes() == expected.table.rows.tobytes()
    assert [failure.path for failure in index.failures] == [os.path.join("site_2", "IMG_3.5.jpg")]
    rooted = ImageIndex.from_pack(pack, root="elsewhere").sample(12, random_seed=3)
    assert rooted.paths == [os.path.join("elsewhere", path) for path in selection.paths]


def test_an_imported_pack_makes_moved_photos_known(
    photos: Path, pack: Path, tmp_path: Path
) -> None:
    """Nothing is decoded on the other machine when files keep their times."""
    shutil.copytree(photos, tmp_path / "moved")  # keeps modification times
    other = tmp_path / "other machine"
    assert import_pack(pack, tmp_path / "moved", cache_dir=other) == 30
    with pytest.warns(ImageLoadingWarning):
        index = ImageIndex.build(tmp_path / "moved", cache_dir=other)
    assert index.table.n_extracted == 1  # the broken one, which is tried here
    fresh_order = [os.path.relpath(path, tmp_path / "moved") for path in index.paths]
    assert fresh_order == ImageIndex.from_pack(pack).paths


def test_a_changed_photo_is_not_taken_from_the_pack(
    photos: Path, pack: Path, tmp_path: Path
) -> None:
    """Time and size must still agree."""
    shutil.copytree(photos, tmp_path / "moved")
    make_old(tmp_path / "moved" / "site_1" / "IMG_1.jpg", 99)
    import_pack(pack, tmp_path / "moved", cache_dir=tmp_path / "other")
    with pytest.warns(ImageLoadingWarning):
        index = ImageIndex.build(tmp_path / "moved", cache_dir=tmp_path / "other")
    assert index.table.n_extracted == 2  # and the broken one


def test_copies_that_lost_fractions_of_their_times_are_known_when_asked_for(
    photos: Path, pack: Path, tmp_path: Path
) -> None:
    """As on exFAT, which rounds times down; by default their times are new."""
    shutil.copytree(photos, tmp_path / "moved")
    for path in (tmp_path / "moved").rglob("*.jpg"):
        seconds = path.stat().st_mtime_ns // 10**9
        os.utime(path, ns=(seconds * 10**9,) * 2)
    other = tmp_path / "other"
    import_pack(pack, tmp_path / "moved", cache_dir=other)
    with pytest.warns(ImageLoadingWarning):
        known = ImageIndex.build(tmp_path / "moved", cache_dir=other, whole_seconds=True)
    assert known.table.n_extracted == 1  # the broken one
    n = export_pack(
        tmp_path / "again.parquet",
        tmp_path / "moved",
        tmp_path / "moved",
        cache_dir=other,
        whole_seconds=True,
    )
    assert n == 31
    with pytest.warns(ImageLoadingWarning):
        fresh = ImageIndex.build(tmp_path / "moved", cache_dir=other)
    assert fresh.table.n_extracted == 30


def test_unknown_images_cannot_be_exported(collection: list[str], tmp_path: Path) -> None:
    """The message says how many, names the first, and what to do."""
    ImageIndex.build(collection[:50])
    with pytest.raises(StoreError, match=r"does not know 10 of 60 images.*ImageIndex\.build"):
        export_pack(tmp_path / "pack.parquet", collection, Path(collection[0]).parents[1])
    assert not (tmp_path / "pack.parquet").exists()


def test_images_outside_of_the_root_are_refused(collection: list[str], tmp_path: Path) -> None:
    """A relative path would lead elsewhere on the other machine."""
    ImageIndex.build(collection)
    with pytest.raises(InvalidParameterError, match="must lie below the root"):
        export_pack(tmp_path / "pack.parquet", collection, Path(collection[0]).parent)


def test_what_is_no_pack_is_refused(tmp_path: Path, pack: Path) -> None:
    """Text, a foreign Parquet file and a damaged pack."""
    (tmp_path / "text.parquet").write_text("no Parquet")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "foreign.parquet")
    data = bytearray(pack.read_bytes())
    for place in range(len(data) // 4, len(data) // 2):
        data[place] ^= 0x55
    (tmp_path / "damaged.parquet").write_bytes(data)
    os.mkfifo(tmp_path / "pipe.parquet")
    (tmp_path / "folder.parquet").mkdir()
    for name in ("text", "foreign", "damaged", "missing", "pipe", "folder"):
        with pytest.raises(StoreError, match=f"{name}.parquet' cannot be used as a feature pack"):
            ImageIndex.from_pack(tmp_path / f"{name}.parquet")


def test_a_store_that_cannot_be_written_says_so(pack: Path, tmp_path: Path) -> None:
    """An import that keeps nothing is no success."""
    (tmp_path / "blocked").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        import_pack(pack, tmp_path, cache_dir=tmp_path / "blocked")
