"""From the paths of a few images to their feature rows: what a worker does.

A chunk is a task of plain strings and a spec that returns arrays, so that threads, processes and
clusters can carry it.
"""

import os
import threading
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple, TypeAlias

import numpy as np

from .batches import take_together
from .decode import FileContent, Picture, decode_image, read_file
from .features import choose_min_side, compute_features
from .model import (
    FLAG_CHECKED,
    FLAG_PREVIEW,
    FLAG_TRUNCATED,
    MAX_PIXELS,
    BoolArray,
    ByteArray,
    Cause,
    FeatureSpec,
    IntArray,
    RowArray,
)
from .natural_order import encode_order_key
from .previews import Treatment, compare_previews, read_with_preview
from .resample import make_thumbnails
from .shrink import approximate_thumbnails

# Small files are read together, so many bytes: the code of the system and that of the decoder push
# each other out of the processor's caches.
_READ_BYTES = 2**21
# What was read of a file, and its preview if that can be used.
_File: TypeAlias = tuple[FileContent | Cause, Picture | None]


class ExtractedChunk(NamedTuple):
    """What one task returns for n images; see `FeatureBatch` for the fields."""

    order_keys: list[bytes]
    rows: RowArray
    causes: list[Cause | None]
    mtime_ns: IntArray
    size_bytes: IntArray
    is_lasting: BoolArray


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


def extract_chunk(
    paths: Sequence[str],
    spec: FeatureSpec,
    treatments: Sequence[Treatment] | None = None,
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
    treatment = Treatment.DECODE
    files = _read_files(paths, treatments, min_side, max_pixels, stop)
    read = chain.from_iterable(take_together(files, _weigh_file, _READ_BYTES))
    for place, (content, preview) in enumerate(read):
        if stop is not None and stop.is_set:
            return
        if treatments is not None:
            treatment = treatments[place]
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


def _read_files(
    paths: Sequence[str],
    treatments: Sequence[Treatment] | None,
    min_side: int | None,
    max_pixels: int,
    stop: Stop | None,
) -> Iterator[_File]:
    """Read files one after the other, with their previews where these are asked for."""
    for place, path in enumerate(paths):
        if stop is not None and stop.is_set:
            return
        if treatments is None:
            yield read_file(path), None
        else:
            yield read_with_preview(path, treatments[place], min_side, max_pixels)


def _weigh_file(file: _File) -> int:
    """Count the bytes that were read."""
    content, _ = file
    return 0 if isinstance(content, Cause) else len(content.data)


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
