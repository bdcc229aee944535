"""From images that the store does not know to feature rows, in parallel chunks.

A chunk is a task of plain strings and a spec that returns arrays, so that other joblib backends
can carry it: threads here (reading, decoding and array operations release the interpreter), or
processes and clusters through ``joblib.parallel_config``, if the backend can return results as
they come.
"""

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from typing import TypeAlias

import joblib
import numpy as np
from joblib.parallel import get_active_backend

from .chunks import ExtractedChunk, Stop, extract_chunk
from .helpers import Helpers, Task
from .model import MAX_PIXELS, FeatureBatch, FeatureSpec, IntArray
from .previews import Treatment
from .process import decoding_process
from .provenance import choose_checked, is_trusted, split_folders

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
# From items, and what is to be done with each, to their batches.
_Run: TypeAlias = Callable[[IntArray, Sequence[Treatment] | None], _Batches]


def count_workers(n_workers: int | None) -> int:
    """Count the workers to use: by default the usable cores, at least 4.

    More threads than cores help a little even when the disk is quick, since one reads while
    another decodes.
    """
    return max(4, joblib.cpu_count()) if n_workers is None else n_workers


def extract_features(
    items: IntArray,
    keys: Sequence[bytes],
    spec: FeatureSpec,
    *,
    n_workers: int | None = None,
    show_progress: bool = False,
    max_pixels: int = MAX_PIXELS,
    size_bytes: IntArray | None = None,
) -> _Batches:
    """Decode images and compute their features.

    Parameters
    ----------
    items : ndarray of int64, shape (n,)
        Places in `keys` of the images to decode.
    keys : sequence of bytes
        Absolute paths of all items.
    spec : FeatureSpec
        What to compute.
    n_workers : int, optional
        Tasks at a time, see `count_workers`.
    show_progress : bool
        Whether to draw a progress bar on standard error.
    max_pixels : int
        An image that claims more pixels is not decoded.
    size_bytes : ndarray of int64, shape (len(keys),), optional
        Sizes of the files of all items. Where they tell that many small ones are to be decoded,
        some workers are processes, see `Helpers`; of large ones a task has fewer.

    Yields
    ------
    FeatureBatch
        A chunk, as soon as it is done; in no particular order.

    Notes
    -----
    With ``decode="preview"`` the photos that check the previews of their folders come first. Which
    they are is decided by the names of the items of each folder, nothing else.
    """
    n_workers = count_workers(n_workers)
    n_small = 0 if size_bytes is None else count_small(size_bytes[items], spec)
    with (
        Helpers(count_helpers(n_small, n_workers)) as helpers,
        _draw_progress(len(items)) if show_progress else nullcontext(_count_nothing) as count,
        decoding_process(),
    ):

        def run(items: IntArray, treatments: Sequence[Treatment] | None) -> _Batches:
            n_bytes = _count_bytes(items, treatments, size_bytes)
            return _run_chunks(
                _split(items, n_bytes, n_workers),
                treatments,
                keys=keys,
                spec=spec,
                n_workers=n_workers,
                max_pixels=max_pixels,
                helpers=helpers,
            )

        with closing(_run_all(run, items, keys, spec)) as batches:
            for batch in batches:
                count(len(batch.items))
                yield batch


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
    if not getattr(backend, "supports_sharedmem", False) or backend.nesting_level:
        return 0
    n_workers = backend.effective_n_jobs(n_workers)
    n_cores: int = joblib.cpu_count()
    return max(min(n_workers, n_cores, n_small // _LEAST_HELPED) - 1, 0)


def _run_all(run: _Run, items: IntArray, keys: Sequence[bytes], spec: FeatureSpec) -> _Batches:
    """Decode all items, or use previews where those of a few items of the folder are trusted."""
    if spec.decode != "preview":
        yield from run(items, None)
        return
    folders = split_folders([keys[item] for item in items.tolist()])
    checks = [choose_checked(folder) for folder in folders]
    checked = np.concatenate([np.zeros(0, dtype=np.int64), *checks])
    flags = np.zeros(len(keys), dtype=np.uint8)
    with closing(run(items[checked], [Treatment.COMPARE] * len(checked))) as batches:
        for batch in batches:
            flags[batch.items] = batch.rows["flags"]
            yield batch
    treatments = np.full(len(items), Treatment.DECODE)
    for folder, check in zip(folders, checks, strict=True):
        if is_trusted(flags[items[check]]):
            treatments[folder] = Treatment.PREVIEW
    is_left = np.ones(len(items), dtype=np.bool_)
    is_left[checked] = False
    yield from run(items[is_left], list(map(Treatment, treatments[is_left].tolist())))


def _count_bytes(
    items: IntArray, treatments: Sequence[Treatment] | None, size_bytes: IntArray | None
) -> IntArray:
    """Count the bytes that are decoded of each item, as far as its size is known."""
    n_bytes = np.zeros_like(items) if size_bytes is None else size_bytes[items]
    if treatments is None:
        return n_bytes
    return np.where(np.equal(treatments, Treatment.PREVIEW), 0, n_bytes)


def _run_chunks(
    chunks: Sequence[IntArray],
    treatments: Sequence[Treatment] | None,
    *,
    keys: Sequence[bytes],
    spec: FeatureSpec,
    n_workers: int,
    max_pixels: int,
    helpers: Helpers,
) -> _Batches:
    """Extract chunks in parallel."""
    starts = np.cumsum([0, *map(len, chunks)]).tolist()
    stop = Stop()
    tasks = (
        joblib.delayed(_extract_numbered)(
            number,
            (
                [os.fsdecode(keys[item]) for item in chunk.tolist()],
                spec,
                treatments and treatments[starts[number] : starts[number + 1]],
                max_pixels,
            ),
            stop,
            helpers,
        )
        for number, chunk in enumerate(chunks)
        if not stop.is_set
    )
    run = joblib.Parallel(n_jobs=n_workers, prefer="threads", return_as="generator_unordered")
    with _stopping(run(tasks), stop, helpers) as results:
        for number, result in results:
            chunk = chunks[number]
            chunk_keys = [keys[item] for item in chunk.tolist()]
            yield FeatureBatch(items=chunk, keys=chunk_keys, **result._asdict())


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


def _extract_numbered(number: int, task: Task, stop: Stop, helpers: Helpers) -> _Numbered:
    """Extract a chunk and say which; results arrive in no particular order."""
    with stop:
        chunk = helpers.extract(task)
        return number, extract_chunk(*task, stop) if chunk is None else chunk
