"""The feature store against a dictionary, with writers that die and parts that are damaged.

A few histories are always tried, more by ``make test-long``, and many more and much longer ones
when ``HYPOTHESIS_PROFILE=nightly`` is set as well.
"""

import contextlib
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from smartdownsample import StoreWarning, cache
from smartdownsample.features.spec import make_spec
from smartdownsample.records import Cause, FeatureBatch, FileStats
from smartdownsample.store import merging, store
from smartdownsample.store.folder import mark_folder
from smartdownsample.store.part import remove_part
from smartdownsample.store.store import FeatureStore
from whole_photos import list_photos, photo_batch

SPEC = make_spec(8, "fast")
N_FILES = 8
N_PROCESSES = 2
FLUSH_ROWS = 5
DAMAGES = ("flip", "cut", "empty", "text", "foreign")

IS_NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"


class State(NamedTuple):
    """A file as it is at one time."""

    key: bytes
    mtime_ns: int
    size_bytes: int


class Facts(NamedTuple):
    """What decoding a state gives: rows have `level` as every value."""

    level: int
    cause: Cause | None


class KilledError(BaseException):
    """The process is no more; nothing may catch it."""


def make_batch(states: Sequence[State], facts: Sequence[Facts]) -> FeatureBatch:
    rows = np.zeros(len(states), dtype=SPEC.row_dtype)
    for name in SPEC.row_dtype.names or ():
        rows[name].T[:] = [fact.level for fact in facts]
    rows["captured"][rows["width"] % 3 == 0] = np.datetime64("NaT", "ms")
    return photo_batch(
        [state.key for state in states],
        mtime_ns=np.array([state.mtime_ns for state in states], dtype=np.int64),
        size_bytes=np.array([state.size_bytes for state in states], dtype=np.int64),
        rows=rows,
        causes=[fact.cause for fact in facts],
        is_lasting=np.ones(len(states), dtype=np.bool_),
    )


class ReaderInCompany(FeatureStore):
    """A store under whose hands another process merges all parts after they were listed."""

    has_met = False

    def list_parts(self) -> list[Path]:
        """List the parts, of which some are gone when this returns."""
        parts = super().list_parts()
        if not self.has_met:
            self.has_met = True
            FeatureStore(self.spec, self.cache_dir).compact()
        return parts


