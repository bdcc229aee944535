"""Real runs that are killed at any moment, again and again.

The runs are forked from a process that has imported everything, so that hundreds of them are
started in a minute. They flush and merge often.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fault_counts import SIGNALS, TRIED
from pictures import write_picture
from smartdownsample import ImageIndex
from smartdownsample.features.spec import make_spec
from smartdownsample.items import stat_files
from smartdownsample.items.given_images import list_items
from smartdownsample.store import FeatureStore, merging
from whole_photos import list_photos

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="forks runs and waits as Linux does"
)

SPEC = make_spec(8, "fast")
N_PHOTOS = 240
N_WORKERS = 2
# Tasks of one size, so that it can be told how much a kill may lose.
CHUNK_ROWS = 15
FLUSH_ROWS = 20
MAX_PARTS = 4
# Fewer rows than a flush wait when a chunk arrives; both are lost when the run is killed then.
MOST_LOST = FLUSH_ROWS - 1 + CHUNK_ROWS
MANY_KILLS = [("SIGKILL", TRIED[SIGNALS] - 30), ("SIGTERM", 15), ("SIGINT", 15)]
FEW_KILLS = [("SIGKILL", 3), ("SIGTERM", 1), ("SIGINT", 1)]

# Reads tasks, one a line; forks a run for each, ends it as asked, and says how it ended.
SERVER = """
import json, os, signal, sys, time, warnings
import joblib
from smartdownsample import ImageIndex, StoreWarning
from smartdownsample.gathering import schedule
from smartdownsample.store import merging, store

STORE_EVENTS = {"open", "os.rename", "os.remove", "os.mkdir", "os.listdir", "os.scandir"}

