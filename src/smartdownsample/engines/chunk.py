"""The work of one task: read, decode and describe the items of a few files."""

import os
import threading
from collections.abc import Iterator
from functools import partial
from itertools import chain, repeat
from typing import TypeAlias

import numpy as np

from ..features import choose_crop_min_side, choose_min_side, describe_pictures, take_together
from ..items import FILES, LOCAL_FILES, Content, encode_order_key
from ..options import MAX_PIXELS
from ..pictures import (
    HAS_SMALLER_LIMITS,
    LeftToCaller,
    Picture,
    Treatment,
    compare_previews,
    decode_image,
    decode_regions,
    read_with_preview,
)
from ..records import (
    FLAG_CHECKED,
    FLAG_PREVIEW,
    FLAG_TRUNCATED,
    FLAG_TURNED,
    WHOLE,
    ByteArray,
    Cause,
    RowArray,
)
from .read_ahead import read_ahead
from .task import ExtractedChunk, Task

# Small files are read ahead, this many bytes at a time: where reading and decoding alternate, each
# pushes the code of the other out of the processor's caches.
_READ_BYTES = 2**21
# Fields of a row that are not computed from pixels.
_NOTED = ("width", "height", "flags", "captured")
# The content of a file, and its preview if that can be used.
_FileRead: TypeAlias = tuple[Content | Cause, Picture | None]


