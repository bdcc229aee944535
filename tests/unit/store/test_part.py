"""Tests of smartdownsample.store.part, merging and the digests of schema."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample.errors import DamagedPartError
from smartdownsample.features.spec import make_spec
from smartdownsample.records import Cause
from smartdownsample.store import make_schema, make_table
from smartdownsample.store import part as part_module
from smartdownsample.store.merging import choose_merge
from smartdownsample.store.part import name_part, read_part, read_row_groups, write_part
from smartdownsample.store.schema import digest_rows
from whole_photos import photo_batch

SPEC = make_spec(8, "fast")
SCHEMA = make_schema(SPEC)


def make_rows(n: int, *, level: int = 1) -> pa.Table:
    """Make rows, the first of which is a failure."""
    rows = np.zeros(n, dtype=SPEC.row_dtype)
    rows["width"] = level
    rows["height"] = 1
    rows["captured"][::2] = np.datetime64("NaT", "ms")
    keys = [b"/%05d" % i for i in range(n)]
    causes: list[Cause | None] = [Cause.EMPTY, *[None] * (n - 1)]
    one = np.ones(n, dtype=np.int64)
    batch = photo_batch(
        keys,
        mtime_ns=one,
        size_bytes=one,
        rows=rows,
        causes=causes,
        is_lasting=one.astype(bool),
    )
    return make_table([batch], SCHEMA)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """Sorted by path, in one row group or several."""
    rows = make_rows(20_000)
    part = name_part(tmp_path)
    write_part(part, rows.take(list(range(19_999, -1, -1))))
    assert read_part(part, SCHEMA).equals(rows)
    assert next(read_row_groups(part, SCHEMA, [b"/00003"]))["path"][0].as_py() == b"/00000"
    assert not list(read_row_groups(part, SCHEMA, [b"/zzz"]))


def test_names_of_parts_are_unique_and_sort_by_time(tmp_path: Path) -> None:
    """The newest is the last."""
    names = [name_part(tmp_path) for _ in range(100)]
    assert names == sorted(names)
    assert len(set(names)) == 100


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the part nor its beginning, on errors as on Ctrl-C."""

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_part(name_part(tmp_path), make_rows(10))
    assert list(tmp_path.iterdir()) == []


def test_a_part_that_does_not_hold_what_was_written_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even when every page is sound: here other rows than those of the digests are written."""
    part = tmp_path / "b.parquet"
    with monkeypatch.context() as patch:
        patch.setattr(part_module, "digest_rows", lambda rows: digest_rows(rows) ^ 1)
        write_part(part, make_rows(10, level=2))
    with pytest.raises(DamagedPartError, match=r"b\.parquet is damaged.*digest"):
        read_part(part, SCHEMA)


def test_rows_of_another_spec_are_refused(tmp_path: Path) -> None:
    """Two specs may have the same columns and other values in them."""
    part = tmp_path / "a.parquet"
    write_part(part, make_rows(10))
    with pytest.raises(DamagedPartError, match="not those of this store"):
        read_part(part, make_schema(make_spec(8, "exact")))


def test_a_part_without_rows_is_sound(tmp_path: Path) -> None:
    """Nothing is also something that can be read back."""
    part = tmp_path / "a.parquet"
    write_part(part, SCHEMA.empty_table())
    assert len(read_part(part, SCHEMA)) == 0


def test_a_damaged_footer_is_noticed_before_it_is_trusted(tmp_path: Path) -> None:
    """Arrow may end the process over one; here each byte of its end is flipped in turn."""
    part = tmp_path / "a.parquet"
    write_part(part, make_rows(10))
    sound = part.read_bytes()
    for place in range(len(sound) - 300, len(sound)):
        damaged = bytearray(sound)
        damaged[place] ^= 4
        part.write_bytes(damaged)
        with pytest.raises(DamagedPartError):
            read_part(part, SCHEMA)


def test_the_digest_depends_on_every_value_and_not_on_the_layout() -> None:
    """Chunks and slices of the same rows have the same digest."""
    rows = make_rows(50)
    pieces = pa.concat_tables([rows.slice(0, 20), rows.slice(20)])
    sliced = pa.concat_tables([make_rows(3), rows]).slice(3)
    assert digest_rows(pieces) == digest_rows(sliced) == digest_rows(rows)
    for place, name in enumerate(rows.column_names):
        column = rows[name]
        changed = pa.concat_arrays(
            [column.combine_chunks().slice(1, 1), column.combine_chunks().slice(1)]
        )
        if not changed.equals(column.combine_chunks()):
            assert digest_rows(rows.set_column(place, name, changed)) != digest_rows(rows)


def test_the_digest_depends_on_which_times_are_unknown() -> None:
    """Not only on how many are; and unknown is another thing than the beginning of 1970."""
    rows = make_rows(50)
    place = rows.schema.get_field_index("captured")
    times = rows["captured"].combine_chunks()
    assert times.null_count == 25
    shifted = pa.concat_arrays([times.slice(1), times.slice(0, 1)])
    known = times.fill_null(0)
    assert shifted.null_count == 25
    digests = {
        digest_rows(rows.set_column(place, "captured", column))
        for column in (times, shifted, known)
    }
    assert len(digests) == 3


class TestChooseMerge:
    """choose_merge keeps parts few and leaves large ones alone."""

    def test_few_parts_stay(self) -> None:
        """Merging has a cost."""
        assert choose_merge([1] * 16) == []

    def test_small_parts_are_merged_beside_a_large_one(self) -> None:
        """A hundred thousand rows are not rewritten for a hundred."""
        assert choose_merge([10**7, *[10**4] * 16]) == list(range(1, 17))

    def test_parts_of_one_size_become_one(self) -> None:
        """All of them, not just enough."""
        assert choose_merge([5] * 17) == list(range(17))

    @given(st.lists(st.integers(1, 10**9), max_size=200))
    def test_few_parts_are_left(self, sizes: list[int]) -> None:
        """Never more than the limit beside large ones; no merge reads more than memory allows."""
        while merged := choose_merge(sizes):
            assert len(set(merged)) == len(merged) >= 2
            total = sum(sizes[i] for i in merged)
            assert total <= 2**26
            sizes = [*(size for i, size in enumerate(sizes) if i not in merged), total]
        assert sum(size < 2**25 for size in sizes) <= 16

    @given(st.lists(st.integers(1, 100), min_size=1, max_size=400))
    def test_rows_are_rewritten_rarely(self, appended: list[int]) -> None:
        """Appending n parts one by one rewrites each row a few times, not n times."""
        parts: list[int] = []
        rewritten = 0
        for size in appended:
            parts.append(size)
            merged = choose_merge(parts)
            total = sum(parts[i] for i in merged)
            rewritten += total
            parts = [s for i, s in enumerate(parts) if i not in set(merged)]
            parts += [total] if merged else []
        assert rewritten <= 8 * sum(appended)
