"""Extracting the items that the store does not know: chunks of files, run in parallel.

Tasks run through joblib. By default they run on threads, since reading, decoding and array
operations release the interpreter; ``joblib.parallel_config`` can send them to processes or
clusters, if the backend can return results as they come.
"""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TypeAlias

import joblib
import numpy as np
from joblib.parallel import get_active_backend

from ..display import is_watched
from ..engines import ExtractedChunk, StopSign, Task, extract_chunk
from ..features import choose_checked, is_trusted
from ..items import split_folders
from ..options import ReadingOptions
from ..pictures import MEMORY, Treatment, count_workers, decoding_process
from ..progress_bar import count_progress
from ..records import FeatureBatch, FeatureSpec, FileStats, IntArray, ItemList, are_crops
from .helper_processes import Helpers

# Limits of a chunk: files, and bytes to decode, which tell how long that takes. Large enough that
# handing out tasks costs nothing, small enough that an interrupted run loses only seconds.
_MAX_CHUNK, _MAX_CHUNK_BYTES = 512, 2**24
# No task takes more than this share of a worker's remaining work, so that all workers end together.
_TASK_SHARE = 1 / 4
# Files up to this size are decoded so quickly that threads mostly wait for the interpreter.
_SMALL_BYTES = 2**16
# A worker becomes a helper when each worker has this many small files: a helper takes as long to
# start as hundreds of them.
_LEAST_HELPED = 2**12

_Numbered: TypeAlias = tuple[int, ExtractedChunk]
_Results: TypeAlias = Generator[_Numbered, None, None]
_Batches: TypeAlias = Generator[FeatureBatch, None, None]


def extract_features(
    misses: IntArray,
    items: ItemList,
    stats: FileStats,
    spec: FeatureSpec,
    reading: ReadingOptions,
) -> _Batches:
    """Decode the items `misses` and yield their features, chunk by chunk, in no particular order.

    Closing the generator early ends the run. `stats` gives the sizes of the files, which decide
    about chunks and helpers.
    """
    missed = _MissedFiles.of(misses, items)
    n_bytes = stats.size_bytes[missed.files]
    # Each is a thread from the beginning, whether or not there is a file for it.
    n_workers = min(count_workers(reading.n_workers), max(len(n_bytes), 2))
    n_helpers = count_helpers(count_small(n_bytes, spec), n_workers)
    is_shown = is_watched() if reading.show_progress is None else reading.show_progress
    with (
        Helpers(n_helpers, reading.max_pixels) as helpers,
        count_progress(len(n_bytes), "Decoding", is_shown=is_shown) as count_done,
        decoding_process(),
        MEMORY.share(len(helpers.processes)),
    ):
        run = _Run(missed, n_bytes, spec, reading.max_pixels, n_workers, helpers, count_done)
        with closing(run.extract_all()) as batches:
            yield from batches


