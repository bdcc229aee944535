"""Stores in bad company: other processes, full and failing disks, folders that vanish."""

import errno
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from pictures import write_collection
from smartdownsample import ImageIndex, StoreWarning
from smartdownsample.features.spec import make_spec
from smartdownsample.items import stat_files
from smartdownsample.items.given_images import list_items
from smartdownsample.records import Cause, FeatureBatch, FeatureTable
from smartdownsample.store import FeatureStore, merging, store
from smartdownsample.store.folder import lock_parts
from whole_photos import photo_batch

SPEC = make_spec(8, "fast")
N_PHOTOS = 120

# Builds an index and says what came of it. Imports everything before it waits for the others.
BUILD = """
import hashlib, json, os, resource, signal, sys, time, warnings
import filelock, natsort, smartdownsample.gathering.schedule
from smartdownsample import ImageIndex, StoreWarning
from smartdownsample.store import decoder_version, merging, store

task = json.loads(sys.argv[1])
store._FLUSH_ROWS, merging._MAX_PARTS = 7, task.get("max_parts", 2)
flush = store.FeatureStore._flush

def flush_and_compact(self, **options):
    flush(self, **options)
    if self.is_writable:
        self.compact()

if task.get("compacts_often"):
    store.FeatureStore._flush = flush_and_compact
if task.get("has_no_locks"):
    filelock.FileLock.acquire = lambda self, *args, **kwargs: None
if "file_bytes" in task:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (task["file_bytes"],) * 2)
if task.get("is_nobody") and os.getuid() == 0:
    # To import all that others may not read.
    ImageIndex.build(task["paths"], cache=False)
    decoder_version()
    os.setuid(65534)  # permissions do not hold the superuser back
print("ready", flush=True)
while "start" in task and not os.path.exists(task["start"]):
    time.sleep(0.001)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    index = ImageIndex.build(task["paths"], cache_dir=task["store"], n_workers=2)
answer = {
    "rows": hashlib.sha256(index.table.rows.tobytes()).hexdigest(),
    "paths": index.paths,
    "n_extracted": index.table.n_extracted,
    "warnings": [f"{each.category.__name__}: {each.message}" for each in caught],
}
print(json.dumps(answer))
"""


def start(**task: Any) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", BUILD, json.dumps(task)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: "subprocess.Popen[str]") -> dict[str, Any]:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    answer: dict[str, Any] = json.loads(out.splitlines()[-1])
    return answer


def run(**task: Any) -> dict[str, Any]:
    return finish(start(**task))


def describe(table: FeatureTable) -> dict[str, Any]:
    """Describe a table as the processes do."""
    return {"rows": hashlib.sha256(table.rows.tobytes()).hexdigest(), "paths": table.paths}


def without_cache(paths: list[str]) -> FeatureTable:
    return ImageIndex.build(paths, cache=False).table


def count_known(paths: list[str], cache_dir: Path) -> int:
    items = list_items(paths)
    return len(FeatureStore(SPEC, cache_dir).look_up(items, stat_files(items.keys)).items)


def list_temporary(cache_dir: Path) -> list[Path]:
    return list(cache_dir.rglob("*.tmp"))


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Write photos in six folders."""
    return write_collection(tmp_path_factory.mktemp("photos"), N_PHOTOS)


@pytest.fixture
def small_flushes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a short run write many parts."""
    monkeypatch.setattr(store, "_FLUSH_ROWS", 7)


# ------------------------------------------------------------------ processes


