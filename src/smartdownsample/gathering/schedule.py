"""From images that the store does not know to feature rows, in parallel chunks.

A task is plain data and returns arrays, so that other joblib backends can carry it: threads here (reading, decoding and array operations release the interpreter), or
processes and clusters through ``joblib.parallel_config``, if the backend can return results as
they come.
"""

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TypeAlias

import joblib
import numpy as np
from joblib.parallel import get_active_backend

from ..items import split_folders
from ..options import ReadingOptions
from ..pictures import Treatment, count_workers, decoding_process
from ..records import WHOLE, FeatureBatch, FeatureSpec, FileStats, IntArray, ItemList
from .chunk import ExtractedChunk, Stop, Task, extract_chunk
from .helper_processes import Helpers
from .preview_trust import choose_checked, is_trusted

# Large enough that handing out tasks costs nothing, small enough that a run which is ended loses
# seconds: of images, and of the bytes of files to be decoded, which tell about how long that takes.
_MAX_CHUNK, _MAX_CHUNK_BYTES = 512, 2**24
# No task takes more than this share of what a worker has left, so that the last ones end together.
_TASK_SHARE = 1 / 4
# Files up to this size take so little time each that the interpreter, which threads share, keeps
# them waiting.
_SMALL_BYTES = 2**16
# Each worker has so many of them before one is a helper, which takes as long to start as hundreds.
_LEAST_HELPED = 2**12

_Numbered: TypeAlias = tuple[int, ExtractedChunk]
_Results: TypeAlias = Generator[_Numbered, None, None]
_Batches: TypeAlias = Generator[FeatureBatch, None, None]
# From places of files, and what is to be done with each file, to the batches of their items.
_Run: TypeAlias = Callable[[IntArray, Sequence[Treatment] | None], _Batches]


def extract_features(
    misses: IntArray,
    items: ItemList,
    stats: FileStats,
    spec: FeatureSpec,
    reading: ReadingOptions,
) -> _Batches:
    """Decode images and compute their features.

    Parameters
    ----------
    misses : ndarray of int64, shape (n,)
        The items to extract.
    items : ItemList
        All items.
    stats : FileStats
        Of their files. Where sizes tell that many small ones are to be decoded, some workers are
        processes, see `Helpers`; of large ones a task has fewer.
    spec : FeatureSpec
        What to compute.
    reading : ReadingOptions
        How many tasks at a time, how large images may be, and whether to draw a progress bar.

    Yields
    ------
    FeatureBatch
        A chunk, as soon as it is done; in no particular order.

    Notes
    -----
    With ``decode="preview"`` the photos that check the previews of their folders come first. Which
    they are is decided by the names of the items of each folder, nothing else.
    """
    wanted = _Wanted.of(misses, items)
    n_workers = count_workers(reading.n_workers)
    n_bytes = stats.size_bytes[wanted.files]
    with (
        Helpers(count_helpers(count_small(n_bytes, spec), n_workers)) as helpers,
        _draw_progress(len(n_bytes)) if reading.show_progress else nullcontext(_count_nothing) as (
            count
        ),
        decoding_process(),
    ):

        def run(places: IntArray, treatments: Sequence[Treatment] | None) -> _Batches:
            is_read = np.ones(len(places), dtype=np.bool_)
            if treatments is not None:
                is_read = np.not_equal(treatments, Treatment.PREVIEW)
            chunks = _split(places, np.where(is_read, n_bytes[places], 0), n_workers)
            tasks = wanted.make_tasks(chunks, treatments, spec, reading.max_pixels)
            with closing(_run_tasks(tasks, n_workers, helpers)) as results:
                for number, result in results:
                    count(len(chunks[number]))
                    chunk = wanted.list_items(chunks[number])
                    yield FeatureBatch(
                        items=chunk,
                        keys=[items.keys[file] for file in items.file_of[chunk].tolist()],
                        frames=items.frames[chunk],
                        regions=items.regions[chunk],
                        **result._asdict(),
                    )

        with closing(_run_all(run, wanted, spec)) as batches:
            yield from batches


