"""Stores and packs from before rows had sharpness, or frames and etags, are still of use."""

import re
import shutil
from pathlib import Path

import pytest

from pictures import write_collection
from smartdownsample import ImageIndex, StoreWarning, cache, export_pack, import_pack
from smartdownsample.store import make_schema
from smartdownsample.store.folder import CACHE_TAG
from smartdownsample.store.part import read_part, write_part
from smartdownsample.store.schema import make_former_schemas

VERSIONS = (2, 3)


def make_former(part: Path, target: Path, index: ImageIndex, version: int) -> None:
    """Write the rows of a part, or pack, as they were written before."""
    schema = make_schema(index.table.spec)
    rows = read_part(part, schema)
    target.parent.mkdir(parents=True, exist_ok=True)
    (target.parents[1] / "CACHEDIR.TAG").write_text(CACHE_TAG, encoding="utf-8")
    write_part(target, rows.select(make_former_schemas(schema)[-1 - VERSIONS.index(version)].names))


def assert_alike(former: ImageIndex, index: ImageIndex) -> None:
    """All features are the same but for sharpness, which is unknown."""
    assert index.table.rows["sharpness"].all()
    assert not former.table.rows["sharpness"].any()
    for name in set(index.table.rows.dtype.names or ()) - {"sharpness"}:
        assert former.table.rows[name].tobytes() == index.table.rows[name].tobytes()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Write a few photos."""
    write_collection(tmp_path / "photos", 12)
    return tmp_path / "photos"


@pytest.mark.parametrize("version", VERSIONS)
def test_rows_of_a_former_store_are_hits_and_the_store_is_left_alone(
    photos: Path, tmp_path: Path, version: int
) -> None:
    """What is new goes to the present store; where both know an image, that one counts."""
    cache_dir = tmp_path / "cache"
    index = ImageIndex.build(photos, cache_dir=cache_dir)
    (part,) = (cache_dir / "features-4").rglob("*.parquet")
    former = cache_dir / f"features-{version}" / part.parent.name / part.name
    make_former(part, former, index, version)
    shutil.rmtree(cache_dir / "features-4")
    before = former.read_bytes()

    again = ImageIndex.build(photos, cache_dir=cache_dir)
    assert (again.table.n_extracted, again.table.n_known) == (0, 12)
    assert_alike(again, index)
    write_collection(photos / "more", 3)
    more = ImageIndex.build(photos, cache_dir=cache_dir)
    assert (more.table.n_extracted, more.table.n_known) == (3, 12)
    assert [(store.n_rows, store.n_parts) for store in cache.info(cache_dir)] == [(15, 2)]
    assert cache.verify(cache_dir) == []
    assert [
        path.read_bytes() for path in (cache_dir / f"features-{version}").rglob("*.parquet")
    ] == [before]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_damaged_part_is_named_where_it_lies(photos: Path, tmp_path: Path, version: int) -> None:
    """It is found before a run meets it, and set aside by the run that does."""
    cache_dir = tmp_path / "cache"
    index = ImageIndex.build(photos, cache_dir=cache_dir)
    (part,) = (cache_dir / "features-4").rglob("*.parquet")
    former = cache_dir / f"features-{version}" / part.parent.name / part.name
    make_former(part, former, index, version)
    shutil.rmtree(cache_dir / "features-4")
    former.write_bytes(former.read_bytes()[:-1])
    assert [damage.part for damage in cache.verify(cache_dir)] == [str(former)]
    with pytest.warns(StoreWarning, match=re.escape(str(former.parent))):
        again = ImageIndex.build(photos, cache_dir=cache_dir)
    assert again.table.n_extracted == 12
    assert not former.exists()


@pytest.mark.parametrize("version", VERSIONS)
def test_former_packs_are_read_and_imported(photos: Path, tmp_path: Path, version: int) -> None:
    """Whoever was sent one need not ask for another."""
    index = ImageIndex.build(photos, cache_dir=tmp_path / "cache")
    pack, former = tmp_path / "pack.parquet", tmp_path / "former" / "pack.parquet"
    export_pack(pack, photos, photos, cache_dir=tmp_path / "cache")
    make_former(pack, former, index, version)
    packed = ImageIndex.from_pack(former)
    assert_alike(packed, index)
    assert import_pack(former, photos, cache_dir=tmp_path / "other") == 12
    assert ImageIndex.build(photos, cache_dir=tmp_path / "other").table.n_extracted == 0
