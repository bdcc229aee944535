"""Tests of smartdownsample.store.other_stores."""

import os
import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smartdownsample import InvalidParameterError, StoreError, StoreWarning, cache
from smartdownsample.features.spec import make_spec
from smartdownsample.records import Cause, FeatureBatch, FeatureSpec, FileStats
from smartdownsample.store import FeatureStore, other_stores
from smartdownsample.store import part as part_module
from smartdownsample.store import schema as schema_module
from smartdownsample.store.part import name_part, read_part, read_row_groups, write_part
from whole_photos import list_photos, photo_batch

SPEC = make_spec(8, "fast")
# Path, time of the file, time of writing, and a level that tells rows apart.
Row = tuple[bytes, int, int, int]


def make_rows(
    rows: list[Row], cause: Cause | None = None, spec: FeatureSpec = SPEC, decoders: str = ""
) -> pa.Table:
    """Make rows of a store."""
    n = len(rows)
    features = np.zeros(n, dtype=SPEC.row_dtype)
    for name in SPEC.row_dtype.names or ():
        features[name] = 1
    features["width"] = [level for *_, level in rows]
    batch: FeatureBatch = photo_batch(
        [path for path, *_ in rows],
        mtime_ns=np.array([mtime_ns for _, mtime_ns, *_ in rows], dtype=np.int64),
        size_bytes=np.full(n, 100),
        rows=features,
        causes=[cause] * n,
        is_lasting=np.ones(n, dtype=np.bool_),
        decoders=decoders,
    )
    table = schema_module.make_table([batch], schema_module.make_schema(spec))
    place = table.schema.get_field_index("written_ns")
    written = pa.array([written_ns for *_, written_ns, _ in rows], pa.int64())
    return table.set_column(place, "written_ns", written)


def put(cache_dir: Path, rows: list[Row], cause: Cause | None = None, decoders: str = "") -> Path:
    """Write a part, and return the folder."""
    FeatureStore(SPEC, cache_dir).add_rows(make_rows(rows, cause, decoders=decoders))
    return cache_dir


def look_up(cache_dir: Path, path: bytes, mtime_ns: int = 5) -> list[int]:
    """Tell the level of what is known of a file; nothing where it is not known."""
    stats = FileStats(np.array([mtime_ns]), np.array([100]), {})
    known = FeatureStore(SPEC, cache_dir).look_up(list_photos([path]), stats)
    levels: list[int] = known.table["width"].to_pylist()
    return levels


def list_parts(cache_dir: Path) -> list[Path]:
    return sorted(cache_dir.rglob("part-*.parquet"))


# ------------------------------------------------------------------ what is brought in


def test_what_others_know_is_known_here(tmp_path: Path) -> None:
    """Also failures; the others are not changed, and once more adds nothing."""
    put(tmp_path / "a", [(b"/p/1", 5, 10, 1), (b"/p/2", 5, 10, 2)])
    put(tmp_path / "a", [(b"/p/3", 5, 10, 3)])
    put(tmp_path / "b", [(b"/p/4", 5, 10, 0)], Cause.UNREADABLE)
    put(tmp_path / "here", [(b"/p/1", 5, 10, 1)])
    before = {path: path.read_bytes() for path in list_parts(tmp_path / "a")}
    merged = cache.merge([tmp_path / "a", tmp_path / "b"], cache_dir=tmp_path / "here")
    assert merged == (3, 1, 0, 0, ())
    assert [look_up(tmp_path / "here", b"/p/%d" % i) for i in (1, 2, 3, 4)] == [[1], [2], [3], [0]]
    assert {path: path.read_bytes() for path in list_parts(tmp_path / "a")} == before
    n_parts = len(list_parts(tmp_path / "here"))
    assert cache.merge(tmp_path / "a", cache_dir=tmp_path / "here") == (0, 3, 0, 0, ())
    assert len(list_parts(tmp_path / "here")) == n_parts
    assert cache.merge(str(tmp_path / "here"), cache_dir=tmp_path / "here") == (0, 4, 0, 0, ())