@dataclass(frozen=True)
class _MissedFiles:
    """The f files to extract, and their items: those of file i are ``items[starts[i]:ends[i]]``.

    ``files`` and ``items`` are places in `item_list`.
    """

    files: IntArray
    items: IntArray
    starts: IntArray
    ends: IntArray
    item_list: ItemList

    @classmethod
    def of(cls, misses: IntArray, item_list: ItemList) -> "_MissedFiles":
        """List the files that items are in."""
        by_file = misses[np.argsort(item_list.file_of[misses], kind="stable")]
        files, starts = np.unique(item_list.file_of[by_file], return_index=True)
        return cls(files, by_file, starts, np.append(starts[1:], len(by_file)), item_list)

    @property
    def keys(self) -> list[bytes]:
        """Absolute paths of the files."""
        return [self.item_list.keys[file] for file in self.files.tolist()]

    def list_photos(self) -> IntArray:
        """List the files that are wanted once and as a whole."""
        is_whole = ~are_crops(self.item_list.regions[self.items[self.starts]])
        return np.flatnonzero(is_whole & (self.ends - self.starts == 1))

    def items_of(self, places: IntArray) -> IntArray:
        """List the items of some of the files, file by file."""
        counts = self.ends[places] - self.starts[places]
        before = np.cumsum(counts) - counts
        own = np.repeat(self.starts[places] - before, counts) + np.arange(counts.sum())
        return np.asarray(self.items[own])

    def make_task(
        self, chunk: IntArray, treatments: IntArray | None, spec: FeatureSpec, max_pixels: int
    ) -> Task:
        """Make the task of a chunk of files; `treatments` has shape (f,)."""
        items = self.items_of(chunk)
        return Task(
            [os.fsdecode(self.item_list.keys[file]) for file in self.files[chunk].tolist()],
            (self.ends[chunk] - self.starts[chunk]).tolist(),
            self.item_list.frames[items],
            self.item_list.regions[items],
            spec,
            None if treatments is None else list(map(Treatment, treatments[chunk].tolist())),
            max_pixels,
        )

    def make_batch(self, chunk: IntArray, result: ExtractedChunk) -> FeatureBatch:
        """Put the result of a chunk of files together with its items."""
        items = self.items_of(chunk)
        return FeatureBatch(
            items=items,
            keys=[self.item_list.keys[file] for file in self.item_list.file_of[items].tolist()],
            frames=self.item_list.frames[items],
            regions=self.item_list.regions[items],
            **result._asdict(),
        )


@dataclass(frozen=True)
class _Run:
    """What a run extracts, and what with; ``n_bytes`` has the size of each missed file."""

    missed: _MissedFiles
    n_bytes: IntArray
    spec: FeatureSpec
    max_pixels: int
    n_workers: int
    helpers: Helpers
    count_done: Callable[[int], object]

    def extract_all(self) -> _Batches:
        """Extract all files; with ``decode="preview"``, from their previews where trusted.

        The photos that check the previews of their folder come first. They are chosen by the names
        of the items in each folder and nothing else.
        """
        places = np.arange(len(self.missed.files))
        if self.spec.decode != "preview":
            yield from self._extract(places, None)
            return
        photos, keys = self.missed.list_photos(), self.missed.keys
        folders = [photos[own] for own in split_folders([keys[i] for i in photos.tolist()])]
        checks = [choose_checked(folder) for folder in folders]
        checked = np.concatenate([places[:0], *checks])
        flags = np.zeros(len(self.missed.item_list), dtype=np.uint8)
        with closing(self._extract(checked, np.full(len(places), Treatment.COMPARE))) as batches:
            for batch in batches:
                flags[batch.items] = batch.rows["flags"]
                yield batch
        treatments = np.full(len(places), Treatment.DECODE)
        for folder, check in zip(folders, checks, strict=True):
            if is_trusted(flags[self.missed.items_of(check)]):
                treatments[folder] = Treatment.PREVIEW
        yield from self._extract(np.setdiff1d(places, checked), treatments)

    def _extract(self, places: IntArray, treatments: IntArray | None) -> _Batches:
        """Extract some of the missed files; `treatments` has shape (f,), None decodes all."""
        n_bytes = self.n_bytes[places]
        if treatments is not None:
            n_bytes = np.where(treatments[places] == Treatment.PREVIEW, 0, n_bytes)
        chunks = _split_into_chunks(places, n_bytes, self.n_workers)
        tasks = (
            self.missed.make_task(chunk, treatments, self.spec, self.max_pixels) for chunk in chunks
        )
        with closing(_run_tasks(tasks, self.n_workers, self.helpers)) as results:
            for number, result in results:
                self.count_done(len(chunks[number]))
                yield self.missed.make_batch(chunks[number], result)


def count_small(size_bytes: IntArray, spec: FeatureSpec) -> int:
    """Count the files that take little time each: small ones, or all where previews may do."""
    if spec.decode == "preview":
        return len(size_bytes)
    return int(np.count_nonzero(size_bytes <= _SMALL_BYTES))


