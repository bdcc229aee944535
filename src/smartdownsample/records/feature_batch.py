"""Features on their way to the store, and what tells that a file is the same as before."""

from dataclasses import dataclass

from .arrays import BoolArray, Float32Array, FrameArray, IntArray, RowArray
from .failures import Cause


@dataclass(frozen=True)
class FileStats:
    """What a storage says of f files, without opening them.

    Attributes
    ----------
    mtime_ns, size_bytes : ndarray of int64, shape (f,)
        Zero where there is no readable file.
    causes : dict of int to Cause
        The places where there is no readable file.
    etags : list of str or None, length f, or None
        What names the content of each object of an object store; None for files, and where all
        are files.
    """

    mtime_ns: IntArray
    size_bytes: IntArray
    causes: dict[int, Cause]
    etags: list[str | None] | None = None

    def take(self, files: IntArray) -> "FileStats":
        """Take what is said of some files that can be read."""
        return FileStats(self.mtime_ns[files], self.size_bytes[files], {})


@dataclass(frozen=True)
class FeatureBatch:
    """Freshly computed features of n items, on their way to the store.

    Attributes
    ----------
    items : ndarray of int64, shape (n,)
        The items, as places in the `ItemList`.
    keys, order_keys : list of bytes, length n
        Absolute paths, and the keys whose byte order is the natural order.
    frames, regions
        As in the `ItemList`.
    mtime_ns, size_bytes : ndarray of int64, shape (n,)
        Of the file at the time it was read.
    rows : structured ndarray, shape (n,)
        Features; zeros where the image could not be used.
    causes : list of Cause or None, length n
        None where the image could be used.
    is_lasting : ndarray of bool, shape (n,)
        Whether this is a fact about the file's content. False when the file changed while it
        was read or the disk failed: good for this run at best, not for the store.
    decoders : str
        The image decoders that were used, and their versions; empty for those of this process.
    etags : list of str or None, length n, or None
        As in `FileStats`, of the items.
    """

    items: IntArray
    keys: list[bytes]
    order_keys: list[bytes]
    frames: FrameArray
    regions: Float32Array
    mtime_ns: IntArray
    size_bytes: IntArray
    rows: RowArray
    causes: list[Cause | None]
    is_lasting: BoolArray
    decoders: str = ""
    etags: list[str | None] | None = None