class StopSign:
    """Tells the tasks of a run that their results are no longer wanted.

    It counts the tasks under way, so that a run can wait for them: a thread that is inside a
    decoder while Python exits would crash the process.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._n_running = 0
        self.event = threading.Event()

    def __enter__(self) -> None:
        with self._changed:
            self._n_running += 1

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._n_running -= 1
            self._changed.notify_all()

    def set(self) -> None:
        """Tell the tasks to end after the current image, without waiting for a store."""
        self.event.set()

    def wait(self) -> None:
        """Wait until no task is under way in this process."""
        with self._changed:
            self._changed.wait_for(lambda: self._n_running == 0)


def extract_chunk(
    task: Task, stop: StopSign | None = None, left: list[int] | None = None
) -> ExtractedChunk:
    """Read, decode and describe files, one after the other.

    A file that cannot be used gives a cause and does not raise. Once `stop` is set, the other
    files are left out and the result must not be used. Helpers give a list, `left`: those files are
    added to it that they leave to their caller, whose results are void.
    """
    spec = task.spec
    notes = _ItemNotes(len(task.frames))
    described = describe_pictures(_decode_files(task, stop, notes, left), spec)
    noted = [("item", np.int64), *((name, spec.row_dtype[name]) for name in _NOTED)]
    decoded = np.array(notes.decoded, dtype=noted)
    for name in _NOTED:
        described[name] = decoded[name]
    rows = _make_rows(task)
    rows[decoded["item"]] = described
    if notes.previews:
        compared = list(notes.previews)
        others = describe_pictures(notes.previews.values(), spec)
        rows["flags"][compared] |= compare_previews(others, rows[compared], spec)
    return notes.make_chunk(task, rows)


def fail_chunk(task: Task, cause: Cause) -> ExtractedChunk:
    """Make the result of a task that cannot be done; the cause is not lasting."""
    notes = _ItemNotes(len(task.frames))
    notes.causes = [cause] * len(task.frames)
    return notes.make_chunk(task, _make_rows(task))


def _make_rows(task: Task) -> RowArray:
    """Make rows that hold nothing."""
    rows = np.zeros(len(task.frames), dtype=task.spec.row_dtype)
    rows["captured"] = np.datetime64("NaT", "ms")
    return rows


class _ItemNotes:
    """What is learned about n items beside their pixels, while these are decoded.

    `decoded` has a tuple for each decoded item: which item it is, and the fields `_NOTED`.
    """

    def __init__(self, n: int) -> None:
        self.causes: list[Cause | None] = [None] * n
        self.mtime_ns = np.zeros(n, dtype=np.int64)
        self.size_bytes = np.zeros(n, dtype=np.int64)
        self.is_lasting = np.zeros(n, dtype=np.bool_)
        self.etags: list[str | None] = [None] * n
        self.decoded: list[tuple[int, int, int, int, np.datetime64 | None]] = []
        # By item: the previews to compare with the decoded pictures.
        self.previews: dict[int, ByteArray] = {}

    def add_picture(self, item: int, picture: Picture, flags: int) -> None:
        """Note a decoded item."""
        self.decoded.append((item, picture.width, picture.height, flags, picture.captured))

    def add_failure(self, item: int, cause: Cause, max_pixels: int) -> None:
        """Note why an item was not decoded."""
        self.causes[item] = cause
        self.is_lasting[item] &= _is_lasting(cause, max_pixels)

    def make_chunk(self, task: Task, rows: RowArray) -> ExtractedChunk:
        """Put the notes together with the features."""
        order_keys = [encode_order_key(os.fsencode(location)) for location in task.locations]
        return ExtractedChunk(
            [key for key, n in zip(order_keys, task.counts, strict=True) for _ in range(n)],
            rows,
            self.causes,
            self.mtime_ns,
            self.size_bytes,
            self.is_lasting,
            self.etags if task.has_objects else None,
        )


def _decode_files(
    task: Task, stop: StopSign | None, notes: _ItemNotes, left: list[int] | None
) -> Iterator[ByteArray]:
    """Yield the pixels of the usable items, file by file, and note the rest."""
    ends = np.cumsum(task.counts, dtype=np.int64).tolist()
    treatments = task.treatments or [Treatment.DECODE] * len(ends)
    regions = [(x, y, w, h) for x, y, w, h in task.regions.tolist()]
    read = chain.from_iterable(take_together(_read_files(task, stop), _weigh_file, _READ_BYTES))
    for file, (content, preview) in enumerate(read):
        if stop is not None and stop.event.is_set():
            return
        n = task.counts[file]
        items = slice(ends[file] - n, ends[file])
        if isinstance(content, Cause):
            notes.causes[items] = [content] * n
            continue
        notes.mtime_ns[items], notes.size_bytes[items] = content.mtime_ns, content.size_bytes
        notes.is_lasting[items] = content.is_stable
        if content.etag is not None:
            notes.etags[items] = [content.etag] * n
        treatment = treatments[file]
        if preview is not None and treatment is Treatment.PREVIEW:
            notes.add_picture(items.start, preview, FLAG_PREVIEW)
            yield preview.pixels
            continue
        decoded = _decode_items(content.data, task, items.start, regions[items])
        try:
            yield from _note_pictures(decoded, task, treatment, preview, notes)
        except LeftToCaller:
            if left is None:
                raise
            left.append(file)


def _note_pictures(
    decoded: Iterator[tuple[int, Picture | Cause]],
    task: Task,
    treatment: Treatment,
    preview: Picture | None,
    notes: _ItemNotes,
) -> Iterator[ByteArray]:
    """Yield the pixels of the usable items of a file, and note the rest."""
    for item, picture in decoded:
        if isinstance(picture, Cause):
            notes.add_failure(item, picture, task.max_pixels)
        else:
            flags = FLAG_TRUNCATED if picture.is_truncated else 0
            if picture.orientation != 1 and tuple(task.regions[item]) != WHOLE:
                flags |= FLAG_TURNED
            if treatment is Treatment.COMPARE:
                flags |= FLAG_CHECKED
            if preview is not None:
                notes.previews[item] = preview.pixels
            notes.add_picture(item, picture, flags)
            yield picture.pixels
        # The next picture may be as large: this one must not stay until it is there.
        del picture


def _decode_items(
    data: bytes, task: Task, start: int, regions: list[tuple[float, float, float, float]]
) -> Iterator[tuple[int, Picture | Cause]]:
    """Decode the items of a file, the first of which is `start`, in no particular order."""
    min_side = choose_min_side(task.spec)
    if regions == [WHOLE]:
        yield start, decode_image(data, min_side=min_side, max_pixels=task.max_pixels)
        return
    crops = [place for place, region in enumerate(regions) if region != WHOLE]
    if len(crops) < len(regions):  # the whole photo is an item as well
        place = start + regions.index(WHOLE)
        yield place, decode_image(data, min_side=min_side, max_pixels=task.max_pixels)
    for place, picture in decode_regions(
        data,
        [regions[place] for place in crops],
        min_side=choose_crop_min_side(task.spec),
        max_pixels=task.max_pixels,
        margin=task.spec.crop_margin,
        is_square=task.spec.crop_square,
    ):
        yield start + crops[place], picture
        del picture


def _read_files(task: Task, stop: StopSign | None) -> Iterator[_FileRead]:
    """Read files in order, with their previews where the treatments need these.

    Files of this machine are read one after the other; of objects, several are on their way.
    """
    storage = FILES if task.has_objects else LOCAL_FILES
    min_side, max_pixels = choose_min_side(task.spec), task.max_pixels
    read = partial(read_with_preview, storage, min_side=min_side, max_pixels=max_pixels)
    if task.has_objects:
        treatments = task.treatments or repeat(Treatment.DECODE)
        calls = map(partial, repeat(read), task.locations, treatments, task.etags or repeat(None))
        stop_event = None if stop is None else stop.event
        yield from read_ahead(calls, _weigh_file, stop_event)
        return
    for file, location in enumerate(task.locations):
        if stop is not None and stop.event.is_set():
            return
        if task.treatments is None:
            yield storage.read(location), None
        else:
            yield read(location, task.treatments[file])


def _weigh_file(file: _FileRead) -> int:
    """Count the bytes that were read of a file."""
    content, _ = file
    return 0 if isinstance(content, Cause) else len(content.data)


def _is_lasting(cause: Cause, max_pixels: int) -> bool:
    """Tell whether a failure is due to the file itself, not to this run."""
    if cause is Cause.TOO_LARGE:
        return max_pixels == MAX_PIXELS and not HAS_SMALLER_LIMITS
    return cause is not Cause.MEMORY
