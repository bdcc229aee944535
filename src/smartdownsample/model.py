"""The frozen records that pass between the rooms of smartdownsample."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple, cast

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from matplotlib.figure import Figure

IntArray = npt.NDArray[np.int64]
ByteArray = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
# A structured array; NumPy's typing cannot name its fields.
RowArray = npt.NDArray[np.void]

DecodeMode = Literal["exact", "fast", "preview"]

LAB_LAYOUT_SIDE = 4

# More than any panorama of a camera trap. Decoded in full it takes less than 1 GB with 8 bits a
# channel, and up to 5 GB with 16 bits and alpha.
MAX_PIXELS = 2**28

# Bits of the field ``flags`` of a row. The file ends too early; features are of the preview in the
# file; the photo was decoded to check the previews of its folder; it had a preview that could be
# compared; the two were alike.
FLAG_TRUNCATED = 1
FLAG_PREVIEW = 2
FLAG_CHECKED = 4
FLAG_COMPARED = 8
FLAG_ALIKE = 16


class Cause(str, Enum):
    """Why an image is not among the readable ones; the value is the text for people."""

    MISSING = "File not found"
    PERMISSION = "Permission denied"
    FOLDER = "Is a folder, not an image"
    NOT_A_FILE = "Not a regular file"
    LINK_LOOP = "Symbolic link that leads to itself"
    DISK_ERROR = "Cannot read from disk"
    EMPTY = "File is empty"
    TEXT = "Not an image but text"
    WEB_PAGE = "Not an image but a web page"
    VIDEO = "Not an image but a video"
    DOCUMENT = "Not an image but a PDF document"
    ARCHIVE = "Not an image but an archive"
    NOT_AN_IMAGE = "Not an image"
    RAW_PHOTO = "Camera raw photo, which needs to be converted to JPEG"
    HEIC = "HEIC image, which needs: pip install 'smartdownsample[heic]'"
    JPEG_XL = "JPEG XL image, which needs: pip install 'smartdownsample[jxl]'"
    TOO_LARGE = "Image is too large"
    TRUNCATED = "Image file is truncated"
    MEMORY = "Cannot decode image, perhaps for want of memory"
    UNREADABLE = "Cannot read image file"


class Failure(NamedTuple):
    """One image that could not be used.

    Attributes
    ----------
    path : str
        The path as the caller gave it.
    cause : Cause
        Why it could not be used.
    """

    path: str
    cause: Cause


@dataclass(frozen=True)
class FeatureSpec:
    """Everything that changes a feature: rows of different specs never mix.

    Attributes
    ----------
    hash_size : int
        Side of the DHash in bits; the AHash has half of it.
    decode : {"exact", "fast", "preview"}
        How images are decoded.
    version : int
        Version of the formulas, `smartdownsample.features.FEATURE_VERSION`.
    """

    hash_size: int
    decode: DecodeMode
    version: int

    @property
    def fingerprint(self) -> str:
        """Name of this spec; also the name of its folder in the store."""
        return f"hash{self.hash_size}-{self.decode}-v{self.version}"

    @classmethod
    def from_fingerprint(cls, fingerprint: str) -> "FeatureSpec | None":
        """Read a spec from its fingerprint; None when it is not one of this package's."""
        found = re.fullmatch(r"hash(\d+)-(exact|fast|preview)-v(\d+)", fingerprint)
        if found is None:
            return None
        hash_size, decode, version = found.groups()
        return cls(int(hash_size), cast("DecodeMode", decode), int(version))

    @property
    def ahash_size(self) -> int:
        """Side of the AHash in bits."""
        return self.hash_size // 2

    @cached_property
    def row_dtype(self) -> np.dtype[np.void]:
        """Layout of one row of the feature matrix.

        ``dhash`` and ``ahash`` are packed bits, row by row, most significant first;
        ``mean_rgb`` is in levels of 0 to 255; ``lab_layout`` is a 4×4 grid of 8-bit L, a, b;
        ``width`` and ``height`` are of the upright picture, in pixels; ``captured`` is when it was
        taken, local time of the camera's clock, which knows of no zone, or NaT.
        """
        return np.dtype(
            [
                ("dhash", np.uint8, (n_bytes(self.hash_size**2),)),
                ("ahash", np.uint8, (n_bytes(self.ahash_size**2),)),
                ("mean_rgb", np.float32, (3,)),
                ("lab_layout", np.uint8, (LAB_LAYOUT_SIDE * LAB_LAYOUT_SIDE * 3,)),
                ("width", np.uint32),
                ("height", np.uint32),
                ("flags", np.uint8),
                ("captured", "datetime64[ms]"),
            ]
        )


