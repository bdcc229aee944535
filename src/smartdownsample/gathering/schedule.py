"""Extracting the items that the store does not know: chunks of files, run in parallel.

By default they run on threads; ``joblib.parallel_config`` sends them to processes or clusters.
"""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from ..display import is_watched
from ..engines import Engine, Finished, Keeping, Task, open_engine, run_tasks
from ..errors import HelperWarning, InvalidParameterError, warn_user
from ..features import choose_checked, is_trusted
from ..items import split_folders
from ..options import ReadingOptions
from ..pictures import Treatment
from ..records import (
    Cause,
    FeatureBatch,
    FeatureSpec,
    FileStats,
    IntArray,
    ItemList,
    are_crops,
    list_some,
)
from ..store import FeatureStore, decoder_version, leave_sign
from .progress_bar import count_progress

# With more workers than this, rows are kept by them. To take an image's row in takes this process
# some 5 µs, in which a hundred workers decode a small one.
_MAX_STREAMED = 64
# No task takes more than this share of a worker's remaining work, so that all workers end together.
_TASK_SHARE = 1 / 4

_Batches: TypeAlias = Generator[FeatureBatch, None, None]


class ChunkLimits(NamedTuple):
    """How large chunks may be.

    ``most`` files; ``least`` files, if each worker gets as many; ``size``, in bytes to decode, to
    which a file adds ``file_size`` for all that does not depend on its length.
    """

    most: int
    least: int
    size: int
    file_size: int


# Large enough that handing out tasks to threads costs nothing, small enough that an interrupted run
# loses only seconds.
_OF_THREADS = ChunkLimits(512, 1, 2**24, 0)
# What is sent elsewhere costs milliseconds, however few files it has. A core decodes some 40 MB a
# second of photos and some 2,000 crops of 20 kB: a chunk takes five seconds at most, and as much
# more or less as machines and photos differ.
_OF_OTHERS = ChunkLimits(4096, 64, 5 * 40_000_000, 10_000)
# What workers keep costs this process 0.2 ms and 200 bytes a chunk, and nearly nothing for its
# images. In short runs larger chunks would leave many workers with nothing to do.
_OF_PARTS = ChunkLimits(8192, 256, 60 * 40_000_000, 10_000)


def extract_features(
    misses: IntArray,
    items: ItemList,
    stats: FileStats,
    spec: FeatureSpec,
    reading: ReadingOptions,
    store: FeatureStore | None = None,
) -> _Batches:
    """Decode the items `misses` and yield their features, chunk by chunk, in no particular order.

    Closing the generator early ends the run. `stats` gives the sizes of the files, which decide
    about chunks and helpers. Workers of large clusters keep what they can in `store`, where it is
    given, and nothing is yielded of that. Raises `ExtractionError` when workers do not answer for
    each file.
    """
    missed = _MissedFiles.of(misses, items, stats)
    n_bytes = stats.size_bytes[missed.files]
    is_shown = is_watched() if reading.show_progress is None else reading.show_progress
    with (
        open_engine(reading, n_bytes, spec) as engine,
        count_progress(len(n_bytes), "Decoding", is_shown=is_shown) as count_done,
        _let_keep(engine, store, stats.take(missed.files)) as keeping,
    ):
        run = _Run(missed, n_bytes, spec, reading.max_pixels, engine, count_done, keeping)
        with closing(run.extract_all()) as batches:
            yield from batches


@dataclass(frozen=True)
class _MissedFiles:
    """The f files to extract, and their items: those of file i are ``items[starts[i]:ends[i]]``.

    ``files`` and ``items`` are places in `item_list`; ``etags`` are of its files.
    """

    files: IntArray
    items: IntArray
    starts: IntArray
    ends: IntArray
    item_list: ItemList
    etags: list[str | None] | None

    @classmethod
    def of(cls, misses: IntArray, item_list: ItemList, stats: FileStats) -> "_MissedFiles":
        """List the files that items are in."""
        by_file = misses[np.argsort(item_list.file_of[misses], kind="stable")]
        files, starts = np.unique(item_list.file_of[by_file], return_index=True)
        ends = np.append(starts[1:], len(by_file))
        return cls(files, by_file, starts, ends, item_list, stats.etags)

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
        self,
        chunk: IntArray,
        treatments: IntArray | None,
        spec: FeatureSpec,
        max_pixels: int,
        keeping: Keeping | None,
    ) -> Task:
        """Make the task of a chunk of files; `treatments` has shape (f,), `keeping` is of all."""
        items = self.items_of(chunk)
        keys = list_some(self.item_list.keys, self.files[chunk])
        return Task(
            os.fsdecode(b"\0".join(keys)).split("\0"),  # all at once, which is many times faster
            (self.ends[chunk] - self.starts[chunk]).tolist(),
            self.item_list.frames[items],
            self.item_list.regions[items],
            spec,
            None if treatments is None else list(map(Treatment, treatments[chunk].tolist())),
            max_pixels,
            keeping and keeping.choose_files(chunk),
            self.etags and [self.etags[file] for file in self.files[chunk].tolist()],
        )

    def make_batch(self, chunk: IntArray, result: Finished) -> FeatureBatch:
        """Put the result of a chunk of files together with its items."""
        files = chunk[result.files]
        items = self.items_of(files)
        if result.left is not None:
            items = items[result.left]
        return FeatureBatch(
            items=items,
            keys=list_some(self.item_list.keys, self.item_list.file_of[items]),
            frames=self.item_list.frames[items],
            regions=self.item_list.regions[items],
            decoders=result.decoders,
            **result.chunk._asdict(),
        )