@pytest.mark.parametrize(
    ("n_processes", "is_overlapping", "has_no_locks"),
    [
        pytest.param(2, True, False, id="two, overlapping, locks"),
        pytest.param(2, False, True, id="two, same, no locks"),
        pytest.param(4, False, False, id="same, locks", marks=pytest.mark.long),
        pytest.param(4, True, False, id="overlapping, locks", marks=pytest.mark.long),
        pytest.param(4, False, True, id="same, no locks", marks=pytest.mark.long),
        pytest.param(4, True, True, id="overlapping, no locks", marks=pytest.mark.long),
    ],
)
def test_processes_that_share_a_store_agree_and_lose_nothing(
    photos: list[str], tmp_path: Path, n_processes: int, *, is_overlapping: bool, has_no_locks: bool
) -> None:
    """Each answers as if it were alone, and everything is known in the end.

    They write and merge all the time, each for itself where the file system has no locks.
    """
    cache_dir = tmp_path / "cache"
    shares = [photos] * n_processes
    if is_overlapping:
        n_each = N_PHOTOS - 20 * (n_processes - 1)
        shares = [photos[20 * i : 20 * i + n_each] for i in range(n_processes)]
    processes = [
        start(
            paths=share,
            store=str(cache_dir),
            start=str(tmp_path / "start"),
            compacts_often=True,
            has_no_locks=has_no_locks,
        )
        for share in shares
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    (tmp_path / "start").touch()
    for share, process in zip(shares, processes, strict=True):
        answer = finish(process)
        assert answer["warnings"] == []
        assert describe(without_cache(share)).items() <= answer.items()
        assert 0 <= answer["n_extracted"] <= len(share)
    assert list_temporary(cache_dir) == []
    assert count_known(photos, cache_dir) == N_PHOTOS
    warm = ImageIndex.build(photos, cache_dir=cache_dir).table
    assert warm.n_extracted == 0
    assert warm.rows.tobytes() == without_cache(photos).rows.tobytes()


def test_while_another_process_merges_a_run_goes_on(
    photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It neither waits for the lock nor merges, and says nothing."""
    monkeypatch.setattr(merging, "_MAX_PARTS", 1)
    for half in (photos[:60], photos[60:]):
        target = FeatureStore(SPEC, tmp_path)
        target.folder.mkdir(parents=True, exist_ok=True)
        with lock_parts(target.folder) as is_ours:
            assert is_ours
            ImageIndex.build(half, cache_dir=tmp_path)
    assert len(FeatureStore(SPEC, tmp_path).list_parts()) == 2
    assert ImageIndex.build(photos, cache_dir=tmp_path).table.n_extracted == 0
    assert len(FeatureStore(SPEC, tmp_path).list_parts()) == 1


# ------------------------------------------------------------------ full disks


def fill_disk(_descriptor: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.usefixtures("small_flushes")
def test_a_full_disk_is_warned_of_once(
    photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run answers, leaves no temporary file, and the next one keeps its features."""
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fill_disk)
        with pytest.warns(StoreWarning, match="No space left on device") as caught:
            table = ImageIndex.build(photos, cache_dir=tmp_path).table
    assert len(caught) == 1
    assert describe(table) == describe(without_cache(photos))
    assert list_temporary(tmp_path) == []
    assert FeatureStore(SPEC, tmp_path).list_parts() == []
    for n_extracted in (N_PHOTOS, 0):
        assert ImageIndex.build(photos, cache_dir=tmp_path).table.n_extracted == n_extracted


@pytest.mark.skipif(sys.platform != "linux", reason="limits file sizes as Linux does")
def test_a_disk_that_fills_up_within_a_part_leaves_no_part(
    photos: list[str], tmp_path: Path
) -> None:
    """Half a part is none: it has gone when the next run comes."""
    answer = run(paths=photos, store=str(tmp_path), file_bytes=3000)
    (warning,) = answer["warnings"]
    assert "StoreWarning" in warning
    assert "cannot be written" in warning
    assert describe(without_cache(photos)).items() <= answer.items()
    assert list_temporary(tmp_path) == []
    assert FeatureStore(SPEC, tmp_path).list_parts() == []
    for n_extracted in (N_PHOTOS, 0):  # warnings are errors
        assert ImageIndex.build(photos, cache_dir=tmp_path).table.n_extracted == n_extracted


@pytest.mark.usefixtures("small_flushes")
def test_a_disk_that_is_full_when_parts_are_merged_loses_nothing(
    photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parts stay as they were until there is room again."""
    ImageIndex.build(photos, cache_dir=tmp_path, n_workers=1)
    before = FeatureStore(SPEC, tmp_path).list_parts()
    assert len(before) > 2
    monkeypatch.setattr(merging, "_MAX_PARTS", 2)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fill_disk)
        with pytest.warns(StoreWarning, match="could not be compacted") as caught:
            assert ImageIndex.build(photos, cache_dir=tmp_path).table.n_extracted == 0
    assert len(caught) == 1
    assert FeatureStore(SPEC, tmp_path).list_parts() == before
    assert list_temporary(tmp_path) == []
    assert ImageIndex.build(photos, cache_dir=tmp_path).table.n_extracted == 0
    assert len(FeatureStore(SPEC, tmp_path).list_parts()) <= 2


# ------------------------------------------------------------------ disks that stumble


def stumble(monkeypatch: pytest.MonkeyPatch, n_times: int, code: int = errno.EIO) -> list[float]:
    """Let the disk fail so many times; return the list of the pauses that are made meanwhile."""
    pauses: list[float] = []
    sync, sleep, n_left = os.fsync, time.sleep, n_times

    def fail_first(descriptor: int) -> None:
        nonlocal n_left
        if n_left:
            n_left -= 1
            raise OSError(code, os.strerror(code))
        sync(descriptor)

    def note_long_pauses(seconds: float) -> None:
        if seconds < 1:  # those of others
            sleep(seconds)
        else:
            pauses.append(seconds)

    monkeypatch.setattr(os, "fsync", fail_first)
    monkeypatch.setattr(time, "sleep", note_long_pauses)
    return pauses


@pytest.mark.parametrize("code", [errno.EIO, errno.ESTALE, errno.ETIMEDOUT])
def test_a_disk_that_fails_twice_keeps_all(
    photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """A part is tried again after some seconds, and nothing is said: nothing was lost."""
    with monkeypatch.context() as patch:
        pauses = stumble(patch, 2, code)
        ImageIndex.build(photos, cache_dir=tmp_path)
    assert pauses == [10, 20]
    assert ImageIndex.build(photos, cache_dir=tmp_path).table.n_extracted == 0
    assert list_temporary(tmp_path) == []


@pytest.mark.usefixtures("small_flushes")
def test_a_disk_that_goes_on_failing_ends_keeping_once(
    photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the third time the run waits no more, says so once, and answers."""
    with monkeypatch.context() as patch:
        pauses = stumble(patch, 10_000)
        with pytest.warns(StoreWarning, match="features are not kept") as caught:
            table = ImageIndex.build(photos, cache_dir=tmp_path).table
    assert len(caught) == 1
    assert pauses == [10, 20]
    assert describe(table) == describe(without_cache(photos))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_nothing_waits_for_what_does_not_pass(
    photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """A full disk, or one that may not be written to, stays so."""
    pauses = stumble(monkeypatch, 1, code)
    with pytest.warns(StoreWarning, match="features are not kept"):
        ImageIndex.build(photos[:20], cache_dir=tmp_path)
    assert pauses == []


def test_an_interrupted_run_does_not_wait_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits is tried once."""
    n = 1
    batch = photo_batch(
        [b"/a"],
        mtime_ns=np.ones(n, dtype=np.int64),
        size_bytes=np.ones(n, dtype=np.int64),
        rows=np.zeros(n, dtype=SPEC.row_dtype),
        causes=[Cause.UNREADABLE],
        is_lasting=np.ones(n, dtype=np.bool_),
    )
    pauses = stumble(monkeypatch, 1)
    target = FeatureStore(SPEC, tmp_path)
    target.append(batch)
    with pytest.warns(StoreWarning, match="features are not kept"):
        target.__exit__(KeyboardInterrupt, None, None)
    assert pauses == []


@pytest.mark.parametrize("n_photos", [5, 30])
def test_an_interrupt_ends_waiting_for_the_disk(
    photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_photos: int
) -> None:
    """Between images, or when all are done; what was decoded is tried once more, and kept."""
    with monkeypatch.context() as patch:
        patch.setattr("smartdownsample.store.store._FLUSH_ROWS", 20)
        stumble(patch, 1)

        def interrupt(seconds: float) -> None:
            raise KeyboardInterrupt(seconds)

        patch.setattr(time, "sleep", interrupt)
        with pytest.raises(KeyboardInterrupt, match="10"):
            ImageIndex.build(photos[:n_photos], cache_dir=tmp_path, n_workers=1)
    n_kept = n_photos - ImageIndex.build(photos[:n_photos], cache_dir=tmp_path).table.n_extracted
    assert n_kept >= min(n_photos, 20)


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP])
def test_a_folder_that_cannot_be_synced_is_no_error(
    photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Some network disks sync files only; features are kept."""
    sync = os.fsync

    def sync_files_only(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(code, os.strerror(code))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", sync_files_only)
    for n_extracted in (20, 0):  # warnings are errors
        index = ImageIndex.build(photos[:20], cache_dir=tmp_path)
        assert index.table.n_extracted == n_extracted


# ------------------------------------------------------------------ folders


def interfere(
    patch: pytest.MonkeyPatch, deed: Callable[[], object], *, after: int
) -> Callable[[], int]:
    """Do something after so many chunks were appended; return a counter of later images."""
    append = FeatureStore.append
    n_chunks = n_later = 0

    def append_and_interfere(self: FeatureStore, batch: FeatureBatch) -> None:
        nonlocal n_chunks, n_later
        append(self, batch)
        n_later += len(batch.keys) if n_chunks >= after else 0
        n_chunks += 1
        if n_chunks == after:
            deed()

    patch.setattr(FeatureStore, "append", append_and_interfere)
    return lambda: n_later


@pytest.mark.usefixtures("small_flushes")
def test_a_store_that_vanishes_during_a_run_is_made_again(
    photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody cleared the cache: the run answers, and what it writes afterwards is known."""
    cache_dir = tmp_path / "cache"
    with monkeypatch.context() as patch:
        count_later = interfere(patch, lambda: shutil.rmtree(cache_dir), after=5)
        table = ImageIndex.build(photos, cache_dir=cache_dir, n_workers=1).table
    assert describe(table) == describe(without_cache(photos))
    assert 0 < count_later() <= count_known(photos, cache_dir) < N_PHOTOS


@pytest.mark.usefixtures("small_flushes")
def test_a_store_that_becomes_a_file_during_a_run_is_warned_of_once(
    photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can be kept from then on; the run answers."""
    cache_dir = tmp_path / "cache"

    def replace() -> None:
        shutil.rmtree(cache_dir)
        cache_dir.touch()

    with monkeypatch.context() as patch:
        interfere(patch, replace, after=5)
        with pytest.warns(StoreWarning, match="features are not kept") as caught:
            table = ImageIndex.build(photos, cache_dir=cache_dir, n_workers=1).table
    assert len(caught) == 1
    assert describe(table) == describe(without_cache(photos))


def test_a_store_that_vanishes_while_a_part_is_written_is_warned_of(
    photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between writing and renaming there is nothing left to rename; the run answers."""
    cache_dir = tmp_path / "cache"
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda _descriptor: shutil.rmtree(cache_dir))
        with pytest.warns(StoreWarning, match="features are not kept") as caught:
            table = ImageIndex.build(photos, cache_dir=cache_dir).table
    assert len(caught) == 1
    assert describe(table) == describe(without_cache(photos))
    assert ImageIndex.build(photos, cache_dir=cache_dir).table.n_extracted == N_PHOTOS


def test_a_file_in_place_of_the_cache_folder_does_not_end_a_run(
    photos: list[str], tmp_path: Path
) -> None:
    """Nothing is known and nothing kept; both are said, and each once."""
    cache_dir = tmp_path / "cache"
    cache_dir.write_text("mine")
    with pytest.warns(StoreWarning) as caught:
        table = ImageIndex.build(photos, cache_dir=cache_dir).table
    texts = [str(warning.message) for warning in caught]
    assert len({text for text in texts if "cannot be read" in text}) == 1
    assert len([text for text in texts if "cannot be written" in text]) == 1
    assert len(texts) == 2
    assert describe(table) == describe(without_cache(photos))
    assert cache_dir.read_text() == "mine"


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Make a folder that other users may enter; those of pytest are private."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="drops privileges as Linux does")
@pytest.mark.usefixtures("small_flushes")
@pytest.mark.parametrize("max_parts", [16, 1])
def test_a_store_that_is_read_only_is_used(open_folder: Path, max_parts: int) -> None:
    """What it knows is known; that nothing can be added, or merged, is said once."""
    photos = write_collection(open_folder / "photos", 40)
    cache_dir = open_folder / "cache"
    for half in (photos[:10], photos[10:30]):
        ImageIndex.build(half, cache_dir=cache_dir)
    n_parts = len(FeatureStore(SPEC, cache_dir).list_parts())
    assert n_parts > 1
    folders = [cache_dir, *(path for path in cache_dir.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    answer = run(paths=photos, store=str(cache_dir), is_nobody=True, max_parts=max_parts)
    assert answer["n_extracted"] == 10
    assert describe(without_cache(photos)).items() <= answer.items()
    (warning,) = answer["warnings"]
    assert "cannot be written" in warning
    answer = run(paths=photos[:30], store=str(cache_dir), is_nobody=True, max_parts=max_parts)
    assert answer["n_extracted"] == 0
    assert ["could not be compacted" in text for text in answer["warnings"]] == (
        [True] if max_parts == 1 else []
    )
    assert len(FeatureStore(SPEC, cache_dir).list_parts()) == n_parts


# ------------------------------------------------------------------ failing disks


@pytest.mark.usefixtures("small_flushes")
def test_a_part_that_the_disk_does_not_give_is_neither_removed_nor_set_aside(
    photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be readable tomorrow: merging leaves all parts, looking up warns and goes on."""
    ImageIndex.build(photos, cache_dir=tmp_path, n_workers=1)
    before = FeatureStore(SPEC, tmp_path).list_parts()
    bad = before[1]
    opened = pq.ParquetFile

    def fail(part: Path, **options: Any) -> pq.ParquetFile:
        if Path(part) == bad:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return opened(part, **options)

    monkeypatch.setattr(merging, "_MAX_PARTS", 1)
    with monkeypatch.context() as patch:
        patch.setattr(pq, "ParquetFile", fail)
        with pytest.warns(StoreWarning, match="could not be compacted"):
            FeatureStore(SPEC, tmp_path).compact()
        assert FeatureStore(SPEC, tmp_path).list_parts() == before
        with pytest.warns(StoreWarning, match="cannot be read now"):
            n_known = count_known(photos, tmp_path)
        assert 0 < n_known < N_PHOTOS
    assert FeatureStore(SPEC, tmp_path).list_parts() == before
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert count_known(photos, tmp_path) == N_PHOTOS
        FeatureStore(SPEC, tmp_path).compact()
        assert count_known(photos, tmp_path) == N_PHOTOS
    assert len(FeatureStore(SPEC, tmp_path).list_parts()) == 1