def n_bytes(n_bits: int) -> int:
    """Count the bytes that hold `n_bits` packed bits."""
    return (n_bits + 7) // 8


@dataclass(frozen=True)
class ItemList:
    """The distinct items of a call, in the order in which the caller named them first.

    Attributes
    ----------
    paths : list of str
        Each item's path as the caller gave it.
    keys : list of bytes
        Each item's absolute path as the file system knows it.
    positions : ndarray of int64, shape (n,), or None
        Where the item stands in the caller's list; None when a folder or glob was given.
    n_given : int
        Length of the caller's list; larger than n when paths repeat.
    """

    paths: list[str]
    keys: list[bytes]
    positions: IntArray | None
    n_given: int


@dataclass(frozen=True)
class FileStats:
    """What the file system says of n items, without opening them.

    Attributes
    ----------
    mtime_ns, size_bytes : ndarray of int64, shape (n,)
        Zero where the item is no readable file.
    causes : dict of int to Cause
        The items that are no readable file.
    """

    mtime_ns: IntArray
    size_bytes: IntArray
    causes: dict[int, Cause]


@dataclass(frozen=True)
class FeatureBatch:
    """Freshly computed features of a few items, on their way to the store.

    Attributes
    ----------
    items : ndarray of int64, shape (n,)
        The items, as places in the `ItemList`.
    keys, order_keys : list of bytes, length n
        Absolute paths, and the keys whose byte order is the natural order.
    mtime_ns, size_bytes : ndarray of int64, shape (n,)
        Of the file at the time it was read.
    rows : structured ndarray, shape (n,)
        Features; zeros where the image could not be used.
    causes : list of Cause or None, length n
        None where the image could be used.
    is_lasting : ndarray of bool, shape (n,)
        Whether this is a fact about the file's content. False when the file changed while it
        was read or the disk failed: good for this run at best, not for the store.
    """

    items: IntArray
    keys: list[bytes]
    order_keys: list[bytes]
    mtime_ns: IntArray
    size_bytes: IntArray
    rows: RowArray
    causes: list[Cause | None]
    is_lasting: BoolArray


@dataclass(frozen=True, eq=False, repr=False)
class FeatureTable:
    """The readable items of a collection in natural order, with their features.

    Attributes
    ----------
    spec : FeatureSpec
        What the features are.
    paths : list of str, length n
        As the caller gave them.
    indices : ndarray of int64, shape (n,)
        Where each item stands in the caller's list, or in the list that
        `smartdownsample.find_images` gives of the caller's folder or glob.
    rows : structured ndarray, shape (n,)
        The feature matrix, see `FeatureSpec.row_dtype`.
    failures : tuple of Failure
        The items that could not be used, in natural order.
    n_given : int
        Length of the caller's list.
    n_extracted : int
        How many images were read for this table.
    n_known : int
        How many images were known to the store.
    """

    spec: FeatureSpec
    paths: list[str]
    indices: IntArray
    rows: RowArray
    failures: tuple[Failure, ...]
    n_given: int
    n_extracted: int
    n_known: int

    def __repr__(self) -> str:
        """Show the counts."""
        return f"<FeatureTable of {len(self):,} images, {len(self.failures):,} unreadable>"

    def __len__(self) -> int:
        """Count the readable items."""
        return len(self.paths)

    @property
    def n_truncated(self) -> int:
        """Count the readable items whose file ends too early; the rest of the picture is grey."""
        return int((self.rows["flags"] & FLAG_TRUNCATED != 0).sum())

    @property
    def n_previews(self) -> int:
        """Count the readable items whose features are those of the preview in their file."""
        return int((self.rows["flags"] & FLAG_PREVIEW != 0).sum())

    @property
    def n_duplicates(self) -> int:
        """Count the paths of the caller's list that named an item again."""
        return self.n_given - len(self.paths) - len(self.failures)


class BucketCount(NamedTuple):
    """How many items of one bucket there are, and how many of them were selected."""

    code: int
    size: int
    n_kept: int


class GroupCount(NamedTuple):
    """How many items of one group there are, and how many of them were selected."""

    name: str
    size: int
    n_kept: int


class GroupLabels(NamedTuple):
    """The groups of a collection.

    Attributes
    ----------
    names : tuple of str, length g
        Name of each group, in natural order.
    ids : ndarray of int64, shape (n,)
        Number of each item's group.
    """

    names: tuple[str, ...]
    ids: IntArray