def test_of_two_rows_of_one_state_the_newer_stays(tmp_path: Path) -> None:
    """Rows of another state of the file are no rivals: this machine may have either."""
    put(tmp_path / "a", [(b"/p", 5, 10, 1), (b"/q", 5, 30, 2)])
    put(tmp_path / "b", [(b"/p", 5, 20, 3), (b"/q", 5, 20, 4), (b"/p", 6, 1, 5)])
    for order in (["a", "b"], ["b", "a"]):
        here = tmp_path / "".join(order)
        for name in order:
            cache.merge(tmp_path / name, cache_dir=here)
        assert look_up(here, b"/p") == [3]
        assert look_up(here, b"/q") == [2]
        assert look_up(here, b"/p", mtime_ns=6) == [5]


def merge_all_parts(cache_dir: Path) -> None:
    """Merge parts as runs do when there are many."""
    store = FeatureStore(SPEC, cache_dir)
    store._merge_parts(store.list_parts())  # noqa: SLF001 - few parts are merged as many are


def test_states_of_others_do_not_drive_out_those_of_this_machine(tmp_path: Path) -> None:
    """Merging parts keeps both, so that nothing is decoded again; once more adds nothing."""
    put(tmp_path / "here", [(b"/p", 5, 10, 1), (b"/p", 5, 12, 2), (b"/q", 5, 10, 3)])
    put(tmp_path / "laptop", [(b"/p", 6, 20, 4), (b"/q", 6, 20, 5)])
    assert cache.merge(tmp_path / "laptop", cache_dir=tmp_path / "here").n_added == 2
    merge_all_parts(tmp_path / "here")
    found = [look_up(tmp_path / "here", path, time) for path in (b"/p", b"/q") for time in (5, 6)]
    assert found == [[2], [4], [3], [5]]
    (known,) = cache.info(tmp_path / "here")
    assert (known.n_files, known.n_rows, known.n_parts) == (2, 4, 1)
    assert cache.merge(tmp_path / "laptop", cache_dir=tmp_path / "here") == (0, 2, 0, 0, ())


def test_as_many_machines_as_there_are_share_a_store(tmp_path: Path) -> None:
    """Each sees the file with its own time, and none decodes it again for parts were merged."""
    for i in range(9):
        put(tmp_path, [(b"/p", 20 - i, 10 + i, i + 1), (b"/q", 5, 10 + i, i + 1)])
        merge_all_parts(tmp_path)
    assert [look_up(tmp_path, b"/p", 20 - i) for i in range(9)] == [[i + 1] for i in range(9)]
    assert look_up(tmp_path, b"/q") == [9]
    (known,) = cache.info(tmp_path)
    assert (known.n_rows, known.n_images) == (10, 2)


def test_what_one_decoder_read_survives_the_failures_of_others(tmp_path: Path) -> None:
    """Which are newer, of machines that decoded at the same time."""
    put(tmp_path, [(b"/p", 5, 10, 7)])
    put(tmp_path, [(b"/p", 5, 11, 0)], Cause.UNREADABLE)
    put(tmp_path, [(b"/p", 5, 12, 0)], Cause.UNREADABLE, "another 1.0")
    merge_all_parts(tmp_path)
    assert look_up(tmp_path, b"/p") == [7]
    (known,) = cache.info(tmp_path)
    assert known.n_rows == 1


def test_each_decoder_keeps_its_own_failures(tmp_path: Path) -> None:
    """It trusts no other's, and would decode again; of its own the newest is enough."""
    for written_ns in (10, 11):
        put(tmp_path, [(b"/p", 5, written_ns, 0)], Cause.UNREADABLE)
    for written_ns in (12, 13):
        put(tmp_path, [(b"/p", 5, written_ns, 0)], Cause.UNREADABLE, "another 1.0")
    merge_all_parts(tmp_path)
    assert look_up(tmp_path, b"/p") == [0]
    (known,) = cache.info(tmp_path)
    assert (known.n_rows, known.n_failures) == (2, 1)


