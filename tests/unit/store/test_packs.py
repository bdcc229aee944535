"""Tests of smartdownsample.store.packs."""

import os
import re
import shutil
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pictures import make_old, write_collection, write_picture
from smartdownsample import (
    ImageIndex,
    ImageLoadingWarning,
    InvalidParameterError,
    StoreError,
    export_pack,
    import_pack,
)
from smartdownsample.cli import main
from smartdownsample.records import FeatureTable


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


# ------------------------------------------------------------------ without the photos


@pytest.mark.parametrize("kind", ["folder is empty", "files are gone"])
def test_no_pack_is_written_of_photos_that_are_unplugged(
    photos: Path, pack: Path, tmp_path: Path, kind: str
) -> None:
    """The error says what to do; a pack without images would look like one with all."""
    index = ImageIndex.from_pack(pack, root=photos)
    photos.rename(tmp_path / "unplugged")
    given: object = index.table
    if kind == "folder is empty":  # as a mount point is
        photos.mkdir()
        given = photos
    warned = pytest.warns(ImageLoadingWarning) if given is photos else nullcontext()
    with (
        warned,
        pytest.raises(
            StoreError, match=r"(None of|no images).*no pack is written.*from_store=True"
        ),
    ):
        export_pack(tmp_path / "empty.parquet", given, photos)  # type: ignore[arg-type] # either
    assert not (tmp_path / "empty.parquet").exists()


def test_what_the_store_knows_is_exported_without_the_photos(
    photos: Path, pack: Path, tmp_path: Path
) -> None:
    """The same pack as with them, though none is there; also of a part of them."""
    photos.rename(tmp_path / "unplugged")
    again = tmp_path / "again.parquet"
    assert export_pack(again, photos, photos, from_store=True) == 31
    assert pq.read_table(again).equals(pq.read_table(pack))
    index = ImageIndex.from_pack(again)
    assert (len(index), len(index.failures)) == (30, 1)
    some: list[str | Path] = [photos / "site_1", str(photos / "site_2" / "IMG_1.jpg")]
    assert export_pack(again, some, photos, from_store=True) == 21
    rooted = ImageIndex.from_pack(pack, root=photos).table
    assert export_pack(again, rooted.take(np.arange(7)), photos, from_store=True) == 7
    assert export_pack(again, "/", "/", from_store=True) == 31


@pytest.mark.parametrize("kind", ["no paths", "no rows"])
def test_no_pack_is_replaced_by_one_of_nothing(photos: Path, pack: Path, kind: str) -> None:
    """The list came out empty; the good pack stays."""
    before = pack.read_bytes()
    given: list[str] | FeatureTable = []
    if kind == "no rows":
        given = ImageIndex.from_pack(pack).table.take(np.arange(0))
    with pytest.raises(StoreError, match=r"No images are named: no pack is written"):
        export_pack(pack, given, photos, from_store=True)
    assert pack.read_bytes() == before


def test_of_an_image_that_changed_the_newest_features_are_exported(tmp_path: Path) -> None:
    """Older states of it are still in the store."""
    photo = write_picture(tmp_path / "photos" / "a.png", 1)
    for seed in (1, 2):
        write_picture(photo, seed)
        index = ImageIndex.build(photo.parent)
    photo.unlink()
    assert export_pack(tmp_path / "p.parquet", photo.parent, photo.parent, from_store=True) == 1
    packed = ImageIndex.from_pack(tmp_path / "p.parquet")
    assert packed.table.rows.tobytes() == index.table.rows.tobytes()


def test_what_the_store_does_not_know_is_named(photos: Path, pack: Path, tmp_path: Path) -> None:
    """Each folder or image that was asked for must be known; names that begin alike are others."""
    assert pack.exists()
    for other in (photos / "site_3", photos / "site", f"{photos}/*", "site_1"):
        with pytest.raises(StoreError, match=f"knows nothing of '{re.escape(str(other))}'"):
            export_pack(tmp_path / "p.parquet", [photos, other], photos, from_store=True)
    with pytest.raises(StoreError, match=r"hash_size=16, decode='exact'"):
        export_pack(
            tmp_path / "p.parquet", photos, photos, hash_size=16, decode="exact", from_store=True
        )
    assert not (tmp_path / "p.parquet").exists()


def test_the_command_exports_without_the_photos(
    photos: Path, pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the line that serves with them, and one word more."""
    photos.rename(tmp_path / "unplugged")
    line = ["cache", "export", str(tmp_path / "again.parquet"), str(photos), "--root", str(photos)]
    assert main(line) == 1
    assert main([*line, "--from-store", "--include", "*.jpg"]) == 1
    assert "--include chooses among files that are there" in capsys.readouterr().err
    assert main([*line, "--from-store"]) == 0
    assert "Wrote the features of 31 images" in capsys.readouterr().out
    assert pq.read_table(tmp_path / "again.parquet").equals(pq.read_table(pack))