class StoreMachine(RuleBasedStateMachine):
    """Two processes share a store; a dictionary says what is true of each state of each file."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(store, "_FLUSH_ROWS", FLUSH_ROWS)
        # Costs most of the time, and shows only after a power cut.
        self.patch.setattr(os, "fsync", lambda _descriptor: None)
        # The same place each time, so that a history that is played again gives the same bytes.
        self.root = Path(tempfile.gettempdir()) / f"store-machine-{os.getpid()}"
        self.photos = self.root / "photos"
        shutil.rmtree(self.root, ignore_errors=True)  # of a process that was killed
        self.photos.mkdir(parents=True)
        (self.photos / "another file").touch()  # an empty folder may be an unplugged drive
        self.truth: dict[State, Facts] = {}
        self.files: dict[bytes, State] = {}
        # The newest state of each file that was written, unless its part was damaged.
        self.surely_known: dict[bytes, State] = {}
        self.waiting: list[list[State]] = [[] for _ in range(N_PROCESSES)]
        self.damaged: set[Path] = set()
        self.processes = [self.open_store() for _ in range(N_PROCESSES)]

    @initialize(
        max_parts=st.integers(1, 3),
        merge_ratio=st.sampled_from([0, 1, 4]),
        levels=st.lists(st.integers(1, 31), min_size=N_FILES, max_size=N_FILES),
    )
    def begin(self, max_parts: int, merge_ratio: int, levels: list[int]) -> None:
        """Make the files, and choose how eagerly parts are merged."""
        self.patch.setattr(merging, "_MAX_PARTS", max_parts)
        self.patch.setattr(merging, "_MERGE_RATIO", merge_ratio)
        for number, level in enumerate(levels):
            key = os.fsencode(self.photos / f"{number}.jpg")
            Path(os.fsdecode(key)).touch()
            self.files[key] = State(key, 1, 1)
            cause = Cause.TRUNCATED if level % 4 == 0 else None
            self.truth[self.files[key]] = Facts(level, cause)

    def teardown(self) -> None:
        """Whatever happened, the store opens and what must be known is known."""
        try:
            if self.files:
                self.check(list(self.files.values()))
        finally:
            self.patch.undo()
            shutil.rmtree(self.root)

    # ---------------------------------------------------------------- helpers

    def open_store(self) -> FeatureStore:
        """Open the store as another process would."""
        return FeatureStore(SPEC, self.root / "cache")

    @property
    def parts(self) -> list[Path]:
        """Parts of the store, oldest first."""
        return self.open_store().list_parts()

    def keys_at(self, places: set[int]) -> list[bytes]:
        """Name some files."""
        keys = list(self.files)
        return [keys[place] for place in sorted(places)]

    @contextlib.contextmanager
    def only_damage_is_warned_of(self) -> Iterator[None]:
        """Only parts that were damaged are warned of, and each is met once."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
        for warning in caught:
            assert warning.category is StoreWarning, str(warning.message)
            named = {part for part in self.damaged if part.name in str(warning.message)}
            assert len(named) == 1, str(warning.message)
            assert not next(iter(named)).exists()
            self.damaged -= named

    def note_flush(self, process: int) -> None:
        """Note that what a process was keeping back is written."""
        for state in self.waiting[process]:
            self.surely_known[state.key] = state
        self.waiting[process].clear()

    def check(self, states: list[State], reader: FeatureStore | None = None) -> None:
        """Compare what a reader finds with the dictionary."""
        stats = FileStats(
            np.array([state.mtime_ns for state in states]),
            np.array([state.size_bytes for state in states]),
            {},
        )
        with self.only_damage_is_warned_of():
            known = (reader or self.open_store()).look_up(
                list_photos([state.key for state in states]), stats
            )
        found = [states[item] for item in known.items.tolist()]
        assert sorted([*known.items.tolist(), *known.misses.tolist()]) == list(range(len(states)))
        assert set(found) <= set(self.truth), "a state that never was is known"
        expected = make_batch(found, [self.truth[state] for state in found])
        table = known.table
        assert table["path"].to_pylist() == expected.keys
        assert table["mtime_ns"].to_pylist() == expected.mtime_ns.tolist()
        assert table["size_bytes"].to_pylist() == expected.size_bytes.tolist()
        names = [cause.name if cause else None for cause in expected.causes]
        assert table["cause"].to_pylist() == names
        for name in SPEC.row_dtype.names or ():
            values = table[name].to_pylist()
            plain = [list(value) if isinstance(value, bytes) else value for value in values]
            assert plain == expected.rows[name].tolist()
        must_be_found = {state for state in states if self.surely_known.get(state.key) == state}
        assert must_be_found <= set(found)

    # ---------------------------------------------------------------- files

    @rule(
        place=st.integers(0, N_FILES - 1),
        mtime_ns=st.integers(1, 3),
        size_bytes=st.integers(1, 3),
        level=st.integers(1, 31),
    )
    def change_file(self, place: int, mtime_ns: int, size_bytes: int, level: int) -> None:
        """Another content has another time or size; an old content may be put back."""
        key = list(self.files)[place]
        state = State(key, mtime_ns, size_bytes)
        self.files[key] = state
        self.truth.setdefault(state, Facts(level, Cause.UNREADABLE if level % 4 == 0 else None))

    @rule(place=st.integers(0, N_FILES - 1))
    def delete_or_restore_file(self, place: int) -> None:
        """Delete a file, or put it back as it was."""
        path = os.fsdecode(list(self.files)[place])
        if os.path.exists(path):
            os.unlink(path)
        else:
            Path(path).touch()

    # ---------------------------------------------------------------- processes

    @rule(
        process=st.integers(0, N_PROCESSES - 1),
        places=st.sets(st.integers(0, N_FILES - 1), min_size=1),
    )
    def append(self, process: int, places: set[int]) -> None:
        """Hand files as they are now to the store; enough of them are written."""
        states = [self.files[key] for key in self.keys_at(places)]
        self.processes[process].append(make_batch(states, [self.truth[s] for s in states]))
        self.waiting[process] += states
        if len(self.waiting[process]) >= FLUSH_ROWS:
            self.note_flush(process)

    @rule(process=st.integers(0, N_PROCESSES - 1), is_well=st.booleans())
    def leave(self, process: int, *, is_well: bool) -> None:
        """End a run well, or stop it: then it writes, but does not compact."""
        kind = None if is_well else KeyboardInterrupt
        with self.only_damage_is_warned_of():
            self.processes[process].__exit__(kind, None, None)
        self.note_flush(process)
        self.processes[process] = self.open_store()

    @rule(process=st.integers(0, N_PROCESSES - 1))
    def kill(self, process: int) -> None:
        """Only what was waiting is lost."""
        self.processes[process] = self.open_store()
        self.waiting[process].clear()

    @rule(share=st.floats(0, 1), is_old=st.booleans())
    def kill_while_writing(self, share: float, *, is_old: bool) -> None:
        """Leave a temporary file, cut anywhere or complete; it is never taken for a part."""
        wrong = make_batch([*self.files.values()], [Facts(222, None)] * N_FILES)
        elsewhere = self.root / "elsewhere"
        with FeatureStore(SPEC, elsewhere) as other:
            other.append(wrong)
        (part,) = FeatureStore(SPEC, elsewhere).list_parts()
        data = part.read_bytes()
        leftover = self.open_store().folder / f"{part.name}.tmp"
        leftover.parent.mkdir(parents=True, exist_ok=True)
        mark_folder(leftover.parent.parent)
        leftover.write_bytes(data[: round(share * len(data))])
        if is_old:
            os.utime(leftover, (1, 1))
        shutil.rmtree(elsewhere)

    @rule(n_removed=st.integers(0, 3))
    def kill_while_merging(self, n_removed: int) -> None:
        """Leave both the merged part and those that it replaces, some or all."""
        n_left = n_removed

        def remove_some(path: Path) -> None:
            nonlocal n_left
            if n_left == 0:
                raise KilledError
            n_left -= 1
            remove_part(path)

        with pytest.MonkeyPatch.context() as patch, self.only_damage_is_warned_of():
            patch.setattr(store, "remove_part", remove_some)
            with contextlib.suppress(KilledError):
                self.open_store().compact()

    @rule()
    def compact(self) -> None:
        """Few parts are left, and no old temporary file after a merge."""
        n_before = len(self.parts)
        with self.only_damage_is_warned_of():
            self.open_store().compact()
        assert len(self.parts) <= max(merging._MAX_PARTS, 1)  # noqa: SLF001
        if n_before > merging._MAX_PARTS:  # noqa: SLF001
            leftovers = self.open_store().folder.glob("*.tmp")
            assert all(time.time() - path.stat().st_mtime < 3600 for path in leftovers)

    @rule()
    def prune(self) -> None:
        """Files that are gone are forgotten, all others are not."""
        is_sound = not self.damaged
        cache.prune(self.root / "cache")
        for key in list(self.files):
            if not os.path.exists(key):
                self.surely_known.pop(key, None)
                stats = FileStats(
                    np.array([self.files[key].mtime_ns]), np.array([self.files[key].size_bytes]), {}
                )
                if is_sound:
                    assert len(self.open_store().look_up(list_photos([key]), stats).misses) == 1

    # ---------------------------------------------------------------- damage

    @rule(
        place=st.integers(0, 9),
        damage=st.sampled_from(DAMAGES),
        share=st.floats(0, 1),
        bit=st.integers(0, 7),
    )
    def damage_part(self, place: int, damage: str, share: float, bit: int) -> None:
        """Rows of this part may be unknown from now on, but never wrong."""
        parts = sorted(set(self.parts) - self.damaged)
        if not parts:
            return
        part = parts[place % len(parts)]
        for path in pq.read_table(part, columns=["path"])["path"].to_pylist():
            self.surely_known.pop(path, None)
        data = bytearray(part.read_bytes())
        at = min(int(share * len(data)), len(data) - 1)
        if damage == "foreign":
            pq.write_table(pa.table({"path": ["something else"]}), part)
        elif damage == "flip":
            data[at] ^= 1 << bit
            part.write_bytes(data)
        else:
            part.write_bytes({"cut": bytes(data[:at]), "empty": b"", "text": b"text"}[damage])
        self.damaged.add(part)

    # ---------------------------------------------------------------- reading

    @rule(places=st.sets(st.integers(0, N_FILES - 1), min_size=1))
    def look_up(self, places: set[int]) -> None:
        """Ask for files as they are now."""
        self.check([self.files[key] for key in self.keys_at(places)])

    @rule(data=st.data())
    def look_up_any_states(self, data: st.DataObject) -> None:
        """Ask for files as they are, were, or never were."""
        keys = st.sampled_from(list(self.files))
        states = st.builds(State, keys, st.integers(1, 4), st.integers(1, 4))
        asked = data.draw(st.lists(states, min_size=1, unique_by=lambda state: state.key))
        self.check(asked)

    @rule()
    def look_up_in_company(self) -> None:
        """Parts that vanish between listing and reading are looked for again."""
        self.check([*self.files.values()], ReaderInCompany(SPEC, self.root / "cache"))