def run(task):
    warnings.simplefilter("error", StoreWarning)
    # Costs most of the time; a kill, unlike a power cut, leaves all that was written.
    os.fsync = lambda descriptor: None
    store._FLUSH_ROWS, merging._MAX_PARTS = task["flush_rows"], task["max_parts"]
    schedule._OF_THREADS = schedule.ChunkLimits(task["chunk_rows"], 1, 2**24, 0)
    schedule._TASK_SHARE = task["n_workers"]
    log = os.open(task["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    append = store.FeatureStore.append
    n_appended = n_events = 0

    def append_and_note(self, batch):
        nonlocal n_appended
        os.write(log, b"handed %d\\n" % len(batch.keys))
        append(self, batch)
        os.write(log, b"taken %d\\n" % len(batch.keys))
        n_appended += 1
        if n_appended == task.get("wait_after"):
            os.write(log, b"waits 0\\n")
            time.sleep(60)

    def count_events(event, arguments):
        nonlocal n_events
        if event not in STORE_EVENTS and event != "fcntl.flock":
            return
        paths = [os.fsdecode(a) for a in arguments if isinstance(a, (str, bytes, os.PathLike))]
        if event == "fcntl.flock" or any(path.startswith(task["store"]) for path in paths):
            n_events += task.get("only", event) == event
            if n_events == task["event"]:
                os.kill(os.getpid(), signal.SIGKILL)

    store.FeatureStore.append = append_and_note
    if "event" in task:
        sys.addaudithook(count_events)
    ImageIndex.build(task["photos"], cache_dir=task["store"], n_workers=task["n_workers"])

def start(task):
    # Ctrl-C must not find the child on its way to `run`.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        run(task)
        code = 0
    except KeyboardInterrupt:
        code = 130
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
    finally:
        os._exit(code)

def has_ended(process):
    return os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT)

def has_come_to_wait(task):
    if "wait_after" not in task:
        return False
    with open(task["log"], "a+b") as file:
        file.seek(0)
        return b"waits" in file.read()

# Jobs in the background of a shell start with Ctrl-C ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
for line in sys.stdin:
    task = json.loads(line)
    process = start(task)
    if "signal" in task:
        moment = time.monotonic() + task.get("seconds", 60)
        while time.monotonic() < moment and not has_ended(process) and not has_come_to_wait(task):
            time.sleep(0.0005)
        os.kill(process, signal.Signals[task["signal"]])
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""


class Server:
    """The process that runs are forked from."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, **task: Any) -> int:
        """Start a run and end it as asked; return its exit code, negative for a signal."""
        requests, answers = self.process.stdin, self.process.stdout
        assert requests is not None
        assert answers is not None
        requests.write(json.dumps(task) + "\n")
        requests.flush()
        return int(answers.readline())

    def stop(self) -> None:
        """Wait for the end of the process."""
        self.process.communicate(timeout=60)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.stop()


class Collection:
    """Photos, a store, and what is true of them and known so far."""

    def __init__(self, folder: Path, n_photos: int) -> None:
        self.photos = folder / "photos"
        self.store = folder / "store"
        self.log = folder / "log"
        for number in range(n_photos):
            write_picture(self.photos / f"{number:03}.jpg", number)
        self.keys = sorted(list_items(self.photos).keys)
        self.stats = stat_files(self.keys)
        table = ImageIndex.build(self.photos, cache=False).table
        order = np.argsort(np.array([os.fsencode(path) for path in table.paths]))
        self.rows = table.rows[order]
        self.known: set[int] = set()

    def run(self, server: Server, **task: Any) -> int:
        """Start a run over the photos and end it as asked."""
        self.log.unlink(missing_ok=True)
        return server.run(
            **{
                "photos": str(self.photos),
                "store": str(self.store),
                "log": str(self.log),
                "flush_rows": FLUSH_ROWS,
                "chunk_rows": CHUNK_ROWS,
                "max_parts": MAX_PARTS,
                "n_workers": N_WORKERS,
                **task,
            }
        )

    def count(self, what: str) -> int:
        """Count the images that the last run handed to the store, or that the store took."""
        if not self.log.exists():
            return 0
        lines = [line.split() for line in self.log.read_text().splitlines()]
        return sum(int(line[1]) for line in lines if line[0] == what)

    def check(self) -> set[int]:
        """Open the store, compare all that it knows, and return the images that it learnt.

        Warnings are errors: a run that was killed leaves no part that is damaged.
        """
        found = FeatureStore(SPEC, self.store).look_up(list_photos(self.keys), self.stats)
        known = set(found.items.tolist())
        assert known >= self.known, "what was known before is lost"
        for name in SPEC.row_dtype.names or ():
            values = found.table[name].to_pylist()
            if self.rows[name].dtype == np.uint8 and self.rows[name].ndim > 1:
                values = [list(value) for value in values]
            assert values == self.rows[name][found.items].tolist()
        learnt = known - self.known
        self.known = known
        return learnt

    def forget(self) -> None:
        """Start again with an empty store."""
        shutil.rmtree(self.store, ignore_errors=True)
        self.known = set()

    @property
    def leftovers(self) -> list[Path]:
        """Temporary files in the store."""
        return sorted(self.store.rglob("*.tmp"))


@pytest.fixture(scope="module")
def collection_of_many(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    return Collection(tmp_path_factory.mktemp("many"), N_PHOTOS)


@pytest.fixture(scope="module")
def collection_of_few(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    return Collection(tmp_path_factory.mktemp("few"), 60)


@pytest.mark.parametrize(
    ("name", "n_kills"),
    [*FEW_KILLS, *(pytest.param(*kills, marks=pytest.mark.long) for kills in MANY_KILLS)],
)
def test_a_run_that_is_stopped_at_any_moment_loses_one_flush_at_most(
    server: Server, collection_of_many: Collection, name: str, n_kills: int
) -> None:
    """Nothing known is lost, nothing is wrong, and the rows of one flush are computed again.

    Rows count from the moment at which they are handed to the store; how many chunks are decoded
    ahead of it is the schedule's business.
    """
    many, generator = collection_of_many, random.Random(name)
    many.forget()
    started = time.monotonic()
    assert many.run(server) == 0
    # On a slow machine only the beginnings of runs, so that the test ends.
    duration = min(time.monotonic() - started, 0.5)
    many.forget()
    n_stopped = n_completed = n_handed = 0
    while n_stopped < n_kills:
        share_left = 1 - len(many.known) / N_PHOTOS
        seconds = generator.uniform(0, 0.02 + duration * share_left)
        code = many.run(server, signal=name, seconds=seconds)
        assert code in {0, 130, -signal.Signals[name]}
        learnt = many.check()
        handed = many.count("handed")
        assert len(learnt) <= handed <= len(learnt) + MOST_LOST
        n_handed += handed
        n_stopped += code != 0
        if code == 0:
            assert len(many.known) == N_PHOTOS
            assert handed == len(learnt)
            n_completed += 1
            many.forget()
    unfinished = len(many.known)
    assert many.run(server) == 0
    many.check()
    assert len(many.known) == N_PHOTOS
    n_handed += many.count("handed")
    assert many.count("handed") == N_PHOTOS - unfinished
    assert n_handed <= N_PHOTOS * (n_completed + 1) + MOST_LOST * n_stopped


@pytest.mark.parametrize("step", [2, pytest.param(1, marks=pytest.mark.long)])
def test_a_run_may_be_killed_before_any_of_its_dealings_with_the_disk(
    server: Server, collection_of_few: Collection, step: int
) -> None:
    """Openings, renamings, removals and listings, in flushes and in a merge; each one in turn.

    With a step only some of them, of all kinds: every other one, since a file is often opened and
    renamed next.
    """
    few = collection_of_few
    few.forget()
    begun = few.store.with_name("begun")
    # Two parts know some of the photos, so that the run reads, decodes, flushes and merges.
    code = few.run(server, event=3, only="os.rename", flush_rows=15, n_workers=1)
    assert code == -signal.SIGKILL
    shutil.rmtree(begun, ignore_errors=True)
    shutil.copytree(few.store, begun)
    n_leftovers = n_killed = 0
    while True:
        few.forget()
        shutil.copytree(begun, few.store)
        n_known = len(few.check())
        assert 0 < n_known < 60
        n_before = len(few.leftovers)
        event = 1 + n_killed * step
        code = few.run(server, event=event, flush_rows=15, max_parts=2, n_workers=1)
        n_leftovers += len(few.leftovers) > n_before
        few.check()
        if code == 0:
            break
        assert code == -signal.SIGKILL
        n_killed += 1
        assert few.run(server, flush_rows=15, max_parts=2, n_workers=1) == 0
        few.check()
        assert len(few.known) == 60
    # At least: two flushes that open, rename and sync, and a merge that locks, writes, removes.
    assert n_killed * step > 15
    assert n_leftovers >= 2
    assert len(few.known) == 60


def test_temporary_files_of_killed_runs_do_not_stay(
    server: Server, collection_of_few: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A merge removes those that are so old that nobody writes to them any more."""
    few = collection_of_few
    few.forget()
    for _ in range(2):
        assert few.run(server, event=2, only="os.rename", flush_rows=5) == -signal.SIGKILL
    old, young = few.leftovers
    os.utime(old, (1, 1))
    few.check()
    assert len(FeatureStore(SPEC, few.store).list_parts()) == 2
    monkeypatch.setattr(merging, "_MAX_PARTS", 1)
    FeatureStore(SPEC, few.store).compact()
    assert len(FeatureStore(SPEC, few.store).list_parts()) == 1
    assert few.leftovers == [young]
    assert few.check() == set()


@pytest.mark.parametrize("n_chunks", [1, 7, N_PHOTOS // CHUNK_ROWS])
def test_ctrl_c_writes_what_is_waiting(
    server: Server, collection_of_many: Collection, n_chunks: int
) -> None:
    """Whatever the store has taken is known to the next run, even when no flush was due."""
    many = collection_of_many
    many.forget()
    code = many.run(server, wait_after=n_chunks, signal="SIGINT", flush_rows=10**6)
    assert code == 130
    assert len(many.check()) == many.count("taken") == n_chunks * CHUNK_ROWS
    assert many.leftovers == []
    assert many.run(server) == 0
    assert many.count("handed") == N_PHOTOS - n_chunks * CHUNK_ROWS


def test_a_terminated_run_has_written_all_full_flushes(
    server: Server, collection_of_many: Collection
) -> None:
    """SIGTERM ends it at once; only what was waiting is computed again."""
    many = collection_of_many
    many.forget()
    code = many.run(server, wait_after=7, signal="SIGTERM", flush_rows=2 * CHUNK_ROWS)
    assert code == -signal.SIGTERM
    assert len(many.check()) == 6 * CHUNK_ROWS
    assert many.run(server) == 0
    assert many.count("handed") == N_PHOTOS - 6 * CHUNK_ROWS