@dataclass(frozen=True)
class _Wanted:
    """The f files to extract, and their items: those of file i are ``items[starts[i]:ends[i]]``."""

    files: IntArray
    items: IntArray
    starts: IntArray
    ends: IntArray
    all_items: ItemList

    @classmethod
    def of(cls, misses: IntArray, items: ItemList) -> "_Wanted":
        """List the files that items are in."""
        by_file = misses[np.argsort(items.file_of[misses], kind="stable")]
        files, starts = np.unique(items.file_of[by_file], return_index=True)
        return cls(files, by_file, starts, np.append(starts[1:], len(by_file)), items)

    @property
    def keys(self) -> list[bytes]:
        """Absolute paths of the files."""
        return [self.all_items.keys[file] for file in self.files.tolist()]

    @property
    def are_photos(self) -> bool:
        """Whether each file is wanted as a whole, and nothing else of it."""
        is_whole = self.all_items.regions[self.items] == WHOLE
        return len(self.files) == len(self.items) and bool(is_whole.all())

    def list_items(self, places: IntArray) -> IntArray:
        """List the items of some of the files, file by file."""
        counts = self.ends[places] - self.starts[places]
        before = np.cumsum(counts) - counts
        own = np.repeat(self.starts[places] - before, counts) + np.arange(counts.sum())
        return np.asarray(self.items[own])

    def make_tasks(
        self,
        chunks: Sequence[IntArray],
        treatments: Sequence[Treatment] | None,
        spec: FeatureSpec,
        max_pixels: int,
    ) -> Iterator[Task]:
        """Make the task of each chunk of files; treatments are of all chunks, end to end."""
        start = 0
        for chunk in chunks:
            items = self.list_items(chunk)
            stop = start + len(chunk)
            yield Task(
                [os.fsdecode(self.all_items.keys[file]) for file in self.files[chunk].tolist()],
                (self.ends[chunk] - self.starts[chunk]).tolist(),
                self.all_items.frames[items],
                self.all_items.regions[items],
                spec,
                None if treatments is None else list(treatments[start:stop]),
                max_pixels,
            )
            start = stop


@contextmanager
def _draw_progress(n_items: int) -> Iterator[Callable[[int], object]]:
    """Draw a progress bar on standard error, and give what moves it on."""
    # Imported on need only: it takes as long as hundreds of small images.
    from tqdm import tqdm  # noqa: PLC0415 - see above

    with tqdm(total=n_items, unit="img", desc="Decoding") as bar:
        yield bar.update


def _count_nothing(_: int) -> None:
    pass


def count_small(size_bytes: IntArray, spec: FeatureSpec) -> int:
    """Count the images that take little time each.

    Parameters
    ----------
    size_bytes : ndarray of int64, shape (n,)
        Sizes of their files.
    spec : FeatureSpec
        What is computed: of large files the preview may be enough.

    Returns
    -------
    int
        From 0 to n.
    """
    if spec.decode == "preview":
        return len(size_bytes)
    return int(np.count_nonzero(size_bytes <= _SMALL_BYTES))