@pytest.mark.parametrize("unequal_ns", [0, 10**8])
def test_prune_keeps_what_describes_the_file_as_it_is(tmp_path: Path, unequal_ns: int) -> None:
    """Though another machine's row of it is newer; where none does, the newest stays.

    Of two that do, the one that was read stays.
    """
    second = 10**9
    keys = [os.fsencode(tmp_path / name) for name in ("a.jpg", "b.jpg")]
    for key in keys:
        Path(os.fsdecode(key)).write_bytes(b"0" * 100)
        os.utime(key, ns=(second, 5 * second))
    put(tmp_path / "here", [(keys[0], 5 * second + unequal_ns, 10, 1), (keys[1], second, 10, 2)])
    put(tmp_path / "here", [(keys[0], 6 * second, 20, 3), (keys[1], 7 * second, 20, 4)])
    put(tmp_path / "here", [(b"s3://bucket/a.jpg", time_ns, time_ns, 5) for time_ns in (1, 2)])
    put(tmp_path / "here", [(keys[1], 7 * second, 30, 0)], Cause.UNREADABLE, "another 1.0")
    assert cache.prune(tmp_path / "here") == 4
    assert look_up(tmp_path / "here", keys[0], 5 * second + unequal_ns) == [1]
    assert look_up(tmp_path / "here", keys[1], 7 * second) == [4]
    assert look_up(tmp_path / "here", b"s3://bucket/a.jpg", 2) == [5]


def test_prune_prefers_the_very_time_to_the_second(tmp_path: Path) -> None:
    """Copies with times that were cut are of the same second."""
    photo = tmp_path / "a.jpg"
    photo.write_bytes(b"0" * 100)
    os.utime(photo, ns=(0, 1_500_000_000))
    key = os.fsencode(photo)
    put(tmp_path, [(key, 1_500_000_000, 10, 1), (key, 1_000_000_000, 20, 2)])
    assert cache.prune(tmp_path) == 1
    assert look_up(tmp_path, key, 1_500_000_000) == [1]


def test_parts_of_others_are_read_a_few_rows_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However large they are; one that is damaged at its end is left out as a whole."""
    monkeypatch.setattr(part_module, "_ROW_GROUP_ROWS", 4)
    monkeypatch.setattr(other_stores, "_BATCH_ROWS", 8)
    put(tmp_path / "a", [(b"/p/%02d" % i, 5, 10, i + 1) for i in range(30)])
    sizes: list[int] = []
    add_rows = FeatureStore.add_rows

    def note_size(store: FeatureStore, rows: pa.Table) -> None:
        sizes.append(len(rows))
        add_rows(store, rows)

    monkeypatch.setattr(FeatureStore, "add_rows", note_size)
    assert cache.merge(tmp_path / "a", cache_dir=tmp_path / "here").n_added == 30
    assert sizes == [8, 8, 8, 6]
    (part,) = list_parts(tmp_path / "a")
    data = bytearray(part.read_bytes())
    paths = pq.ParquetFile(part).metadata.row_group(7).column(0)
    data[paths.data_page_offset + paths.total_compressed_size - 3] ^= 0x10
    part.write_bytes(data)
    with pytest.warns(StoreWarning, match="was left out"):
        merged = cache.merge(tmp_path / "a", cache_dir=tmp_path / "there")
    assert (merged.n_added, len(merged.damage)) == (0, 1)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_neither_order_nor_repetition_matter(tmp_path: Path, data: st.DataObject) -> None:
    """What is known in the end depends on the stores alone, however small the batches."""
    folder = tmp_path / str(time.time_ns())
    state = st.tuples(st.sampled_from([b"/p/a", b"/p/b", b"/q"]), st.integers(5, 6))
    written = data.draw(st.lists(state, min_size=3, max_size=12))
    # No two rows are written at the same nanosecond.
    rows = [(path, mtime_ns, 10 + i, i + 1) for i, (path, mtime_ns) in enumerate(written)]
    random.Random(len(rows)).shuffle(rows)
    names = ["a", "b", "c"]
    for i, row in enumerate(rows):
        put(folder / names[i % 3], [row])
    order = data.draw(st.permutations([*names, *names[:2]]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(other_stores, "_BATCH_ROWS", data.draw(st.integers(1, 4)))
        for name in order:
            cache.merge(folder / name, cache_dir=folder / "here")
    cache.merge([folder / name for name in names], cache_dir=folder / "there")
    for path, mtime_ns in set(written):
        newest = max(
            row for row in ((*each[2:], each[:2]) for each in rows) if row[2] == (path, mtime_ns)
        )
        assert look_up(folder / "here", path, mtime_ns) == [newest[1]]
        assert look_up(folder / "there", path, mtime_ns) == [newest[1]]


def test_rows_of_the_future_do_not_stay_for_ever(tmp_path: Path) -> None:
    """A clock that was wrong for years would hide all that is read afterwards."""
    put(tmp_path / "a", [(b"/p", 5, 2**62, 1)])
    for n_added in (1, 0):
        merged = cache.merge(tmp_path / "a", cache_dir=tmp_path / "here")
        assert merged.n_added == n_added
    put(tmp_path / "b", [(b"/p", 5, 10, 2)])
    cache.merge(tmp_path / "b", cache_dir=tmp_path / "here")
    assert look_up(tmp_path / "here", b"/p") == [2]


def test_failures_of_other_decoders_are_tried_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are counted, and hide nothing that somebody could read."""
    with monkeypatch.context() as patch:
        patch.setattr(schema_module, "decoder_version", lambda: "another 1.0")
        put(tmp_path / "a", [(b"/p", 5, 30, 0)], Cause.UNREADABLE)
    put(tmp_path / "b", [(b"/p", 5, 10, 1)])
    merged = cache.merge([tmp_path / "a", tmp_path / "b"], cache_dir=tmp_path / "here")
    assert merged == (1, 0, 0, 1, ())
    assert look_up(tmp_path / "here", b"/p") == [1]
    put(tmp_path / "there", [(b"/p", 5, 20, 0)], Cause.UNREADABLE)
    assert cache.merge(tmp_path / "b", cache_dir=tmp_path / "there").n_added == 0


