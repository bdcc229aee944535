"""Packs and stores from others, made to do harm: every checksum fits, the content does not."""

import os
import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from fault_counts import PACKS, TRIED
from forged_packs import count_outcomes, count_with, forge_bomb, load_sound
from pictures import make_old, write_collection
from smartdownsample import (
    ImageIndex,
    ImageLoadingWarning,
    OutputError,
    StoreError,
    StoreWarning,
    cache,
    export_pack,
    import_pack,
)
from smartdownsample.records import Cause
from smartdownsample.store.part import name_part, write_part

N_PHOTOS = 40
# Forges files one after the other and uses each as a pack and as a part of a store. Says what came
# of each on standard output; what was it when the process ends is the next one.
USE_FORGED = """
import json, os, sys, warnings
from pathlib import Path
from forged_packs import fit_digest, forge, load_sound
from smartdownsample import ImageIndex, StoreError, StoreWarning, cache, import_pack

task = json.load(sys.stdin)
pack, photos, store = Path(task["pack"]), task["photos"], Path(task["store"])
sound = load_sound(pack)
target = pack.with_name("forged.parquet")
root = str(pack.with_name("root"))
store.mkdir(parents=True)
part = store / "part-00000000000000000001-0123456789ab.parquet"

def use_as_pack():
    try:
        index = ImageIndex.from_pack(target, root=root)
    except StoreError:
        return "refused"
    index.sample(10).to_arrow().to_pylist()
    for path in index.paths:
        assert os.path.normpath(path).startswith(root + os.sep), path
    return "used"

def use_as_part():
    part.write_bytes(target.read_bytes())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StoreWarning)
        damage = cache.verify(store.parents[1])
        cache.info(store.parents[1])
        cache.prune(store.parents[1])
        index = ImageIndex.build(photos, cache_dir=store.parents[1])
    assert len(index) == task["n_photos"]
    for path in store.iterdir():
        path.unlink()
    return "damaged" if damage else "sound"

for kind in forge(sound, target, task["n"], task["seed"]):
    if kind == "pages":
        try:
            target.write_bytes(fit_digest(sound, target.read_bytes()))
        except Exception:
            kind = "unreadable pages"
    try:
        print(f"{kind}: {use_as_pack()}, {use_as_part()}", flush=True)
    except Exception as error:
        print(f"{kind}: BAD {type(error).__name__} {str(error)[:200]}", flush=True)
"""


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Make some photos whose features are kept."""
    write_collection(tmp_path / "photos", N_PHOTOS)
    ImageIndex.build(tmp_path / "photos")
    return tmp_path / "photos"


@pytest.fixture
def pack(photos: Path, tmp_path: Path) -> Path:
    """Export them."""
    export_pack(tmp_path / "sound.parquet", photos, photos)
    return tmp_path / "sound.parquet"


@pytest.mark.parametrize("n", [150, pytest.param(TRIED[PACKS], marks=pytest.mark.long)])
def test_forged_packs_and_parts_are_refused_or_used_well(
    pack: Path, photos: Path, tmp_path: Path, n: int
) -> None:
    """Of whatever they hold: an error of the store or a right answer, and no path elsewhere."""
    store = tmp_path / "forged" / "features-4" / "hash8-fast-v4"
    task = {"pack": str(pack), "photos": str(photos), "store": str(store)}
    counts = count_outcomes(USE_FORGED, {**task, "n": n, "seed": n, "n_photos": N_PHOTOS})
    assert counts.total() == n
    assert count_with(counts, "refused") > n // 3
    assert count_with(counts, "used") > n // 10


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../../secret.jpg",
        "a/../../secret.jpg",
        "./a.jpg",
        "a//b.jpg",
        "",
        "a/",
        "a\0b",
    ],
)
def test_a_pack_never_reaches_outside_its_root(pack: Path, tmp_path: Path, path: str) -> None:
    """Else a selection from it would copy whatever files its maker has chosen."""
    rows = load_sound(pack).rows
    paths = rows["path"].to_pylist()
    paths[3] = path.encode()
    write_part(tmp_path / "forged.parquet", replace(rows, "path", paths))
    with pytest.raises(StoreError, match="is not a plain path below the root"):
        ImageIndex.from_pack(tmp_path / "forged.parquet", root=tmp_path)
    with pytest.raises(StoreError, match="is not a plain path below the root"):
        import_pack(tmp_path / "forged.parquet", tmp_path)


def replace(rows: pa.Table, name: str, values: list[object]) -> pa.Table:
    place = rows.schema.get_field_index(name)
    field = rows.schema.field(place)
    return rows.set_column(place, field, pa.array(values, field.type))


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("cause", "x" * 65, "'cause' has a text of 65 bytes"),
        ("mean_rgb", [float("nan"), 1.0, 1.0], "'mean_rgb' has values outside"),
        ("mean_rgb", [1.0, 300.0, 1.0], "'mean_rgb' has values outside"),
        ("mean_rgb", [1.0, None, 1.0], "'mean_rgb' lacks values|does not match its digest"),
        ("dhash", None, "'dhash' lacks values"),
        ("path", None, "'path' lacks values"),
        ("width", 0, "'width' has values outside"),
        ("flags", 32, "'flags' has values outside"),
        ("region", [0.5, 0.0, 0.75, 1.0], "'region' has values"),
        ("region", [0.0, 0.0, 0.3, 1.0], "'region' has values"),
        ("captured", 2**60, "'captured' has times"),
        ("decoder", "x" * 2000, "'decoder' has a text of 2,000 bytes"),
    ],
)
def test_values_that_are_never_written_are_damage(
    pack: Path, photos: Path, tmp_path: Path, cache_dir: Path, name: str, value: object, told: str
) -> None:
    """In a pack, and in a part: `verify` tells, and the run decodes again."""
    rows = load_sound(pack).rows
    forged = replace(rows, name, [value, *rows[name].to_pylist()[1:]])
    write_part(tmp_path / "forged.parquet", forged.sort_by("path"))
    with pytest.raises(StoreError, match=told):
        import_pack(tmp_path / "forged.parquet", photos)
    if name == "path":
        return
    (sound,) = cache_dir.rglob("part-*.parquet")
    paths = [bytes(photos) + b"/" + path for path in forged["path"].to_pylist()]
    write_part(name_part(sound.parent), replace(forged, "path", paths))
    (damage,) = cache.verify()
    assert re.search(told, damage.reason)
    with pytest.warns(StoreWarning, match="cannot be used"):
        index = ImageIndex.build(photos)
    assert len(index) == N_PHOTOS
    assert cache.verify() == []


def test_causes_of_newer_releases_take_nothing_from_anybody(
    pack: Path, photos: Path, tmp_path: Path, cache_dir: Path
) -> None:
    """A part with one stays in place, its images are tried here; a pack can be used."""
    rows = load_sound(pack).rows
    newer = replace(rows, "cause", ["OF_A_NEWER_RELEASE", *[None] * (len(rows) - 1)])
    write_part(tmp_path / "newer.parquet", newer)
    (failure,) = ImageIndex.from_pack(tmp_path / "newer.parquet").failures
    assert failure.cause is Cause.UNREADABLE
    assert import_pack(tmp_path / "newer.parquet", photos, cache_dir=tmp_path / "new") == 39
    (part,) = cache_dir.rglob("part-*.parquet")
    paths = [bytes(photos) + b"/" + path for path in rows["path"].to_pylist()]
    write_part(part, replace(newer, "path", paths))
    written = part.read_bytes()
    assert cache.verify() == []
    assert ImageIndex.open(None, photos).failures[0].cause is Cause.UNREADABLE
    with pytest.warns(StoreWarning, match="newer release .* tried here") as caught:
        index = ImageIndex.build(photos)
    assert len(caught) == 1
    assert (len(index), index.table.n_extracted, len(index.failures)) == (N_PHOTOS, 1, 0)
    assert part.read_bytes() == written
    with pytest.warns(StoreWarning, match="newer release"):
        assert cache.merge(cache_dir, cache_dir=tmp_path / "merged").n_to_retry == 1


@pytest.mark.parametrize("version", ["hash8-fast-v5", "hash8-fast-v3", "hash99-fast-v4"])
def test_features_of_another_version_are_refused(pack: Path, tmp_path: Path, version: str) -> None:
    """Their formulas are not those of this release."""
    rows = load_sound(pack).rows
    metadata = {**rows.schema.metadata, b"smartdownsample.spec": version.encode()}
    write_part(tmp_path / "other.parquet", rows.replace_schema_metadata(metadata))
    with pytest.raises(StoreError, match="this release has version 4"):
        ImageIndex.from_pack(tmp_path / "other.parquet")


def test_an_image_twice_in_a_pack_is_refused(pack: Path, tmp_path: Path) -> None:
    """It would be sampled twice."""
    rows = load_sound(pack).rows
    write_part(tmp_path / "twice.parquet", pa.concat_tables([rows, rows.slice(2, 1)]))
    with pytest.raises(StoreError, match="names an image twice"):
        ImageIndex.from_pack(tmp_path / "twice.parquet")


def test_failures_of_others_do_not_hide_photos(photos: Path, pack: Path, tmp_path: Path) -> None:
    """They are tried here; and rows that claim to be of the future do not stay for ever."""
    rows = load_sound(pack).rows
    n = len(rows)
    forged = replace(rows, "cause", ["UNREADABLE"] * (n - 1) + [None])
    forged = replace(forged, "written_ns", [2**62] * n)
    write_part(tmp_path / "forged.parquet", forged)
    assert import_pack(tmp_path / "forged.parquet", photos, cache_dir=tmp_path / "new") == 1
    index = ImageIndex.build(photos, cache_dir=tmp_path / "new")
    assert len(index) == n
    assert index.table.n_extracted == n - 1
    (part, *_) = sorted((tmp_path / "new").rglob("*.parquet"))
    assert pc.max(pq.read_table(part)["written_ns"]).as_py() < 2**62


@pytest.mark.skipif(
    not hasattr(pq.ParquetWriter, "add_key_value_metadata"), reason="pyarrow is too old to forge it"
)
def test_a_pack_that_grows_when_it_is_read_is_refused(pack: Path, tmp_path: Path) -> None:
    """Eight gigabytes of paths in a few kilobytes."""
    bomb = tmp_path / "bomb.parquet"
    bomb.write_bytes(forge_bomb(load_sound(pack)))
    assert bomb.stat().st_size < 20_000
    before = pa.default_memory_pool().max_memory()
    with pytest.raises(StoreError, match="has a text of 1,048,576 bytes"):
        ImageIndex.from_pack(bomb)
    assert pa.default_memory_pool().max_memory() - before < 2**28


def test_a_pipe_among_the_parts_hangs_no_run(photos: Path, cache_dir: Path) -> None:
    """It is passed over, and so is a folder."""
    (part,) = cache_dir.rglob("part-*.parquet")
    for name in ("part-9.parquet", "part-9-0a.parquet"):
        os.mkfifo(part.with_name(name))
    part.with_name("part-8-0a.parquet").mkdir()
    for look in (cache.info, cache.verify, lambda: ImageIndex.build(photos)):
        with pytest.warns(StoreWarning, match=r"'part-8-0a.parquet', which is no file"):
            look()


def test_a_former_export_is_replaced_and_nothing_else(
    photos: Path, pack: Path, tmp_path: Path, cache_dir: Path
) -> None:
    """Not a photo, not a table, and not a part of a store."""
    assert export_pack(pack, photos, photos) == N_PHOTOS
    photo = next(photos.rglob("*.jpg"))
    table = tmp_path / "table.parquet"
    pq.write_table(pa.table({"path": ["a.jpg"]}), table)
    (part,) = cache_dir.rglob("part-*.parquet")
    for target in (photo, table, part):
        before = target.read_bytes()
        with pytest.raises((OSError, ValueError), match=r"no? ?feature pack|a feature pack"):
            export_pack(target, photos, photos)
        assert target.read_bytes() == before


def test_an_export_that_fails_leaves_nothing(photos: Path, tmp_path: Path) -> None:
    """And says which file could not be written, not which temporary one."""
    (tmp_path / "new").write_text("in the way")
    with pytest.raises(OutputError, match=r"'.*new/folder/pack\.parquet' cannot be written"):
        export_pack(tmp_path / "new" / "folder" / "pack.parquet", photos, photos)
    (tmp_path / "new").unlink()
    assert export_pack(tmp_path / "new" / "folder" / "pack.parquet", photos, photos) == N_PHOTOS
    assert os.listdir(tmp_path / "new" / "folder") == ["pack.parquet"]


def test_a_broken_photo_is_in_the_pack_and_not_imported(photos: Path, tmp_path: Path) -> None:
    """Where the photos are not, one still learns that it was broken."""
    bad = photos / "bad.jpg"
    bad.write_text("no image")
    make_old(bad)
    with pytest.warns(ImageLoadingWarning):
        ImageIndex.build(photos)
    export_pack(tmp_path / "pack.parquet", photos, photos)
    assert len(ImageIndex.from_pack(tmp_path / "pack.parquet").failures) == 1
    shutil.copytree(photos, tmp_path / "moved")
    assert import_pack(tmp_path / "pack.parquet", tmp_path / "moved") == N_PHOTOS
    assert np.all(ImageIndex.from_pack(tmp_path / "pack.parquet").table.rows["width"] > 0)