def count_helpers(n_small: int, n_workers: int) -> int:
    """Count the helpers that are worth their start: not for a few images, nor without a core.

    Parameters
    ----------
    n_small : int
        Images that take little time each.
    n_workers : int
        Tasks at a time.

    Returns
    -------
    int
        At most all workers but one. None where ``joblib.parallel_config`` says that workers are
        no threads, or where this process is itself one of several workers.
    """
    backend, _ = get_active_backend(prefer="threads")
    if not _are_workers_threads() or backend.nesting_level:
        return 0
    n_workers = backend.effective_n_jobs(n_workers)
    n_cores: int = joblib.cpu_count()
    return max(min(n_workers, n_cores, n_small // _LEAST_HELPED) - 1, 0)


def _run_all(run: _Run, wanted: _Wanted, spec: FeatureSpec) -> _Batches:
    """Decode all files, or use previews where those of a few files of the folder are trusted."""
    places = np.arange(len(wanted.files))
    if spec.decode != "preview" or not wanted.are_photos:
        yield from run(places, None)
        return
    folders = split_folders(wanted.keys)
    checks = [choose_checked(folder) for folder in folders]
    checked = np.concatenate([places[:0], *checks])
    flags = np.zeros(len(wanted.all_items), dtype=np.uint8)
    with closing(run(checked, [Treatment.COMPARE] * len(checked))) as batches:
        for batch in batches:
            flags[batch.items] = batch.rows["flags"]
            yield batch
    treatments = np.full(len(places), Treatment.DECODE)
    for folder, check in zip(folders, checks, strict=True):
        if is_trusted(flags[wanted.items[check]]):
            treatments[folder] = Treatment.PREVIEW
    is_left = np.ones(len(places), dtype=np.bool_)
    is_left[checked] = False
    yield from run(places[is_left], list(map(Treatment, treatments[is_left].tolist())))


def _run_tasks(tasks: Iterator[Task], n_workers: int, helpers: Helpers) -> _Results:
    """Run tasks in parallel; yield the number and the result of each, in no particular order."""
    stop = Stop()
    run = joblib.Parallel(n_jobs=n_workers, prefer="threads", return_as="generator_unordered")
    if _are_workers_threads():
        calls = (
            joblib.delayed(_extract_here)(number, task, stop, helpers)
            for number, task in enumerate(tasks)
            if not stop.is_set
        )
    else:
        calls = (
            joblib.delayed(_extract_there)(number, task)
            for number, task in enumerate(tasks)
            if not stop.is_set
        )
    with _stopping(run(calls), stop, helpers) as results:
        # Not ``yield from``, which would close joblib's generator before its tasks have ended.
        for result in results:
            yield result


def _are_workers_threads() -> bool:
    """Tell whether ``joblib.parallel_config`` leaves tasks to threads of this process."""
    backend, _ = get_active_backend(prefer="threads")
    return bool(getattr(backend, "supports_sharedmem", False))


def _extract_here(number: int, task: Task, stop: Stop, helpers: Helpers) -> _Numbered:
    """Extract a chunk in this thread, or have a helper do so."""
    with stop:
        chunk = helpers.extract(task)
        return number, extract_chunk(task, stop) if chunk is None else chunk


def _extract_there(number: int, task: Task) -> _Numbered:
    """Extract a chunk in another process."""
    return number, extract_chunk(task)


@contextmanager
def _stopping(results: _Results, stop: Stop, helpers: Helpers) -> Iterator[_Results]:
    """End a run on leaving, early or not: no task is under way afterwards."""
    try:
        yield results
    except BaseException:
        # Helpers do not see the sign; whoever waits for one must see it first.
        stop.set()
        helpers.close()
        raise
    finally:
        stop.set()
        _wait_for_tasks(results, stop)


def _wait_for_tasks(results: _Results, stop: Stop) -> None:
    """Wait until the tasks that were told to stop have, whatever else is asked for meanwhile."""
    interrupt = None
    while True:
        try:
            # To the end, which is near now: joblib complains about results that are left behind.
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


def _split(items: IntArray, n_bytes: IntArray, n_workers: int) -> list[IntArray]:
    """Split items, of which so many bytes are decoded, into chunks that get smaller in the end.

    References
    ----------
    C. D. Polychronopoulos, D. J. Kuck, "Guided Self-Scheduling", IEEE Transactions on Computers
    C-36 (1987), https://doi.org/10.1109/TC.1987.5009495
    """
    # A file that fills a chunk has one of its own, however much larger it is.
    n_bytes = n_bytes.clip(0, _MAX_CHUNK_BYTES)
    ends = np.cumsum(n_bytes)
    chunks = []
    start = 0
    while start < len(items):
        n_share = int((len(items) - start) / n_workers * _TASK_SHARE)
        most = ends[start] - n_bytes[start] + _MAX_CHUNK_BYTES
        n_fit = int(np.searchsorted(ends, most, side="right")) - start
        end = start + max(min(n_share, n_fit, _MAX_CHUNK), 1)
        chunks.append(items[start:end])
        start = end
    return chunks
