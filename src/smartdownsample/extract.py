"""From images that the store does not know to feature rows, in parallel chunks.

A chunk is a task of plain strings and a spec that returns arrays, so that other joblib backends
can carry it: threads here (reading, decoding and array operations release the interpreter), or
processes and clusters through ``joblib.parallel_config``, if the backend can return results as
they come.
"""

import os
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import NamedTuple, TypeAlias

import joblib
import numpy as np
from tqdm import tqdm

from .decode import Picture, decode_image, read_file
from .features import choose_min_side, compute_features
from .model import (
    FLAG_CHECKED,
    FLAG_PREVIEW,
    FLAG_TRUNCATED,
    MAX_PIXELS,
    BoolArray,
    ByteArray,
    Cause,
    FeatureBatch,
    FeatureSpec,
    IntArray,
    RowArray,
)
from .paths import encode_order_key
from .previews import Treatment, compare_previews, read_with_preview
from .process import decoding_process
from .provenance import choose_checked, is_trusted, split_folders
from .resample import make_thumbnails
from .shrink import approximate_thumbnails

# Large enough that handing out tasks costs nothing, small enough that a killed run loses little.
_MAX_CHUNK = 128
# No task takes more than this share of what a worker has left, so that the last ones end together.
_TASK_SHARE = 1 / 4


class ExtractedChunk(NamedTuple):
    """What one task returns for n images; see `FeatureBatch` for the fields."""

    order_keys: list[bytes]
    rows: RowArray
    causes: list[Cause | None]
    mtime_ns: IntArray
    size_bytes: IntArray
    is_lasting: BoolArray


_Numbered: TypeAlias = tuple[int, ExtractedChunk]
_Results: TypeAlias = Generator[_Numbered, None, None]
_Batches: TypeAlias = Generator[FeatureBatch, None, None]
# From items, and what is to be done with each, to their batches.
_Run: TypeAlias = Callable[[IntArray, Sequence[Treatment] | None], _Batches]


