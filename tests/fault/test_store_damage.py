"""Parts of the feature store that do not hold what was written.

Damage is met in processes of their own, with little memory: one that ends a process or asks for
absurd amounts of memory fails its test, not the whole run of tests.
"""

import json
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fault_counts import FLIPS, TRIED
from smartdownsample import StoreWarning, cache
from smartdownsample.features.spec import make_spec
from smartdownsample.records import Cause, FeatureBatch, FeatureSpec, FileStats
from smartdownsample.store import FeatureStore, merging
from smartdownsample.store import part as part_module
from smartdownsample.store.part import read_part, write_part
from smartdownsample.store.schema import digest_rows
from whole_photos import list_photos, photo_batch

SPEC = make_spec(8, "fast")
N_ROWS = 120
ROW_GROUP_ROWS = 40
# The first, the last and one in the middle of each row group, and the second in all.
ASKED = [0, 1, 20, 39, 40, 60, 79, 80, 100, 119]
PATTERNS = (0x01, 0x80, 0xFF)
N_CUTS = 200

# Looks rows up in a part, over and over, each time with one byte changed or the end cut off.
# Says one word for each on standard output; what it was when the process ends is the next one.
LOOK_UP_DAMAGED = """
import json, resource, sys, warnings
from pathlib import Path
import numpy as np
from smartdownsample import StoreWarning
from smartdownsample.records import ItemList
from smartdownsample.records import FeatureSpec, FileStats
from smartdownsample.store import FeatureStore

task = json.load(sys.stdin)
part = Path(task["part"])
spec = FeatureSpec.from_fingerprint(part.parent.name)
keys = [key.encode() for key in task["keys"]]
items = ItemList.of_photos(task["keys"], keys, None, len(keys))
stats = FileStats(np.array(task["mtime_ns"]), np.array(task["size_bytes"]), {})
sound = part.read_bytes()
aside = part.with_name(part.name + ".damaged")

def look_up():
    return FeatureStore(spec, part.parents[2]).look_up(items, stats).table

expected = look_up()
assert len(expected) == len(keys)

def describe(damage):
    if damage["pattern"]:
        data = bytearray(sound)
        data[damage["at"]] ^= damage["pattern"]
    else:
        data = sound[: damage["at"]]
    part.write_bytes(data)
    aside.unlink(missing_ok=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = look_up()
        except BaseException as error:
            return f"raised {error!r}"
    texts = [str(warning.message) for warning in caught]
    if not texts:
        return "harmless" if found.equals(expected) else f"silent, {len(found)} rows"
    if [warning.category for warning in caught] != [StoreWarning] or len(found):
        return f"wrong, {len(found)} rows, {texts}"
    is_set_aside = aside.exists() and not part.exists() and "is damaged" in texts[0]
    return "detected" if is_set_aside else f"kept, {texts}"

with open("/proc/self/statm") as file:
    address_space = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (address_space + 2**29,) * 2)
for damage in task["damages"]:
    print(describe(damage).replace(chr(10), " "), flush=True)
"""