@dataclass(frozen=True)
class _Run:
    """What a run extracts, and what with; ``n_bytes`` has the size of each missed file.

    ``keeping`` is of all missed files, where workers are to keep their rows.
    """

    missed: _MissedFiles
    n_bytes: IntArray
    spec: FeatureSpec
    max_pixels: int
    engine: Engine
    count_done: Callable[[int], object]
    keeping: Keeping | None

    def extract_all(self) -> _Batches:
        """Extract all files; with ``decode="preview"``, from their previews where trusted.

        The photos that check the previews of their folder come first. They are chosen by the names
        of the items in each folder and nothing else.
        """
        places = np.arange(len(self.missed.files))
        if self.spec.decode != "preview":
            yield from self._extract(places, None, self.keeping)
            return
        photos, keys = self.missed.list_photos(), self.missed.keys
        folders = [photos[own] for own in split_folders([keys[i] for i in photos.tolist()])]
        checks = [choose_checked(folder) for folder in folders]
        checked = np.concatenate([places[:0], *checks])
        flags = np.zeros(len(self.missed.item_list), dtype=np.uint8)
        compare = np.full(len(places), Treatment.COMPARE)
        # These rows have to come back: they decide about the others.
        with closing(self._extract(checked, compare, None)) as batches:
            for batch in batches:
                flags[batch.items] = batch.rows["flags"]
                yield batch
        treatments = np.full(len(places), Treatment.DECODE)
        for folder, check in zip(folders, checks, strict=True):
            if is_trusted(flags[self.missed.items_of(check)]):
                treatments[folder] = Treatment.PREVIEW
        yield from self._extract(np.setdiff1d(places, checked), treatments, self.keeping)

    def _extract(
        self, places: IntArray, treatments: IntArray | None, keeping: Keeping | None
    ) -> _Batches:
        """Extract some of the missed files; `treatments` has shape (f,), None decodes all."""
        n_bytes = self.n_bytes[places]
        if treatments is not None:
            n_bytes = np.where(treatments[places] == Treatment.PREVIEW, 0, n_bytes)
        # Of objects, several are on their way at a time, which takes chunks of several files.
        is_here = self.engine.shares_memory and self.missed.etags is None
        limits = _OF_THREADS if is_here else _OF_OTHERS
        if keeping is not None:
            limits = _OF_PARTS
        chunks = _split_into_chunks(places, n_bytes, max(self.engine.workers(), 1), limits)
        tasks = (
            self.missed.make_task(chunk, treatments, self.spec, self.max_pixels, keeping)
            for chunk in chunks
        )
        is_warned = keeping is None
        with closing(run_tasks(self.engine, tasks)) as results:
            for result in results:
                batch = self.missed.make_batch(chunks[result.task], result)
                self.count_done(result.files.stop - result.files.start)
                if not is_warned and _is_unseen(result):
                    _warn_of_unseen(self.engine)
                    is_warned = True
                if len(batch.items):
                    yield batch


@contextmanager
def _let_keep(
    engine: Engine, store: FeatureStore | None, stats: FileStats
) -> Iterator[Keeping | None]:
    """Say what the workers of a large cluster keep themselves, of files in these states."""
    is_kept = store is not None and store.cache_dir is not None
    if engine.streams and not (is_kept and engine.workers() > _MAX_STREAMED):
        yield None
        return
    if store is None or store.cache_dir is None:
        msg = (
            f"{engine.name} needs a feature store, in which its workers keep what they compute. "
            "Leave it switched on, in a bucket or a folder that all machines share: see cache_dir."
        )
        raise InvalidParameterError(msg)
    with leave_sign(store) as sign:
        if sign is None:  # it cannot be written, of which the store warns
            yield None
        else:
            own = os.path.abspath(store.cache_dir)
            folder = own if store.bucket is None else store.bucket.url
            yield Keeping(folder, sign, decoder_version(), stats.mtime_ns, stats.size_bytes)


def _is_unseen(result: Finished) -> bool:
    """Tell whether a worker has sent all rows back though it was to keep them."""
    return result.left is None and Cause.WORKER_LOST not in result.chunk.causes


def _warn_of_unseen(engine: Engine) -> None:
    warn_user(
        f"Workers of {engine.name} do not see the folder of the feature store, or cannot write "
        "there. Their rows come back through this process, which many workers keep waiting. "
        "Name a folder that all machines share, or one in a bucket: see cache_dir.",
        HelperWarning,
    )


def _split_into_chunks(
    places: IntArray, n_bytes: IntArray, n_workers: int, limits: ChunkLimits
) -> list[IntArray]:
    """Split files, of which `n_bytes` each are to be decoded, into ever smaller chunks.

    Guided self-scheduling: C. D. Polychronopoulos, D. J. Kuck, IEEE Transactions on Computers C-36
    (1987), https://doi.org/10.1109/TC.1987.5009495
    """
    # A file that is larger than a chunk may be has a chunk of its own.
    sizes = n_bytes.clip(0, limits.size) + limits.file_size
    ends = np.cumsum(sizes)
    n_least = min(limits.least, -(-len(places) // n_workers))
    chunks = []
    start = 0
    while start < len(places):
        n_left = len(places) - start
        n_share = int(n_left / n_workers * _TASK_SHARE)
        most = ends[start] - sizes[start] + limits.size
        n_fit = int(np.searchsorted(ends, most, side="right")) - start
        end = start + max(min(max(n_share, n_least), n_fit, limits.most), 1)
        chunks.append(places[start:end])
        start = end
    return chunks