class Stop:
    """A sign to the tasks of a run that their results are no longer wanted.

    It counts the tasks under way in this process, so that a run can wait for them: a thread that
    is inside a decoder when Python ends would take the process down. In another process, tasks
    get a sign of their own that is never given; they end with their chunk.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._n_running = 0
        self.is_set = False

    def __reduce__(self) -> tuple[type["Stop"], tuple[()]]:
        return Stop, ()

    def __enter__(self) -> None:
        with self._changed:
            self._n_running += 1

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._n_running -= 1
            self._changed.notify_all()

    def set(self) -> None:
        """Tell the tasks to end after the image they are at."""
        self.is_set = True

    def wait(self) -> None:
        """Wait until no task of this process is under way."""
        with self._changed:
            self._changed.wait_for(lambda: self._n_running == 0)


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
    run = partial(_run_chunks, keys=keys, spec=spec, n_workers=n_workers, max_pixels=max_pixels)
    with (
        tqdm(total=len(items), unit="img", desc="Decoding", disable=not show_progress) as bar,
        decoding_process(),
        closing(_run_all(run, items, keys, spec)) as batches,
    ):
        for batch in batches:
            bar.update(len(batch.items))
            yield batch


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


def _run_chunks(
    items: IntArray,
    treatments: Sequence[Treatment] | None,
    *,
    keys: Sequence[bytes],
    spec: FeatureSpec,
    n_workers: int,
    max_pixels: int,
) -> _Batches:
    """Extract items in parallel chunks."""
    chunks = _split(items, n_workers)
    starts = np.cumsum([0, *map(len, chunks)]).tolist()
    stop = Stop()
    tasks = (
        joblib.delayed(_extract_numbered)(
            number,
            [os.fsdecode(keys[item]) for item in chunk.tolist()],
            treatments and treatments[starts[number] : starts[number + 1]],
            spec,
            max_pixels,
            stop,
        )
        for number, chunk in enumerate(chunks)
        if not stop.is_set
    )
    run = joblib.Parallel(n_jobs=n_workers, prefer="threads", return_as="generator_unordered")
    with _stopping(run(tasks), stop) as results:
        for number, result in results:
            chunk = chunks[number]
            chunk_keys = [keys[item] for item in chunk.tolist()]
            yield FeatureBatch(items=chunk, keys=chunk_keys, **result._asdict())


@contextmanager
def _stopping(results: _Results, stop: Stop) -> Iterator[_Results]:
    """End a run on leaving, early or not: no task is under way afterwards."""
    try:
        yield results
    finally:
        stop.set()
        # To the end, which is near now: joblib complains about results that are left behind.
        for _ in results:
            pass
        stop.wait()


def _split(items: IntArray, n_workers: int) -> list[IntArray]:
    """Split items into chunks, which get smaller towards the end.

    References
    ----------
    C. D. Polychronopoulos, D. J. Kuck, "Guided Self-Scheduling", IEEE Transactions on Computers
    C-36 (1987), https://doi.org/10.1109/TC.1987.5009495
    """
    chunks = []
    while len(items):
        size = min(max(int(len(items) / n_workers * _TASK_SHARE), 1), _MAX_CHUNK)
        chunks.append(items[:size])
        items = items[size:]
    return chunks


def _extract_numbered(
    number: int,
    paths: list[str],
    treatments: Sequence[Treatment] | None,
    spec: FeatureSpec,
    max_pixels: int,
    stop: Stop,
) -> _Numbered:
    """Extract a chunk and say which; results arrive in no particular order."""
    with stop:
        return number, extract_chunk(paths, spec, treatments, max_pixels=max_pixels, stop=stop)


def extract_chunk(
    paths: Sequence[str],
    spec: FeatureSpec,
    treatments: Sequence[Treatment] | None = None,
    *,
    max_pixels: int = MAX_PIXELS,
    stop: Stop | None = None,
) -> ExtractedChunk:
    """Read, decode and describe a few images, one after the other.

    Parameters
    ----------
    paths : sequence of str, length n
        Absolute paths.
    spec : FeatureSpec
        What to compute.
    treatments : sequence of Treatment, length n, optional
        What to do with each; by default all are decoded.
    max_pixels : int
        An image that claims more pixels is not decoded.
    stop : Stop, optional
        When it is given, the rest is left out and the result is of no use.

    Returns
    -------
    ExtractedChunk
        In the order of the paths. A file that cannot be used gives a cause; none ends the run.
    """
    min_side = choose_min_side(spec)
    shrink = make_thumbnails if spec.decode == "exact" else approximate_thumbnails
    seen = _Seen(len(paths))
    pictures = _decode_files(paths, treatments, min_side, max_pixels, stop, seen)
    thumbnails = shrink(pictures, spec.hash_size)
    rows = np.zeros(len(paths), dtype=spec.row_dtype)
    rows["captured"] = np.datetime64("NaT")
    rows[seen.places] = compute_features(thumbnails, seen.sizes, spec)
    rows["flags"][seen.places] = seen.flags
    rows["captured"][seen.places] = seen.captured
    if seen.previews:
        compared = list(seen.previews)
        shrunk = shrink(seen.previews.values(), spec.hash_size)
        others = compute_features(shrunk, [(0, 0)] * len(compared), spec)
        rows["flags"][compared] |= compare_previews(others, rows[compared], spec)
    order_keys = [encode_order_key(os.fsencode(path)) for path in paths]
    return ExtractedChunk(
        order_keys, rows, seen.causes, seen.mtime_ns, seen.size_bytes, seen.is_lasting
    )


class _Seen:
    """What is seen of n files beside the pixels: of all of them, and of those that were decoded."""

    def __init__(self, n: int) -> None:
        self.causes: list[Cause | None] = [None] * n
        self.mtime_ns = np.zeros(n, dtype=np.int64)
        self.size_bytes = np.zeros(n, dtype=np.int64)
        self.is_lasting = np.zeros(n, dtype=np.bool_)
        self.places: list[int] = []
        self.sizes: list[tuple[int, int]] = []
        self.flags: list[int] = []
        self.captured: list[np.datetime64 | None] = []
        # Of images that were decoded to compare the two.
        self.previews: dict[int, ByteArray] = {}


def _decode_files(
    paths: Sequence[str],
    treatments: Sequence[Treatment] | None,
    min_side: int | None,
    max_pixels: int,
    stop: Stop | None,
    seen: _Seen,
) -> Iterator[ByteArray]:
    """Read and decode files one after the other, and note what is seen of them."""
    treatment, preview = Treatment.DECODE, None
    for place, path in enumerate(paths):
        if stop is not None and stop.is_set:
            return
        if treatments is None:
            content = read_file(path)
        else:
            treatment = treatments[place]
            content, preview = read_with_preview(path, treatment, min_side, max_pixels)
        if isinstance(content, Cause):
            seen.causes[place] = content
            continue
        seen.mtime_ns[place], seen.size_bytes[place] = content.mtime_ns, content.size_bytes
        seen.is_lasting[place] = content.is_stable
        if preview is not None and treatment is Treatment.PREVIEW:
            picture: Picture | Cause = preview
        else:
            picture = decode_image(content.data, min_side=min_side, max_pixels=max_pixels)
        if isinstance(picture, Cause):
            seen.causes[place] = picture
            seen.is_lasting[place] &= _is_lasting(picture, max_pixels)
            continue
        seen.places.append(place)
        seen.sizes.append((picture.width, picture.height))
        seen.flags.append(_choose_flags(picture, treatment, preview))
        seen.captured.append(picture.captured)
        if preview is not None and picture is not preview:
            seen.previews[place] = preview.pixels
        yield picture.pixels


def _choose_flags(picture: Picture, treatment: Treatment, preview: Picture | None) -> int:
    """Choose the flags of the row of a picture."""
    if picture is preview:
        return FLAG_PREVIEW
    flags = FLAG_TRUNCATED if picture.is_truncated else 0
    return flags | FLAG_CHECKED if treatment is Treatment.COMPARE else flags


def _is_lasting(cause: Cause, max_pixels: int) -> bool:
    """Tell whether a failure is a fact about the file, not about this run."""
    if cause is Cause.TOO_LARGE:
        return max_pixels == MAX_PIXELS
    return cause is not Cause.MEMORY