def make_batch(spec: FeatureSpec, n: int = N_ROWS) -> FeatureBatch:
    """Make rows of random values, some of them failures."""
    generator = np.random.default_rng(1)
    rows = np.zeros(n, dtype=spec.row_dtype)
    for name in spec.row_dtype.names or ():
        rows[name] = generator.integers(0, 200, rows[name].shape)
    rows["flags"] %= 32
    rows["width"], rows["height"] = rows["width"] + 1, rows["height"] + 1
    rows["captured"][::3] = np.datetime64("NaT", "ms")
    keys = [b"/photos/site_%d/IMG_%04d.jpg" % (i // 50, i) for i in range(n)]
    return photo_batch(
        keys,
        mtime_ns=generator.integers(10**17, 10**18, n),
        size_bytes=generator.integers(1, 10**6, n),
        rows=rows,
        causes=[Cause.UNREADABLE if i % 10 == 0 else None for i in range(n)],
        is_lasting=np.ones(n, dtype=np.bool_),
    )


def put(cache_dir: Path, spec: FeatureSpec = SPEC) -> tuple[Path, FeatureBatch]:
    """Write a store of one part."""
    (part, batch) = put_another(cache_dir, spec)
    assert FeatureStore(spec, cache_dir).list_parts() == [part]
    return part, batch


def put_another(cache_dir: Path, spec: FeatureSpec = SPEC) -> tuple[Path, FeatureBatch]:
    """Write one more part."""
    batch = make_batch(spec)
    with FeatureStore(spec, cache_dir) as target:
        target.append(batch)
    return FeatureStore(spec, cache_dir).list_parts()[-1], batch


def count_known(cache_dir: Path, batch: FeatureBatch) -> int:
    stats = FileStats(batch.mtime_ns, batch.size_bytes, {})
    return len(FeatureStore(SPEC, cache_dir).look_up(list_photos(batch.keys), stats).items)


@pytest.fixture
def part_of_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, FeatureBatch]:
    """Write a part of three row groups."""
    monkeypatch.setattr(part_module, "_ROW_GROUP_ROWS", ROW_GROUP_ROWS)
    return put(tmp_path)


def meet(part: Path, batch: FeatureBatch, damages: list[dict[str, int]]) -> Iterator[str]:
    """Yield what comes of each damage; "crashed" where the process ended."""
    while damages:
        task = {
            "part": str(part),
            "keys": [batch.keys[item].decode() for item in ASKED],
            "mtime_ns": batch.mtime_ns[ASKED].tolist(),
            "size_bytes": batch.size_bytes[ASKED].tolist(),
            "damages": damages,
        }
        sound = part.read_bytes()
        done = subprocess.run(
            [sys.executable, "-c", LOOK_UP_DAMAGED],
            input=json.dumps(task),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        outcomes = done.stdout.splitlines()
        yield from outcomes
        damages = damages[len(outcomes) :]
        if damages:
            # A process that does not even start must not be taken for many crashes.
            assert done.returncode < 0, done.stderr
            yield f"crashed, {done.stderr.strip()[-200:]}"
            damages = damages[1:]
        part.with_name(part.name + ".damaged").unlink(missing_ok=True)
        part.write_bytes(sound)


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
@pytest.mark.parametrize(
    ("n_in_data", "step"), [(30, 60), pytest.param(1000, 1, marks=pytest.mark.long)]
)
def test_a_flipped_byte_is_harmless_or_noticed(
    part_of_groups: tuple[Path, FeatureBatch], n_in_data: int, step: int
) -> None:
    """It never changes a row, hides one without a warning, raises, or ends the process.

    In the data, in the headers of pages and in the footer: everywhere, or in one of so many places.
    """
    part, batch = part_of_groups
    size_bytes = part.stat().st_size
    footer = size_bytes - 8 - int.from_bytes(part.read_bytes()[-8:-4], "little")
    generator = np.random.default_rng(2)
    columns = [
        pq.read_metadata(part).row_group(group).column(column)
        for group in range(N_ROWS // ROW_GROUP_ROWS)
        for column in range(pq.read_metadata(part).num_columns)
    ]
    in_headers: set[int] = set()
    for column in columns:
        start = column.dictionary_page_offset or column.data_page_offset
        in_headers |= {*range(start, start + 24, 3), column.data_page_offset}
    places = {*generator.choice(footer, n_in_data, replace=False).tolist()}
    places |= {*sorted(in_headers)[::step]}
    damages = [{"at": at, "pattern": PATTERNS[at % 3]} for at in sorted(places)]
    damages += [
        {"at": at, "pattern": pattern}
        for at in range(footer, size_bytes, step)
        for pattern in PATTERNS
    ]
    outcomes = list(meet(part, batch, damages))
    assert len(outcomes) == len(damages) > 3 * (size_bytes - footer) // step + n_in_data
    bad = [
        (damage, outcome)
        for damage, outcome in zip(damages, outcomes, strict=True)
        if outcome not in {"harmless", "detected"}
    ]
    assert bad == []
    assert outcomes.count("detected") > len(outcomes) // 2
    assert step > 1 or len(outcomes) >= TRIED[FLIPS]


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
def test_a_part_that_is_cut_off_is_noticed(part_of_groups: tuple[Path, FeatureBatch]) -> None:
    """Wherever it ends, even after nothing or before its last byte."""
    part, batch = part_of_groups
    size_bytes = part.stat().st_size
    lengths = {*np.linspace(0, size_bytes - 1, N_CUTS, dtype=int).tolist()}
    lengths |= {*range(13), *range(size_bytes - 12, size_bytes)}
    outcomes = list(meet(part, batch, [{"at": at, "pattern": 0} for at in sorted(lengths)]))
    assert outcomes == ["detected"] * len(lengths)


def add_column(rows: pa.Table) -> pa.Table:
    return rows.append_column("sharpness", pa.array(np.zeros(len(rows), dtype=np.float32)))


def drop_column(rows: pa.Table) -> pa.Table:
    return rows.drop_columns(["flags"])


def widen_column(rows: pa.Table) -> pa.Table:
    place = rows.schema.get_field_index("width")
    return rows.set_column(place, "width", rows["width"].cast(pa.uint64()))


def rename_column(rows: pa.Table) -> pa.Table:
    return rows.rename_columns(["hash" if name == "dhash" else name for name in rows.column_names])


@pytest.mark.parametrize("change", [add_column, drop_column, widen_column, rename_column])
def test_a_part_of_another_schema_is_set_aside(tmp_path: Path, change: object) -> None:
    """Whether an older or a newer version wrote it: sound, but no part of this store."""
    assert callable(change)
    part, batch = put(tmp_path)
    rows = change(read_part(part, FeatureStore(SPEC, tmp_path).schema))
    part.unlink()
    write_part(part, rows)
    with pytest.warns(StoreWarning, match="its rows are not those of this store") as caught:
        assert count_known(tmp_path, batch) == 0
    assert len(caught) == 1
    assert part.with_name(part.name + ".damaged").exists()


def test_a_part_of_another_hash_size_is_set_aside(tmp_path: Path) -> None:
    """Somebody moved it there by hand; its hashes mean something else."""
    stranger, _ = put(tmp_path / "elsewhere", make_spec(12, "fast"))
    part, batch = put(tmp_path)
    shutil.copy(stranger, part.parent)
    with pytest.warns(StoreWarning, match=stranger.name):
        assert count_known(tmp_path, batch) == N_ROWS


def test_a_part_without_digests_is_set_aside(tmp_path: Path) -> None:
    """Rows that nobody vouches for are not used, even when their columns are right."""
    part, batch = put(tmp_path)
    rows = read_part(part, FeatureStore(SPEC, tmp_path).schema)
    pq.write_table(rows, part)
    with pytest.warns(StoreWarning, match="is damaged"):
        assert count_known(tmp_path, batch) == 0


def test_rows_that_are_not_those_of_the_digest_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages that are sound in themselves, with checksums that are right, but other values."""
    with monkeypatch.context() as patch:
        patch.setattr(part_module, "digest_rows", lambda rows: digest_rows(rows) ^ 1)
        _, batch = put(tmp_path)
    with pytest.warns(StoreWarning, match="does not match its digest"):
        assert count_known(tmp_path, batch) == 0


@pytest.mark.parametrize("n_sound", [0, 1])
def test_merging_damaged_parts_leaves_a_sound_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_sound: int
) -> None:
    """They are set aside; what remains is right even when nothing remains."""
    for _ in range(2 + n_sound):
        _, batch = put_another(tmp_path)
    parts = FeatureStore(SPEC, tmp_path).list_parts()
    for part in parts[n_sound:]:
        part.write_bytes(part.read_bytes()[:-1])
    monkeypatch.setattr(merging, "_MAX_PARTS", 1)
    with pytest.warns(StoreWarning, match="is damaged") as caught:
        FeatureStore(SPEC, tmp_path).compact()
    assert len(caught) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert count_known(tmp_path, batch) == n_sound * N_ROWS
    assert cache.verify(tmp_path) == []


@pytest.mark.parametrize("n_sound", [0, 1, 3])
def test_damaged_parts_that_cannot_be_renamed_are_met_once_in_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_sound: int
) -> None:
    """As on Windows while others read them: merging ends, and nothing is written in vain."""
    for _ in range(3 + n_sound):
        _, batch = put_another(tmp_path)
    parts = FeatureStore(SPEC, tmp_path).list_parts()
    for part in parts[:3]:
        part.write_bytes(part.read_bytes()[:-1])
    monkeypatch.setattr(merging, "_MAX_PARTS", 1)
    monkeypatch.setattr(Path, "rename", refuse)
    for _ in range(2):
        with pytest.warns(StoreWarning, match="is damaged") as caught:
            FeatureStore(SPEC, tmp_path).compact()
        assert len(caught) == 3
        before, parts = parts, FeatureStore(SPEC, tmp_path).list_parts()
        assert len(parts) == 3 + min(n_sound, 1)
    assert parts == before
    with pytest.warns(StoreWarning, match="damaged"):
        assert count_known(tmp_path, batch) == min(n_sound, 1) * N_ROWS


def refuse(*_: object) -> None:
    raise PermissionError


def test_a_store_of_no_rows_is_sound(tmp_path: Path) -> None:
    """A part may hold nothing; that is no damage."""
    target = FeatureStore(SPEC, tmp_path)
    target.add_rows(target.schema.empty_table())
    batch = make_batch(SPEC)
    assert count_known(tmp_path, batch) == 0
    assert cache.verify(tmp_path) == []