def set_histories(n: int, n_steps: int) -> settings:
    """Say how many histories are tried, and how long they are."""
    return settings(
        max_examples=n,
        stateful_step_count=n_steps,
        suppress_health_check=list(HealthCheck),
    )


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = set_histories(30, 30)


@pytest.mark.long
def test_many_histories_hold() -> None:
    """The same, for longer."""
    histories = set_histories(500, 200) if IS_NIGHTLY else set_histories(150, 30)
    run_state_machine_as_test(StoreMachine, settings=histories)


class TestOrderOfStates:
    """Of two states of a file that are written, the later one survives whatever is merged."""

    @pytest.fixture(autouse=True)
    def put_two_states(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Write a file beside one that is gone, then its next state with others, then another."""
        monkeypatch.setattr(merging, "_MERGE_RATIO", 0)
        self.cache_dir = tmp_path / "cache"
        self.photo, gone = (os.fsencode(tmp_path / name) for name in ("photo", "gone"))
        (tmp_path / "photo").touch()
        others = [State(os.fsencode(tmp_path / f"other {i}"), 1, 1) for i in range(300)]
        for state in others:
            Path(os.fsdecode(state.key)).touch()
        self.put([State(self.photo, 1, 1), State(gone, 1, 1)])
        self.put([State(self.photo, 2, 1), *others])
        self.put([others[0]])

    def put(self, states: list[State]) -> None:
        """Write one part."""
        with FeatureStore(SPEC, self.cache_dir) as target:
            target.append(make_batch(states, [Facts(1, None)] * len(states)))

    def is_known(self, mtime_ns: int) -> bool:
        """Tell whether a state of the photo is known."""
        stats = FileStats(np.array([mtime_ns]), np.array([1]), {})
        return (
            len(FeatureStore(SPEC, self.cache_dir).look_up(list_photos([self.photo]), stats).items)
            == 1
        )

    def test_some_parts_are_merged_and_then_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The earlier state does not become the later one by being rewritten."""
        for max_parts in (2, 1):
            monkeypatch.setattr(merging, "_MAX_PARTS", max_parts)
            FeatureStore(SPEC, self.cache_dir).compact()
            assert self.is_known(2)

    def test_parts_are_pruned_before_a_merge(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The deleted file, the earlier state and what is kept twice go; the later state stays."""
        assert cache.prune(self.cache_dir) == 3
        assert not self.is_known(1)
        assert self.is_known(2)
        monkeypatch.setattr(merging, "_MAX_PARTS", 1)
        FeatureStore(SPEC, self.cache_dir).compact()
        assert self.is_known(2)