def test_each_kind_of_features_goes_to_its_own_store(tmp_path: Path) -> None:
    """As they were computed in another way."""
    exact = make_spec(8, "exact")
    put(tmp_path / "a", [(b"/p", 5, 10, 1)])
    FeatureStore(exact, tmp_path / "a").add_rows(make_rows([(b"/p", 5, 10, 2)], spec=exact))
    assert cache.merge(tmp_path / "a", cache_dir=tmp_path / "here").n_added == 2
    assert look_up(tmp_path / "here", b"/p") == [1]
    assert {info.spec: info.n_rows for info in cache.info(tmp_path / "here")} == {SPEC: 1, exact: 1}


def test_many_parts_become_few(tmp_path: Path) -> None:
    """A store of shards has a part for each, which merging ends with merging."""
    for i in range(20):
        put(tmp_path / f"store_{i}", [(b"/p/%d" % i, 5, 10, 1)])
    for i in range(20):
        cache.merge(tmp_path / f"store_{i}", cache_dir=tmp_path / "here")
    assert len(list_parts(tmp_path / "here")) <= 16
    assert cache.info(tmp_path / "here")[0].n_images == 20


# ------------------------------------------------------------------ roots


def test_roots_are_moved(tmp_path: Path) -> None:
    """With the key of the order; what lies elsewhere is left out and counted."""
    rows: list[Row] = [(b"/mnt/a/x/1.jpg", 5, 10, 1), (b"/mnt/ab/2.jpg", 5, 10, 2)]
    put(tmp_path / "a", rows)
    merged = cache.merge(
        tmp_path / "a", from_root="/mnt/a/", to_root="/data/photos", cache_dir=tmp_path / "here"
    )
    assert merged == (1, 0, 1, 0, ())
    assert look_up(tmp_path / "here", b"/data/photos/x/1.jpg") == [1]
    (part,) = list_parts(tmp_path / "here")
    moved = read_part(part, schema_module.make_schema(SPEC))
    expected = schema_module.replace_paths(moved, [b"/data/photos/x/1.jpg"])
    assert moved["order_key"].equals(expected["order_key"])


@pytest.mark.parametrize(
    ("path", "root"),
    [
        (rb"C:\photos\site 1\IMG.JPG", "C:\\photos"),
        (rb"C:\photos\site 1\IMG.JPG", "C:/photos/"),
        (rb"\\nas\photos\site 1\IMG.JPG", "\\\\nas\\photos"),
        (b"/photos/site 1/IMG.JPG", "/photos"),
        (b"/site 1/IMG.JPG", "/"),
        (b"s3://bucket/photos/site 1/IMG.JPG", "s3://bucket/photos/"),
    ],
)
def test_roots_are_those_of_any_system(tmp_path: Path, path: bytes, root: str) -> None:
    """Folders of Windows are separated by backslashes."""
    put(tmp_path / "a", [(path, 5, 10, 1)])
    cache.merge(tmp_path / "a", from_root=root, to_root="/here", cache_dir=tmp_path / "here")
    assert look_up(tmp_path / "here", b"/here/site 1/IMG.JPG") == [1]


