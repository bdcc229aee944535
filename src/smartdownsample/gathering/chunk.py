"""From the paths of a few images to their feature rows: what a worker does.

A task is plain data and returns arrays, so that threads, processes and clusters can carry it.
"""

import os
import threading
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple, TypeAlias

import numpy as np

from ..features import choose_min_side, describe_pictures, take_together
from ..items import Content, LocalFiles, Storage, encode_order_key
from ..options import MAX_PIXELS
from ..pictures import (
    Picture,
    Treatment,
    compare_previews,
    cut_region,
    decode_image,
    read_with_preview,
)
from ..records import (
    FLAG_CHECKED,
    FLAG_PREVIEW,
    FLAG_TRUNCATED,
    WHOLE,
    BoolArray,
    ByteArray,
    Cause,
    FeatureSpec,
    Float32Array,
    FrameArray,
    IntArray,
    RowArray,
)

# Small files are read together, so many bytes: the code of the system and that of the decoder push
# each other out of the processor's caches.
_READ_BYTES = 2**21
# What was read of a file, and its preview if that can be used.
_Read: TypeAlias = tuple[Content | Cause, Picture | None]

_FILES: Storage = LocalFiles()


class Task(NamedTuple):
    """What is to be extracted: files, and of each its regions.

    Attributes
    ----------
    locations : list of str, length f
        Absolute paths; undecodable bytes as surrogates.
    counts : list of int, length f
        How many items each file has, at least one.
    frames : ndarray of int32, shape (n,)
        Of the items, file by file.
    regions : ndarray of float32, shape (n, 4)
        Of the same items.
    spec : FeatureSpec
        What to compute.
    treatments : list of Treatment, length f, or None
        What to do with each file; None decodes all.
    max_pixels : int
        An image that claims more pixels is not decoded.
    """

    locations: list[str]
    counts: list[int]
    frames: FrameArray
    regions: Float32Array
    spec: FeatureSpec
    treatments: list[Treatment] | None
    max_pixels: int


class ExtractedChunk(NamedTuple):
    """What one task returns for n items; see `FeatureBatch` for the fields."""

    order_keys: list[bytes]
    rows: RowArray
    causes: list[Cause | None]
    mtime_ns: IntArray
    size_bytes: IntArray
    is_lasting: BoolArray


class Stop:
    """A sign to the tasks of a run that their results are no longer wanted.

    It counts the tasks under way, so that a run can wait for them: a thread that is inside a
    decoder when Python ends would take the process down.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._n_running = 0
        self.is_set = False

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


def extract_chunk(task: Task, stop: Stop | None = None) -> ExtractedChunk:
    """Read, decode and describe a few files, one after the other.

    A file that cannot be used gives a cause; none ends the run. Once a stop is given, the rest is
    left out and the result is of no use.
    """
    spec = task.spec
    seen = _Seen(len(task.frames))
    described = describe_pictures(_decode_files(task, stop, seen), spec)
    described["width"], described["height"] = np.reshape(seen.sizes, (-1, 2)).T
    described["flags"] = seen.flags
    described["captured"] = seen.captured
    rows = np.zeros(len(task.frames), dtype=spec.row_dtype)
    rows["captured"] = np.datetime64("NaT")
    rows[seen.places] = described
    if seen.previews:
        compared = list(seen.previews)
        others = describe_pictures(seen.previews.values(), spec)
        rows["flags"][compared] |= compare_previews(others, rows[compared], spec)
    order_keys = [encode_order_key(os.fsencode(location)) for location in task.locations]
    return ExtractedChunk(
        [key for key, n in zip(order_keys, task.counts, strict=True) for _ in range(n)],
        rows,
        seen.causes,
        seen.mtime_ns,
        seen.size_bytes,
        seen.is_lasting,
    )


class _Seen:
    """What is seen of n items beside the pixels: of all of them, and of those that were decoded."""

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

    def note(self, place: int, picture: Picture, flags: int) -> ByteArray:
        """Note what is seen of an item that was decoded, and give its pixels."""
        self.places.append(place)
        self.sizes.append((picture.width, picture.height))
        self.flags.append(flags)
        self.captured.append(picture.captured)
        return picture.pixels


def _decode_files(task: Task, stop: Stop | None, seen: _Seen) -> Iterator[ByteArray]:
    """Yield the pixels of items, file by file, and note what is seen of them."""
    min_side = choose_min_side(task.spec)
    is_whole = (task.regions == WHOLE).all(axis=1).tolist()
    treatment = Treatment.DECODE
    first = 0
    read = chain.from_iterable(take_together(_read_files(task, stop), _weigh_file, _READ_BYTES))
    for file, (content, preview) in enumerate(read):
        if stop is not None and stop.is_set:
            return
        n = task.counts[file]
        items, first = slice(first, first + n), first + n
        if isinstance(content, Cause):
            seen.causes[items] = [content] * n
            continue
        seen.mtime_ns[items], seen.size_bytes[items] = content.mtime_ns, content.size_bytes
        seen.is_lasting[items] = content.is_stable
        if task.treatments is not None:
            treatment = task.treatments[file]
        regions = None if n == 1 and is_whole[items.start] else task.regions[items]
        if preview is not None and treatment is Treatment.PREVIEW:
            picture: Picture | Cause = preview
        else:
            picture = decode_image(
                content.data, min_side=min_side, max_pixels=task.max_pixels, regions=regions
            )
        if isinstance(picture, Cause):
            seen.causes[items] = [picture] * n
            seen.is_lasting[items] &= _is_lasting(picture, task.max_pixels)
            continue
        if preview is not None and picture is not preview:
            seen.previews[items.start] = preview.pixels
        flags = _choose_flags(picture, treatment, preview)
        if regions is None:
            yield seen.note(items.start, picture, flags)
            continue
        for item, region in enumerate(regions.tolist(), items.start):
            yield seen.note(item, cut_region(picture, region), flags)


def _read_files(task: Task, stop: Stop | None) -> Iterator[_Read]:
    """Read files one after the other, with their previews where these are asked for."""
    min_side = choose_min_side(task.spec)
    for file, location in enumerate(task.locations):
        if stop is not None and stop.is_set:
            return
        if task.treatments is None:
            yield _FILES.read(location), None
        else:
            treatment = task.treatments[file]
            yield read_with_preview(_FILES, location, treatment, min_side, task.max_pixels)


def _weigh_file(file: _Read) -> int:
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