@dataclass(frozen=True, eq=False, repr=False)
class Selection:
    """The selected items of a collection, in natural order.

    Attributes
    ----------
    table : FeatureTable
        The collection that was sampled.
    codes : ndarray of uint8, shape (n,)
        Each item's bucket, see `smartdownsample.buckets`.
    rows : ndarray of int64, shape (k,)
        The selected rows of the table, ascending.
    target_count : int
        How many items were asked for.
    random_seed : int or None
        The seed they were picked with.
    labels : GroupLabels or None
        The groups that were sampled, if any.
    earlier_rows : ndarray of int64
        Rows selected before, which these were kept apart from; not among ``rows``.
    """

    table: FeatureTable
    codes: ByteArray
    rows: IntArray
    target_count: int
    random_seed: int | None
    labels: GroupLabels | None = None
    earlier_rows: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def __repr__(self) -> str:
        """Show the counts."""
        return (
            f"<Selection of {len(self):,} of {len(self.table):,} images "
            f"from {len(self.buckets)} buckets>"
        )

    def __len__(self) -> int:
        """Count the selected items."""
        return len(self.rows)

    @property
    def paths(self) -> list[str]:
        """Paths of the selected items, each as the caller gave it."""
        paths = self.table.paths
        return [paths[row] for row in self.rows.tolist()]

    @property
    def indices(self) -> IntArray:
        """Places of the selected items in the caller's list, shape (k,)."""
        return self.table.indices[self.rows]

    @property
    def failures(self) -> Sequence[Failure]:
        """The items that could not be used."""
        return self.table.failures

    @cached_property
    def is_kept(self) -> BoolArray:
        """Whether each item of the table is selected, shape (n,)."""
        kept = np.zeros(len(self.table), dtype=np.bool_)
        kept[self.rows] = True
        return kept

    @cached_property
    def buckets(self) -> list[BucketCount]:
        """Size and number of selected items of each bucket, largest first."""
        codes, sizes = np.unique(self.codes, return_counts=True)
        kept = np.bincount(self.codes[self.rows], minlength=256)[codes]
        order = np.argsort(-sizes, kind="stable")
        return [BucketCount(int(codes[i]), int(sizes[i]), int(kept[i])) for i in order]

    @cached_property
    def groups(self) -> list[GroupCount]:
        """Size and number of selected items of each group, in natural order of the names."""
        if self.labels is None:
            return []
        names, ids = self.labels
        sizes = np.bincount(ids, minlength=len(names)).tolist()
        kept = np.bincount(ids[self.rows], minlength=len(names)).tolist()
        return list(map(GroupCount, names, sizes, kept))

    # A selection hands itself to the rooms that show and write it. They stand above this one, and
    # are imported on first need.

    def save(self, destination: "str | os.PathLike[str]") -> None:
        """Write the selection to a file.

        Parameters
        ----------
        destination : path
            Its extension decides the format: ``.txt`` (paths), ``.csv``, ``.json``, ``.parquet``.

        Raises
        ------
        InvalidParameterError
            When the extension is another one.
        OutputError
            When the file cannot be written.
        """
        from .outputs import write_selection

        write_selection(self, destination)

    def save_report(self, path: "str | os.PathLike[str]", *, cache: bool = True) -> None:
        """Write a page that shows what was selected and what was not, and why.

        Parameters
        ----------
        path : path
            By custom ``*.html``. The file needs no other and no network.
        cache : bool
            Whether its thumbnails are kept for later pages, beside the features.

        Raises
        ------
        OutputError
            When the file cannot be written.
        """
        from .report import save_report

        save_report(self, path, cache=cache)

    def to_arrow(self) -> "pa.Table":
        """Hand over a table with a row for each selected item.

        Returns
        -------
        pyarrow.Table
            See `smartdownsample.tabulate.tabulate_selection`.
        """
        from .tabulate import tabulate_selection

        return tabulate_selection(self)

    def to_pandas(self) -> "pd.DataFrame":
        """Hand over the table of `to_arrow` to pandas, which must be installed.

        Returns
        -------
        pandas.DataFrame
            With the same columns.
        """
        return self.to_arrow().to_pandas()

    def plot_distribution(self) -> "Figure":
        """Draw the chart of the buckets. Needs the extra ``viz``.

        Returns
        -------
        matplotlib.figure.Figure
            Shown by notebooks, and saved by its own method.

        Raises
        ------
        MissingExtraError
            When matplotlib is not installed.
        """
        from . import report

        return report.make_figure(report.draw_distribution, self)

    def plot_thumbnails(self) -> "Figure":
        """Draw grids of thumbnails, one for each bucket. Needs the extra ``viz``.

        Returns
        -------
        matplotlib.figure.Figure
            Shown by notebooks, and saved by its own method.

        Raises
        ------
        MissingExtraError
            When matplotlib is not installed.
        """
        from . import report

        return report.make_figure(report.draw_thumbnails, self)

    def _repr_html_(self) -> str:
        """Show the counts and the buckets in a notebook."""
        from .report import format_html

        return format_html(self)
