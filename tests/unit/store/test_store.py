"""Tests of smartdownsample.store.store, look_up and folder."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pictures import write_collection
from smartdownsample import ImageIndex, StoreWarning, cache
from smartdownsample.features.spec import make_spec
from smartdownsample.items import encode_order_key
from smartdownsample.records import Cause, FeatureBatch, FeatureSpec, FileStats, unpack
from smartdownsample.store import (
    FeatureStore,
    KnownFeatures,
    choose_cache_dir,
    natural_reading,
    store,
)
from smartdownsample.store import look_up as look_up_module
from smartdownsample.store import part as part_module
from smartdownsample.store.folder import CACHE_TAG, is_tagged, mark_folder
from whole_photos import list_photos, photo_batch

SPEC = make_spec(8, "fast")


def make_batch(
    keys: list[bytes],
    *,
    mtime_ns: int = 10,
    size_bytes: int = 100,
    level: int = 1,
    cause: Cause | None = None,
    is_lasting: bool = True,
    spec: FeatureSpec = SPEC,
) -> FeatureBatch:
    """Make a batch whose rows have `level` as every value."""
    n = len(keys)
    rows = np.zeros(n, dtype=spec.row_dtype)
    for name in spec.row_dtype.names or ():
        rows[name] = level
    return photo_batch(
        keys,
        mtime_ns=np.full(n, mtime_ns),
        size_bytes=np.full(n, size_bytes),
        rows=rows,
        causes=[cause] * n,
        is_lasting=np.full(n, is_lasting),
    )


def put(cache_dir: Path, batch: FeatureBatch, spec: FeatureSpec = SPEC) -> None:
    """Write one part."""
    with FeatureStore(spec, cache_dir) as target:
        target.append(batch)


def look_up(
    cache_dir: Path | None,
    keys: list[bytes],
    *,
    mtime_ns: int = 10,
    size_bytes: int = 100,
    spec: FeatureSpec = SPEC,
) -> KnownFeatures:
    """Look up keys of files that all have the same time and size."""
    n = len(keys)
    stats = FileStats(np.full(n, mtime_ns), np.full(n, size_bytes), {})
    return FeatureStore(spec, cache_dir).look_up(list_photos(keys), stats)


def parts(cache_dir: Path) -> list[Path]:
    return sorted(cache_dir.rglob("*.parquet"))


class TestObjects:
    """Objects with an etag are known by it and their size, files by time and size."""

    @staticmethod
    def find(cache_dir: Path, etags: list[str | None] | None, **state: int) -> list[int]:
        """Look up /a and /b, and list the known ones."""
        mtime_ns, size_bytes = state.get("mtime_ns", 10), state.get("size_bytes", 100)
        stats = FileStats(np.full(2, mtime_ns), np.full(2, size_bytes), {}, etags)
        known = FeatureStore(SPEC, cache_dir).look_up(list_photos([b"/a", b"/b"]), stats)
        items: list[int] = known.items.tolist()
        return items

    def test_an_object_with_an_etag_is_known_by_it(self, tmp_path: Path) -> None:
        """Whatever its time; one written again in the same second has another etag."""
        put(tmp_path, replace(make_batch([b"/a", b"/b"]), etags=["e1", "e2"]))
        assert self.find(tmp_path, ["e1", "e2"]) == [0, 1]
        assert self.find(tmp_path, ["e1", "e2"], mtime_ns=11) == [0, 1]
        assert self.find(tmp_path, ["e1", "e3"]) == [0]
        assert self.find(tmp_path, ["e1", None]) == [0]
        assert self.find(tmp_path, ["e1", "e2"], size_bytes=101) == []
        assert self.find(tmp_path, None) == []

    def test_files_beside_objects_are_known_by_their_time(self, tmp_path: Path) -> None:
        """In one part, and in one call."""
        put(tmp_path, replace(make_batch([b"/a", b"/b"]), etags=["e1", None]))
        assert self.find(tmp_path, ["e1", None]) == [0, 1]
        assert self.find(tmp_path, ["e1", None], mtime_ns=11) == [0]
        assert self.find(tmp_path, None) == [1]

    def test_batches_of_files_and_objects_may_share_a_part(self, tmp_path: Path) -> None:
        """An object without an etag is as a file."""
        with FeatureStore(SPEC, tmp_path) as target:
            target.append(make_batch([b"/b"]))
            target.append(replace(make_batch([b"/a"]), etags=["e1"]))
        assert self.find(tmp_path, ["e1", None]) == [0, 1]

    def test_merging_keeps_etags(self, tmp_path: Path) -> None:
        """Each content of an object stays known by its own."""
        for number in range(17):
            put(tmp_path, replace(make_batch([b"/a"]), etags=[f"e{number}"]))
        assert len(parts(tmp_path)) < 17
        for number in range(17):
            assert self.find(tmp_path, [f"e{number}", None]) == [0]
        assert self.find(tmp_path, ["e17", None]) == []


class TestLookUp:
    """A row is found when path, region, time and size are all equal, and only then."""

    def test_what_was_put_is_found(self, tmp_path: Path) -> None:
        """Every field comes back; unknown keys are misses."""
        put(tmp_path, make_batch([b"/a", b"/c"], level=7))
        known = look_up(tmp_path, [b"/c", b"/b", b"/a"])
        found = zip(known.items.tolist(), known.table["path"].to_pylist(), strict=True)
        assert dict(found) == {0: b"/c", 2: b"/a"}
        assert known.misses.tolist() == [1]
        assert known.table["dhash"].to_pylist() == [b"\7" * 8] * 2
        assert known.table["mean_rgb"].to_pylist() == [[7.0] * 3] * 2

    def test_capture_times_come_back_and_unknown_ones_as_nat(self, tmp_path: Path) -> None:
        """From any piece of the column; to other tools they are times and nulls."""
        batch = make_batch([b"/a", b"/b", b"/c", b"/d"])
        times = ["2019-06-22T16:50:53.046", "NaT", "NaT", "1969-12-31T23:59:59.999"]
        batch.rows["captured"] = times
        put(tmp_path, batch)
        captured = look_up(tmp_path, batch.keys).table["captured"]
        assert captured.type == pa.timestamp("ms")
        assert captured.to_pylist() == batch.rows["captured"].tolist()
        for first in range(4):
            assert unpack(captured.slice(first)).astype(str).tolist() == times[first:]

    @pytest.mark.parametrize(("mtime_ns", "size_bytes"), [(11, 100), (10, 101), (9, 100)])
    def test_a_changed_file_is_not_found(
        self, tmp_path: Path, mtime_ns: int, size_bytes: int
    ) -> None:
        """Another time or another size is another file."""
        put(tmp_path, make_batch([b"/a"]))
        known = look_up(tmp_path, [b"/a"], mtime_ns=mtime_ns, size_bytes=size_bytes)
        assert known.misses.tolist() == [0]

    def test_both_states_of_a_file_are_told_apart(self, tmp_path: Path) -> None:
        """A file that is put back as it was is known again."""
        put(tmp_path, make_batch([b"/a"], mtime_ns=10, level=1))
        put(tmp_path, make_batch([b"/a"], mtime_ns=20, level=2))
        for mtime_ns, level in ((10, 1), (20, 2)):
            known = look_up(tmp_path, [b"/a"], mtime_ns=mtime_ns)
            assert known.table["width"].to_pylist() == [level]

    @pytest.mark.parametrize(
        ("kept_ns", "now_ns", "is_known"),
        [
            (1_700_000_000_123_456_789, 1_700_000_000_000_000_000, True),  # copied to exFAT
            (1_700_000_000_000_000_000, 1_700_000_000_123_456_789, True),  # and back
            (1_700_000_000_999_999_999, 1_700_000_001_000_000_000, False),
            (-1, -1_000_000_000, True),  # before 1970
        ],
    )
    def test_times_can_agree_up_to_the_second(
        self, tmp_path: Path, kept_ns: int, now_ns: int, *, is_known: bool
    ) -> None:
        """Where that is asked for, and only then; sizes must be equal."""
        put(tmp_path, make_batch([b"/a"], mtime_ns=kept_ns))
        items = list_photos([b"/a"])
        for whole_seconds, size_bytes, n_known in (
            (True, 100, int(is_known)),
            (False, 100, 0),
            (True, 101, 0),
        ):
            stats = FileStats(np.array([now_ns]), np.array([size_bytes]), {})
            known = FeatureStore(SPEC, tmp_path, whole_seconds=whole_seconds)
            assert len(known.look_up(items, stats).items) == n_known

    def test_keys_that_share_bytes_are_not_confused(self, tmp_path: Path) -> None:
        """A path that ends in the bytes of another key's time is still another path."""
        put(tmp_path, make_batch([b"/a", b"/a\0", b"/a\0\0\0\x80\x3f"]))
        known = look_up(tmp_path, [b"/a\0\0", b"/a\0"])
        assert known.items.tolist() == [1]

    def test_other_specs_have_other_rows(self, tmp_path: Path) -> None:
        """Hash size and decode mode never mix."""
        put(tmp_path, make_batch([b"/a"]))
        for spec in (make_spec(8, "exact"), make_spec(9, "fast")):
            assert look_up(tmp_path, [b"/a"], spec=spec).misses.tolist() == [0]

    def test_items_that_are_no_files_are_neither_known_nor_missed(self, tmp_path: Path) -> None:
        """There is nothing to decode."""
        put(tmp_path, make_batch([b"/a"]))
        stats = FileStats(np.array([0, 10]), np.array([0, 100]), {0: Cause.MISSING})
        known = FeatureStore(SPEC, tmp_path).look_up(list_photos([b"/gone", b"/a"]), stats)
        assert known.items.tolist() == [1]
        assert known.misses.tolist() == []

    def test_a_failure_is_known_until_the_decoder_changes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A newer decoder may succeed; good rows stay good."""
        put(tmp_path, make_batch([b"/bad"], cause=Cause.UNREADABLE))
        put(tmp_path, make_batch([b"/good"]))
        known = look_up(tmp_path, [b"/bad", b"/good"])
        found = zip(known.items.tolist(), known.table["cause"].to_pylist(), strict=True)
        assert dict(found) == {0: "UNREADABLE", 1: None}
        monkeypatch.setattr(look_up_module, "decoder_version", lambda: "another decoder 9.9")
        assert look_up(tmp_path, [b"/bad", b"/good"]).misses.tolist() == [0]

    def test_rows_that_are_no_lasting_facts_are_not_kept(self, tmp_path: Path) -> None:
        """A file that changed while it was read is decoded again."""
        put(tmp_path, make_batch([b"/a"], is_lasting=False))
        assert look_up(tmp_path, [b"/a"]).misses.tolist() == [0]
        assert parts(tmp_path) == []

    def test_without_a_folder_nothing_is_known_or_kept(self) -> None:
        """That is what `cache=False` means."""
        with FeatureStore(SPEC, None) as target:
            target.append(make_batch([b"/a"]))
        assert look_up(None, [b"/a"]).misses.tolist() == [0]

    def test_row_groups_that_cannot_hold_a_key_are_not_read(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A small folder is quick beside a large store."""
        monkeypatch.setattr(part_module, "_ROW_GROUP_ROWS", 10)
        put(tmp_path, make_batch([b"/%03d" % i for i in range(100)]))
        asked: list[int] = []
        read = pq.ParquetFile.read_row_group

        def note(self: pq.ParquetFile, group: int, **options: Any) -> pa.Table:
            asked.append(group)
            return read(self, group, **options)

        monkeypatch.setattr(pq.ParquetFile, "read_row_group", note)
        assert look_up(tmp_path, [b"/042", b"/047", b"/200"]).items.tolist() == [0, 1]
        assert asked == [4]