def test_photos_of_a_disk_may_go_into_a_bucket(tmp_path: Path) -> None:
    """And be known there, where their times are kept."""
    put(tmp_path / "a", [(b"/mnt/a/x/1.jpg", 5, 10, 1)])
    cache.merge(tmp_path / "a", from_root="/mnt/a", to_root="s3://b/p", cache_dir=tmp_path / "here")
    assert look_up(tmp_path / "here", b"s3://b/p/x/1.jpg") == [1]


def test_roots_may_be_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the working folder, as everywhere; a drive that is mounted elsewhere is no new drive."""
    monkeypatch.chdir(tmp_path)
    put(Path("store"), [(os.fsencode(tmp_path / "old" / "1.jpg"), 5, 10, 1)])
    cache.merge("store", from_root="old", to_root="new", cache_dir="store")
    for name in ("old", "new"):
        assert look_up(Path("store"), os.fsencode(tmp_path / name / "1.jpg")) == [1]


def test_a_root_that_holds_nothing_is_told_so(tmp_path: Path) -> None:
    """With a path of the others, and nothing is added."""
    put(tmp_path / "a", [(b"/mnt/a/1.jpg", 5, 10, 1)])
    with pytest.raises(StoreError, match=r"None of the 1 image lies below '/mnt/b'.*/mnt/a/1\.jpg"):
        cache.merge(tmp_path / "a", from_root="/mnt/b", to_root="/x", cache_dir=tmp_path / "here")
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize("given", ["from_root", "to_root"])
def test_one_root_alone_makes_no_sense(tmp_path: Path, given: str) -> None:
    """Features move from one to another."""
    lacking = {"from_root": "to_root", "to_root": "from_root"}[given]
    with pytest.raises(InvalidParameterError, match=f"'{lacking}' parameter"):
        cache.merge(tmp_path, **{given: "/a"})


@pytest.mark.parametrize("path", [b"/a/../etc/x.jpg", b"/a/./x.jpg", b"/a//x.jpg", b"/a/b/.."])
def test_no_row_leaves_its_root(tmp_path: Path, path: bytes) -> None:
    """No such path is ever written: the part is damaged."""
    put(tmp_path / "a", [(path, 5, 10, 1)])
    with pytest.warns(StoreWarning, match="is not a plain path below the root"):
        merged = cache.merge(
            tmp_path / "a", from_root="/a", to_root="/b", cache_dir=tmp_path / "here"
        )
    assert (merged.n_added, len(merged.damage)) == (0, 1)


# ------------------------------------------------------------------ what cannot be brought in


def test_a_damaged_part_is_left_out_and_told(tmp_path: Path) -> None:
    """The others are brought in; the store of the others stays as it is."""
    put(tmp_path / "a", [(b"/p/1", 5, 10, 1)])
    put(tmp_path / "a", [(b"/p/2", 5, 10, 2)])
    first, _ = list_parts(tmp_path / "a")
    first.write_bytes(first.read_bytes()[:-5])
    with pytest.warns(StoreWarning, match=f"{first.name} is damaged"):
        merged = cache.merge(tmp_path / "a", cache_dir=tmp_path / "here")
    assert merged.n_added == 1
    assert [damage.part for damage in merged.damage] == [str(first)]
    assert first.exists()
    assert look_up(tmp_path / "here", b"/p/2") == [2]


def test_rows_that_are_never_written_are_damage(tmp_path: Path) -> None:
    """By the one check of rows, though all checksums fit."""
    put(tmp_path / "a", [(b"/p/1", 5, 10, 1)])
    (part,) = list_parts(tmp_path / "a")
    rows = read_part(part, schema_module.make_schema(SPEC))
    place = rows.schema.get_field_index("flags")
    forged = rows.set_column(place, rows.schema.field(place), pa.array([200], pa.uint8()))
    write_part(name_part(part.parent), forged)
    with pytest.warns(StoreWarning, match="'flags' has values outside"):
        assert cache.merge(tmp_path / "a", cache_dir=tmp_path / "here").n_added == 1


def test_a_part_of_a_former_version_is_brought_in(tmp_path: Path) -> None:
    """Its rows become such as this version writes."""
    put(tmp_path / "a", [(b"/p/1", 5, 10, 1)])
    (part,) = list_parts(tmp_path / "a")
    rows = read_part(part, schema_module.make_schema(SPEC))
    for version, schema in zip(
        (3, 2), schema_module.make_former_schemas(rows.schema), strict=False
    ):
        former = tmp_path / f"former_{version}"
        folder = former / f"features-{version}" / SPEC.fingerprint
        folder.mkdir(parents=True)
        write_part(name_part(folder), rows.select(schema.names).cast(schema))
        here = tmp_path / f"here_{version}"
        assert cache.merge(former, cache_dir=here).n_added == 1
        assert look_up(here, b"/p/1") == [1]
        assert cache.merge(former, cache_dir=former) == (0, 1, 0, 0, ())


@pytest.mark.parametrize(
    "name", ["features-999/hash8-fast-v4", "features-4/hash8-fast-v1", "features-4/hash8-fast-v999"]
)
def test_features_of_another_version_are_left_out_by_name(tmp_path: Path, name: str) -> None:
    """Their formulas, or their columns, are not those of this release."""
    put(tmp_path / "a", [(b"/p/1", 5, 10, 1)])
    other = tmp_path / "a" / name
    shutil.copytree(list_parts(tmp_path / "a")[0].parent, other)
    told = name.partition("/")[0] if "999/" in name else other.name
    with pytest.warns(StoreWarning, match=f"another version, '{told}'"):
        assert cache.merge(tmp_path / "a", cache_dir=tmp_path / "here").n_added == 1


def test_a_folder_that_is_not_there_is_told_before_anything_is_added(tmp_path: Path) -> None:
    """It was mistyped, or not copied yet."""
    put(tmp_path / "a", [(b"/p/1", 5, 10, 1)])
    with pytest.raises(StoreError, match=r"There is no folder '.*missing'"):
        cache.merge([tmp_path / "a", tmp_path / "missing"], cache_dir=tmp_path / "here")
    assert not (tmp_path / "here").exists()


def test_a_folder_without_features_is_told(tmp_path: Path) -> None:
    """One level too deep, for instance."""
    put(tmp_path / "a", [(b"/p/1", 5, 10, 1)])
    inner = list_parts(tmp_path / "a")[0].parent.parent
    with (
        pytest.warns(StoreWarning, match=r"holds no features.*features-\d+ lies"),
        pytest.raises(StoreError, match="none of the folders holds any"),
    ):
        cache.merge(inner, cache_dir=tmp_path / "here")


def test_parts_that_are_merged_meanwhile_are_looked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of the other machine goes on while its store is read."""
    for i in range(3):
        put(tmp_path / "a", [(b"/p/%d" % i, 5, 10, i + 1)])
    store = FeatureStore(SPEC, tmp_path / "a")
    n_read = 0

    def merge_then_read(part: Path, schema: pa.Schema) -> Iterator[pa.Table]:
        nonlocal n_read
        n_read += 1
        if n_read == 3:
            store._merge_parts(store.list_parts())  # noqa: SLF001 - stands in for the other run
        return read_row_groups(part, schema)

    monkeypatch.setattr(other_stores, "read_row_groups", merge_then_read)
    merged = cache.merge(tmp_path / "a", cache_dir=tmp_path / "here")
    assert (merged.n_added, merged.damage) == (3, ())
    assert [look_up(tmp_path / "here", b"/p/%d" % i) for i in range(3)] == [[1], [2], [3]]


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """Nothing is brought in without a word."""
    put(tmp_path / "a", [(b"/p/1", 5, 10, 1)])
    (tmp_path / "blocked").touch()
    with (
        pytest.warns(StoreWarning, match="cannot be read"),
        pytest.raises(StoreError, match=r"cannot be written .*Name .* folder .* has room"),
    ):
        cache.merge(tmp_path / "a", cache_dir=tmp_path / "blocked")


def test_a_damaged_part_here_does_not_count_as_known(tmp_path: Path) -> None:
    """What it holds is brought in again."""
    put(tmp_path / "a", [(b"/p/1", 5, 10, 1)])
    cache.merge(tmp_path / "a", cache_dir=tmp_path / "here")
    (part,) = list_parts(tmp_path / "here")
    data = bytearray(part.read_bytes())
    at = pq.ParquetFile(part).metadata.row_group(0).column(0).data_page_offset + 30
    data[at] ^= 0x10
    part.write_bytes(data)
    with pytest.warns(StoreWarning, match="is damaged"):
        assert cache.merge(tmp_path / "a", cache_dir=tmp_path / "here").n_added == 1
    assert look_up(tmp_path / "here", b"/p/1") == [1]
