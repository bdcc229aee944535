"""What goes out to workers and what comes back: plain data, for threads, processes and clusters."""

from typing import NamedTuple

import numpy as np

from ..pictures import Treatment
from ..records import (
    BoolArray,
    Cause,
    FeatureSpec,
    Float32Array,
    FrameArray,
    IntArray,
    RowArray,
)


class Keeping(NamedTuple):
    """What workers may keep of f files themselves, and where.

    Attributes
    ----------
    cache_dir : str
        Folder of the store, as all machines name it, or its URL in a bucket.
    sign : str
        A file in it by which a worker knows that it sees this folder, or that URL, see
        `smartdownsample.store.leave_sign`.
    decoders : str
        Failures of these decoders are known from then on.
    mtime_ns, size_bytes : ndarray of int64, shape (f,)
        Rows of files in this state are.
    """

    cache_dir: str
    sign: str
    decoders: str
    mtime_ns: IntArray
    size_bytes: IntArray

    def choose_files(self, files: list[int] | IntArray) -> "Keeping":
        """Choose some of the files."""
        return self._replace(mtime_ns=self.mtime_ns[files], size_bytes=self.size_bytes[files])


class Task(NamedTuple):
    """The items of f files to extract.

    Attributes
    ----------
    locations : list of str, length f
        Absolute paths; undecodable bytes as surrogates.
    counts : list of int, length f
        How many items each file has, at least one.
    frames : ndarray of int32, shape (n,)
        Frames of the items, file by file.
    regions : ndarray of float32, shape (n, 4)
        Regions of the same items.
    spec : FeatureSpec
        What to compute.
    treatments : list of Treatment, length f, or None
        What to do with each file; None decodes all.
    max_pixels : int
        An image with more pixels than this is not decoded.
    keeping : Keeping, optional
        Where workers keep rows; by default all come back.
    etags : list of str or None, length f, or None
        The content that each object of an object store is to have; None where it is not known.
    is_apart : bool, default=False
        Whether workers are to decode in a process apart, since some have ended with these files.
    """

    locations: list[str]
    counts: list[int]
    frames: FrameArray
    regions: Float32Array
    spec: FeatureSpec
    treatments: list[Treatment] | None
    max_pixels: int
    keeping: Keeping | None = None
    etags: list[str | None] | None = None
    is_apart: bool = False

    @property
    def has_objects(self) -> bool:
        """Whether any file is an object of an object store or a web server."""
        return any("://" in location for location in self.locations)

    def items_of(self, files: list[int]) -> IntArray:
        """List the items of some of the files, file by file."""
        ends = np.cumsum(self.counts)
        own = (np.arange(ends[i] - self.counts[i], ends[i]) for i in files)
        return np.concatenate([np.arange(0), *own])

    def choose_files(self, files: list[int]) -> "Task":
        """Make the task of some of the files."""
        items = self.items_of(files)
        return self._replace(
            locations=[self.locations[i] for i in files],
            counts=[self.counts[i] for i in files],
            frames=self.frames[items],
            regions=self.regions[items],
            treatments=self.treatments and [self.treatments[i] for i in files],
            keeping=self.keeping and self.keeping.choose_files(files),
            etags=self.etags and [self.etags[i] for i in files],
        )


class ExtractedChunk(NamedTuple):
    """The result of a task for n items; the fields are those of `FeatureBatch`."""

    order_keys: list[bytes]
    rows: RowArray
    causes: list[Cause | None]
    mtime_ns: IntArray
    size_bytes: IntArray
    is_lasting: BoolArray
    etags: list[str | None] | None = None

    def take(self, items: IntArray) -> "ExtractedChunk":
        """Take the result for some of the items."""
        places = items.tolist()
        return ExtractedChunk(
            [self.order_keys[place] for place in places],
            self.rows[items],
            [self.causes[place] for place in places],
            self.mtime_ns[items],
            self.size_bytes[items],
            self.is_lasting[items],
            self.etags and [self.etags[place] for place in places],
        )

    def put(self, part: "ExtractedChunk", items: IntArray) -> None:
        """Put the result for some of the items in its place."""
        for i, item in enumerate(items.tolist()):
            self.causes[item] = part.causes[i]
            if self.etags is not None and part.etags is not None:
                self.etags[item] = part.etags[i]
        for name in ("rows", "mtime_ns", "size_bytes", "is_lasting"):
            getattr(self, name)[items] = getattr(part, name)