class TestParts:
    """Parts appear whole, are few, and a damaged one costs only its own rows."""

    def test_rows_are_written_on_leaving_even_after_an_error(self, tmp_path: Path) -> None:
        """What was computed before Ctrl-C is not lost."""

        def stop() -> None:
            with FeatureStore(SPEC, tmp_path) as target:
                target.append(make_batch([b"/a"]))
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            stop()
        assert look_up(tmp_path, [b"/a"]).items.tolist() == [0]

    def test_rows_are_written_as_soon_as_enough_wait(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A killed run loses at most one flush."""
        monkeypatch.setattr(store, "_FLUSH_ROWS", 3)
        with FeatureStore(SPEC, tmp_path) as target:
            target.append(make_batch([b"/a", b"/b"]))
            assert parts(tmp_path) == []
            target.append(make_batch([b"/c"]))
            assert len(parts(tmp_path)) == 1

    def test_many_parts_stay_where_many_runs_write(self, tmp_path: Path) -> None:
        """They would all want the lock."""
        for i in range(20):
            with FeatureStore(SPEC, tmp_path, merges_parts=False) as target:
                target.append(make_batch([b"/%d" % i]))
        assert len(parts(tmp_path)) == 20

    def test_many_parts_become_one(self, tmp_path: Path) -> None:
        """With all states of each file: other machines may see it so."""
        for i in range(18):
            put(tmp_path, make_batch([b"/a", b"/%d" % i], mtime_ns=i, level=1 + i % 31))
        assert len(parts(tmp_path)) <= 2
        known = look_up(tmp_path, [b"/a", b"/3"], mtime_ns=17)
        assert known.items.tolist() == [0]
        assert known.table["width"].to_pylist() == [18]
        assert look_up(tmp_path, [b"/3"], mtime_ns=3).items.tolist() == [0]
        for i in range(18):
            assert look_up(tmp_path, [b"/a"], mtime_ns=i).table["width"].to_pylist() == [1 + i % 31]

    def test_parts_of_a_large_store_become_several(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each merge has its rows in memory; all is found afterwards."""
        for i in range(60):
            with FeatureStore(SPEC, tmp_path, merges_parts=False) as target:
                target.append(make_batch([b"/%d" % i]))
        size = parts(tmp_path)[0].stat().st_size
        monkeypatch.setattr("smartdownsample.store.merging._MAX_BYTES", 12 * size)
        FeatureStore(SPEC, tmp_path).compact()
        assert 5 <= len(parts(tmp_path)) <= 21
        assert len(look_up(tmp_path, [b"/%d" % i for i in range(60)]).items) == 60

    def test_merging_does_not_import_pandas(self, tmp_path: Path) -> None:
        """It takes longer than the merge does, and memory."""
        folders = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
        script = (
            f"import sys; sys.path[:0] = {folders}\n"
            "from test_store import Path, make_batch, parts, put\n"
            f"folder = Path({str(tmp_path)!r})\n"
            "for i in range(18):\n"
            "    put(folder, make_batch([b'/%d' % i]))\n"
            "assert len(parts(folder)) <= 2\n"
            "sys.exit('pandas' in sys.modules)\n"
        )
        subprocess.run([sys.executable, "-c", script], check=True)

    def test_rows_come_in_natural_order_from_all_parts(self, tmp_path: Path) -> None:
        """Whatever parts they are in; of two rows of one state the one of the later part counts."""
        # The later part begins earlier, so that it is read first.
        named_by_part = ([b"/a_10", b"/a_2", b"/b"], [b"/a_1", b"/a_9", b"/a_2", b"/a_11"])
        for level, named in enumerate(named_by_part):
            batch = make_batch(named, level=level + 1)
            put(tmp_path, replace(batch, order_keys=list(map(encode_order_key, named))))
        keys = [b"/b", b"/a_11", b"/a_10", b"/a_9", b"/a_2", b"/c"]
        known = look_up(tmp_path, keys)
        assert known.items.tolist() == [4, 3, 2, 1, 0]
        assert known.table["width"].to_pylist() == [2, 2, 1, 2, 1]
        assert known.misses.tolist() == [5]

    def test_the_matrix_has_the_readable_ones(self, tmp_path: Path) -> None:
        """In the same order; the others have a cause."""
        put(tmp_path, make_batch([b"/a_1", b"/a_3"], level=3))
        put(tmp_path, make_batch([b"/a_2"], cause=Cause.EMPTY))
        stats = FileStats(np.full(4, 10), np.full(4, 100), {})
        items = list_photos([b"/a_3", b"/a_2", b"/new", b"/a_1"])
        known = FeatureStore(SPEC, tmp_path).look_up_rows(items, stats)
        assert known.items.tolist() == [3, 1, 0]
        assert known.causes == {1: Cause.EMPTY}
        assert known.readable.tolist() == [3, 0]
        np.testing.assert_array_equal(known.rows, make_batch([b"", b""], level=3).rows)
        assert known.misses.tolist() == [2]
        unknown = FeatureStore(SPEC, tmp_path).look_up_rows(items, stats, [Cause.EMPTY])
        assert unknown.misses.tolist() == [1, 2]

    @pytest.mark.parametrize("n_sorted", [1, 1 << 17])
    def test_machines_may_disagree_about_the_order(
        self, tmp_path: Path, n_sorted: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As with other versions of natsort; each item is found once all the same."""
        monkeypatch.setattr("smartdownsample.store.natural_merge._SORTED_ROWS", n_sorted)
        keys = [b"/a", b"/b", b"/c", b"/d"]
        batch = make_batch(keys)
        put(tmp_path, batch)
        put(tmp_path, replace(batch, order_keys=[b"/b5", b"/b6", b"/c", b"/z"]))
        assert sorted(look_up(tmp_path, keys).items.tolist()) == [0, 1, 2, 3]
        stats = FileStats(np.full(4, 10), np.full(4, 100), {})
        known = FeatureStore(SPEC, tmp_path).look_up_rows(list_photos(keys), stats)
        assert sorted(known.items.tolist()) == [0, 1, 2, 3]
        assert len(known.rows) == 4

    def test_no_temporary_file_is_left(self, tmp_path: Path) -> None:
        """Only parts and the marks of a cache remain."""
        put(tmp_path, make_batch([b"/a"]))
        assert {path.suffix or path.name for path in tmp_path.rglob("*") if path.is_file()} == {
            ".parquet",
            ".TAG",
            ".gitignore",
        }

    def test_the_callers_folder_is_not_marked(self, tmp_path: Path) -> None:
        """A folder that holds other things stays visible to git and to backups."""
        put(tmp_path, make_batch([b"/a"]))
        assert [path.name for path in tmp_path.iterdir()] == ["features-4"]
        tag = (tmp_path / "features-4" / "CACHEDIR.TAG").read_text()
        assert tag.startswith("Signature: 8a477f597d28d172789f06886806bc55")

    @pytest.mark.parametrize("damage", ["cut", "empty", "text", "foreign"])
    def test_a_damaged_part_is_set_aside_with_a_warning(self, tmp_path: Path, damage: str) -> None:
        """Its rows are unknown, those of other parts are not, and it is met only once."""
        put(tmp_path, make_batch([b"/a"]))
        part = parts(tmp_path)[0]
        put(tmp_path, make_batch([b"/b"]))
        if damage == "foreign":
            pq.write_table(pa.table({"path": ["something else"]}), part)
        else:
            data = part.read_bytes()
            part.write_bytes({"cut": data[:-20], "empty": b"", "text": b"no parquet"}[damage])
        with pytest.warns(StoreWarning, match=part.name):
            known = look_up(tmp_path, [b"/a", b"/b"])
        assert known.items.tolist() == [1]
        assert look_up(tmp_path, [b"/a", b"/b"]).items.tolist() == [1]
        assert part.with_name(part.name + ".damaged").exists()

    def test_a_part_that_vanishes_while_it_is_read_is_looked_for_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Another process may merge the parts between listing and reading."""
        put(tmp_path, make_batch([b"/a"]))
        target = FeatureStore(SPEC, tmp_path)
        open_part = part_module.OpenPart
        n_calls = 0

        def merge_first(part: Path, **others: Any) -> part_module.OpenPart:
            nonlocal n_calls
            n_calls += 1
            if n_calls == 1:
                part.rename(part_module.name_part(part.parent))
            return open_part(part, **others)

        monkeypatch.setattr(natural_reading, "OpenPart", merge_first)
        known = target.look_up(list_photos([b"/a"]), FileStats(np.array([10]), np.array([100]), {}))
        assert known.items.tolist() == [0]
        assert n_calls > 1


class TestPlace:
    """The store lies where the user says, else in the platform's cache folder."""

    def test_the_environment_names_the_folder(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """`SMARTDOWNSAMPLE_CACHE_DIR` wins over the platform."""
        monkeypatch.setenv("SMARTDOWNSAMPLE_CACHE_DIR", "somewhere")
        assert choose_cache_dir(None) == Path("somewhere")

    def test_else_it_is_the_users_cache(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The folder is named after the package."""
        monkeypatch.delenv("SMARTDOWNSAMPLE_CACHE_DIR")
        chosen = choose_cache_dir(None)
        assert isinstance(chosen, Path)
        assert chosen.name == "smartdownsample"
        assert chosen.is_absolute()

    def test_parts_are_plain_parquet(self, tmp_path: Path) -> None:
        """Any Parquet reader opens them."""
        put(tmp_path, make_batch([b"/b", b"/a"]))
        table = pq.read_table(parts(tmp_path)[0])
        assert table["path"].to_pylist() == [b"/a", b"/b"]
        assert table.column_names[:9] == [
            "path",
            "frame",
            "region",
            "mtime_ns",
            "size_bytes",
            "etag",
            "order_key",
            "cause",
            "decoder",
        ]


def test_a_file_in_the_place_of_the_tags_stays(tmp_path: Path) -> None:
    """The folder may be the user's."""
    (tmp_path / "features-4").mkdir()
    (tmp_path / "features-4" / ".gitignore").write_text("mine")
    put(tmp_path, make_batch([b"/a"]))
    assert (tmp_path / "features-4" / ".gitignore").read_text() == "mine"
    assert (tmp_path / "features-4" / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f")


def test_files_of_others_in_the_folder_of_a_store_stay(tmp_path: Path) -> None:
    """They are neither read, nor set aside, nor removed, however old they are."""
    put(tmp_path, make_batch([b"/a"]))
    (part,) = parts(tmp_path)
    names = ["mine.parquet", "mine.parquet.damaged", "mine.tmp", "part-1.parquet.tmp"]
    for name in names:
        part.with_name(name).write_text("mine")
        os.utime(part.with_name(name), (0, 0))
    for i in range(20):
        put(tmp_path, make_batch([b"/%d" % i]))
    cache.prune(tmp_path)
    assert cache.verify(tmp_path) == []
    assert [part.with_name(name).read_text() for name in names] == ["mine"] * 4


def test_a_folder_that_no_file_system_can_have_only_costs_time(tmp_path: Path) -> None:
    """Features are not kept there, and a warning says so."""
    paths = write_collection(tmp_path / "photos", 2)
    with pytest.warns(StoreWarning, match="File name too long"):
        assert len(ImageIndex.build(paths, cache_dir=tmp_path / ("n" * 300))) == 2


def test_parts_are_renamed_and_merged_only_below_our_tag(tmp_path: Path) -> None:
    """Without it they may be somebody else's, whatever they are called."""
    with FeatureStore(SPEC, tmp_path) as known:
        known.append(make_batch([b"/a.jpg"]))
    tag = known.folder.parent / "CACHEDIR.TAG"
    text = tag.read_text()
    (part,) = known.list_parts()
    data = part.read_bytes()
    for content, left in (
        ("another program's", part),
        (text, part.with_name(part.name + ".damaged")),
    ):
        part.write_bytes(data[:-9])
        tag.write_text(content)
        with pytest.warns(StoreWarning, match="has a part that cannot be used"):
            assert len(look_up(tmp_path, [b"/a.jpg"]).items) == 0
        assert [path.name for path in known.folder.iterdir()] == [left.name]
    for number in range(20):
        with FeatureStore(SPEC, tmp_path) as known:
            tag.write_text("another program's")
            known.append(make_batch([b"/%d.jpg" % number]))
    assert len(known.list_parts()) == 20
    tag.write_text(text)
    known.compact()
    assert len(known.list_parts()) < 20


@pytest.mark.parametrize("left", [None, "", "Signature: 8a477f59"])
def test_a_store_that_lacks_its_mark_gets_it_at_the_next_write(
    tmp_path: Path, left: str | None
) -> None:
    """As one whose run was killed before it was written: without it nothing is ever removed."""
    with FeatureStore(SPEC, tmp_path) as known:
        known.append(make_batch([b"/a.jpg"]))
    tag, ignored = (known.folder.parent / name for name in ("CACHEDIR.TAG", ".gitignore"))
    texts = [tag.read_text(), ignored.read_text()]
    tag.unlink()
    ignored.unlink()
    if left is not None:
        tag.write_text(left)
    with FeatureStore(SPEC, tmp_path) as known:
        known.append(make_batch([b"/b.jpg"]))
    assert [tag.read_text(), ignored.read_text()] == texts
    assert cache.clear(tmp_path) > 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
@pytest.mark.parametrize("kind", ["pipe", "endless", "link", "dangling", "linked tag"])
def test_a_mark_that_is_no_file_is_not_ours(tmp_path: Path, kind: str) -> None:
    """It holds up nothing, and no link is followed, neither to read nor to write."""
    stores, elsewhere = FeatureStore(SPEC, tmp_path / "cache").folder.parent, tmp_path / "other"
    stores.mkdir(parents=True)
    tag = stores / "CACHEDIR.TAG"
    if kind == "pipe":
        os.mkfifo(tag)
    else:
        tag.symlink_to("/dev/zero" if kind == "endless" else elsewhere)
    if kind == "link":
        elsewhere.touch()
    elif kind == "linked tag":
        elsewhere.write_text(CACHE_TAG)
    before = elsewhere.read_bytes() if elsewhere.exists() else None
    with FeatureStore(SPEC, tmp_path / "cache") as known:
        known.append(make_batch([b"/a.jpg"]))
    assert len(look_up(tmp_path / "cache", [b"/a.jpg"]).items) == 1
    assert not is_tagged(stores)
    assert (elsewhere.read_bytes() if elsewhere.exists() else None) == before
    assert tag.is_symlink() or tag.is_fifo()


def test_the_beginning_of_a_mark_is_replaced_not_written_to(tmp_path: Path) -> None:
    """The file may have another name elsewhere."""
    stores, elsewhere = FeatureStore(SPEC, tmp_path / "cache").folder.parent, tmp_path / "other"
    stores.mkdir(parents=True)
    elsewhere.touch()
    os.link(elsewhere, stores / "CACHEDIR.TAG")
    mark_folder(stores)
    assert is_tagged(stores)
    assert elsewhere.read_bytes() == b""


@pytest.mark.parametrize("kind", ["tag", "folder"])
def test_marks_of_others_stay(tmp_path: Path, kind: str) -> None:
    """Features are kept there all the same."""
    stores = FeatureStore(SPEC, tmp_path).folder.parent
    stores.mkdir()
    (stores / ".gitignore").touch()
    if kind == "tag":
        (stores / "CACHEDIR.TAG").write_text("another program's")
    else:
        (stores / "CACHEDIR.TAG").mkdir()
    with FeatureStore(SPEC, tmp_path) as known:
        known.append(make_batch([b"/a.jpg"]))
    assert len(look_up(tmp_path, [b"/a.jpg"]).items) == 1
    assert (stores / ".gitignore").read_bytes() == b""
    assert (stores / "CACHEDIR.TAG").is_dir() or not is_tagged(stores)