def count_helpers(n_small: int, n_workers: int) -> int:
    """Count the helpers that are worth starting: none for few images, at most one per spare core.

    At least one worker stays a thread. There is no helper where ``joblib.parallel_config`` says
    that workers are no threads, or where this process is itself one of several workers.
    """
    backend, _ = get_active_backend(prefer="threads")
    if not _are_workers_threads() or backend.nesting_level:
        return 0
    n_workers = backend.effective_n_jobs(n_workers)
    n_cores: int = joblib.cpu_count()
    return max(min(n_workers, n_cores, n_small // _LEAST_HELPED) - 1, 0)


def _run_tasks(tasks: Iterator[Task], n_workers: int, helpers: Helpers) -> _Results:
    """Run tasks in parallel; yield each one's number and result, in no particular order."""
    stop = StopSign()
    run = joblib.Parallel(n_jobs=n_workers, prefer="threads", return_as="generator_unordered")
    local = (stop, helpers) if _are_workers_threads() else ()
    calls = (
        joblib.delayed(_extract_numbered)(number, task, *local)
        for number, task in enumerate(tasks)
        if not stop.is_set
    )
    with _stopping(run(calls), stop, helpers) as results:
        # ``yield from`` would close joblib's generator before its tasks have ended.
        for result in results:  # noqa: UP028 - see above
            yield result


def _are_workers_threads() -> bool:
    """Tell whether joblib is configured to run tasks on threads of this process."""
    backend, _ = get_active_backend(prefer="threads")
    return bool(getattr(backend, "supports_sharedmem", False))


def _extract_numbered(
    number: int, task: Task, stop: StopSign | None = None, helpers: Helpers | None = None
) -> _Numbered:
    """Extract a chunk by a helper if one is free, else here; other processes have no helpers."""
    with nullcontext() if stop is None else stop:
        chunk = None if helpers is None else helpers.extract(task, stop)
        return number, extract_chunk(task, stop) if chunk is None else chunk


@contextmanager
def _stopping(results: _Results, stop: StopSign, helpers: Helpers) -> Iterator[_Results]:
    """End a run on leaving, early or not, so that no task is under way afterwards."""
    try:
        yield results
    except BaseException:
        # Helpers do not see the sign, so they are killed; after the sign is set, or the threads
        # that wait for them would extract their chunks.
        stop.set()
        helpers.close()
        raise
    finally:
        stop.set()
        _wait_for_tasks(results, stop)


def _wait_for_tasks(results: _Results, stop: StopSign) -> None:
    """Wait until the stopped tasks have ended, even when Ctrl-C is pressed meanwhile."""
    interrupt = None
    while True:
        try:
            # Few results are left, and joblib complains about any that are not taken.
            for _ in results:
                pass
            stop.wait()
        except KeyboardInterrupt as error:
            # Python must not end while a task is inside a decoder.
            interrupt = error
        else:
            break
    if interrupt is not None:
        raise interrupt


def _split_into_chunks(places: IntArray, n_bytes: IntArray, n_workers: int) -> list[IntArray]:
    """Split files, of which `n_bytes` each are to be decoded, into ever smaller chunks.

    Guided self-scheduling: C. D. Polychronopoulos, D. J. Kuck, IEEE Transactions on Computers C-36
    (1987), https://doi.org/10.1109/TC.1987.5009495
    """
    # A file that is larger than a chunk may be has a chunk of its own.
    n_bytes = n_bytes.clip(0, _MAX_CHUNK_BYTES)
    ends = np.cumsum(n_bytes)
    chunks = []
    start = 0
    while start < len(places):
        n_share = int((len(places) - start) / n_workers * _TASK_SHARE)
        most = ends[start] - n_bytes[start] + _MAX_CHUNK_BYTES
        n_fit = int(np.searchsorted(ends, most, side="right")) - start
        end = start + max(min(n_share, n_fit, _MAX_CHUNK), 1)
        chunks.append(places[start:end])
        start = end
    return chunks
