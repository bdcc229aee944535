"""The frozen records that pass between the wings, from named images to a table of features."""

import re
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from .display import count_noun
from .options import MAX_CROP_MARGIN, MAX_HASH_SIZE, MIN_HASH_SIZE, DecodeMode

if TYPE_CHECKING:
    import pyarrow as pa

# Distances between pictures, see `smartdownsample.sampling.distances`.
DistanceArray = npt.NDArray[np.uint16]
IntArray = npt.NDArray[np.int64]
ByteArray = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
# A structured array; NumPy's typing cannot name its fields.
RowArray = npt.NDArray[np.void]
FrameArray = npt.NDArray[np.int32]

LAB_LAYOUT_SIDE = 4
# Units of the field ``sharpness`` of a row in one.
SHARPNESS_SCALE = 200

# x, y, width and height as shares of the upright picture.
Region: TypeAlias = tuple[float, float, float, float]
WHOLE: Region = (0.0, 0.0, 1.0, 1.0)
# Columns of tables that have regions.
REGION_COLUMNS = ("x", "y", "box_width", "box_height")

# Bits of the field ``flags`` of a row. The file ends too early; features are of the preview in the
# file; the photo was decoded to check the previews of its folder; it had a preview that could be
# compared; the two were alike. The picture that the crop is of is not stored upright.
FLAG_TRUNCATED = 1
FLAG_PREVIEW = 2
FLAG_CHECKED = 4
FLAG_COMPARED = 8
FLAG_ALIKE = 16
FLAG_TURNED = 32


_FINGERPRINT = re.compile(
    r"hash([1-9][0-9]?)-(exact|fast|preview)-v([1-9][0-9]{0,3})"
    r"(?:-margin([0-9]{1,2}(?:\.[0-9]{1,17})?))?(-square)?"
)


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
    TOO_SLOW = "Image takes too long to decode"
    TRUNCATED = "Image file is truncated"
    MEMORY = "Cannot decode image, perhaps for want of memory"
    UNREADABLE = "Cannot read image file"
    BOX_INVALID = "Box is not four finite numbers"
    BOX_EMPTY = "Box has no area"
    BOX_OUTSIDE = "Box lies outside of the picture"
    BOX_MISSING = "Box lies in the missing part of a truncated photo"
    ON_THE_WEB = "Photo is on the web, not here"
    DETECTOR_FAILED = "Marked as failed by the detector"
    CORRUPT = "Marked as corrupt in the document"


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
    crop_margin : float
        Share of a box's side that is added to its crop on each side.
    crop_square : bool
        Whether crops are made square.
    """

    hash_size: int
    decode: DecodeMode
    version: int
    crop_margin: float = 0.0
    crop_square: bool = False

    @property
    def fingerprint(self) -> str:
        """Name of this spec; also the name of its folder in the store."""
        margin = f"-margin{self.crop_margin!r}" if self.crop_margin else ""
        square = "-square" if self.crop_square else ""
        return f"hash{self.hash_size}-{self.decode}-v{self.version}{margin}{square}"

    @classmethod
    def from_fingerprint(cls, fingerprint: str) -> "FeatureSpec | None":
        """Read a spec from its fingerprint; None when it is not one of this package's."""
        found = _FINGERPRINT.fullmatch(fingerprint)
        if found is None or not MIN_HASH_SIZE <= int(found[1]) <= MAX_HASH_SIZE:
            return None
        spec = cls(
            int(found[1]),
            cast("DecodeMode", found[2]),
            int(found[3]),
            float(found[4] or 0),
            found[5] is not None,
        )
        is_known = spec.crop_margin <= MAX_CROP_MARGIN and spec.fingerprint == fingerprint
        return spec if is_known else None

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
        taken, local time of the camera's clock, which knows of no zone, or NaT; ``sharpness`` is
        what `smartdownsample.features.sharpness` computes, 0 where it is unknown.
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
                ("sharpness", np.uint8),
            ]
        )


def are_crops(regions: Float32Array) -> BoolArray:
    """Tell which regions, shape (n, 4), are not whole photos."""
    is_crop: BoolArray = (regions != np.array(WHOLE, dtype=np.float32)).any(axis=1)
    return is_crop


def n_bytes(n_bits: int) -> int:
    """Count the bytes that hold `n_bits` packed bits."""
    return (n_bits + 7) // 8


@dataclass(frozen=True)
class FileStats:
    """What a storage says of f files, without opening them.

    Attributes
    ----------
    mtime_ns, size_bytes : ndarray of int64, shape (f,)
        Zero where there is no readable file.
    causes : dict of int to Cause
        The places where there is no readable file.
    """

    mtime_ns: IntArray
    size_bytes: IntArray
    causes: dict[int, Cause]


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


@dataclass(frozen=True, eq=False, repr=False)
class FeatureTable:
    """The readable items of a collection in natural order, with their features.

    Attributes
    ----------
    spec : FeatureSpec
        What the features are.
    paths : list of str, length n
        As the caller gave them.
    frames, regions
        Of the items, as in the `ItemList`.
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
        How many files were read for this table.
    n_known : int
        How many items were known to the store.
    n_added : int
        How many items are not of the caller's list.
    repeats : ndarray of int64, shape (r, 2), or None
        As in the `ItemList`.
    details : pyarrow.Table or None
        What a document says of each item: n rows, see `smartdownsample.items.DETAILS`.
    n_not_items : int
        How many of the failures are of what a document names and is no item.
    """

    spec: FeatureSpec
    paths: list[str]
    frames: FrameArray
    regions: Float32Array
    indices: IntArray
    rows: RowArray
    failures: tuple[Failure, ...]
    n_given: int
    n_extracted: int
    n_known: int
    n_added: int = 0
    details: "pa.Table | None" = None
    n_not_items: int = 0
    repeats: IntArray | None = None

    def __repr__(self) -> str:
        """Show the counts."""
        return f"<FeatureTable of {self.count_items()}, {len(self.failures):,} unreadable>"

    def __len__(self) -> int:
        """Count the readable items."""
        return len(self.paths)

    def take(self, rows: IntArray) -> "FeatureTable":
        """Make the table of some rows alone, as if they had been given."""
        return FeatureTable(
            self.spec,
            [self.paths[row] for row in rows.tolist()],
            self.frames[rows],
            self.regions[rows],
            self.indices[rows],
            self.rows[rows],
            (),
            len(rows),
            self.n_extracted,
            self.n_known,
            details=None if self.details is None else self.details.take(rows),
        )

    @cached_property
    def has_regions(self) -> bool:
        """Whether any item is not a whole photo."""
        return bool(are_crops(self.regions).any())

    @cached_property
    def photos(self) -> IntArray:
        """Number of the photo that each item is in, shape (n,), in order of first appearance."""
        if not self.has_regions:
            return np.arange(len(self))
        number_of: dict[str, int] = {}
        numbers = (number_of.setdefault(path, len(number_of)) for path in self.paths)
        return np.fromiter(numbers, np.int64, len(self))

    @property
    def n_files(self) -> int:
        """Count the photos that items are in."""
        return int(self.photos.max(initial=-1)) + 1

    @property
    def noun(self) -> str:
        """What people call an item: a "crop" where there are regions, else an "image"."""
        return "crop" if self.has_regions else "image"

    def count_items(self) -> str:
        """Say how many items there are, and in how many photos where that is not the same."""
        where = f" in {count_noun(self.n_files, 'photo')}" if self.has_regions else ""
        return f"{count_noun(len(self), self.noun)}{where}"

    def pair_items(self, indices: IntArray) -> list[tuple[str, Region]]:
        """List path and region of the items at some places of the caller's list.

        Items that could not be used are left out. The pairs are elements for ``keep``.
        """
        return self._pair_rows(np.flatnonzero(np.isin(self.indices, indices)))

    def name_items(self, rows: IntArray) -> "list[str] | list[tuple[str, Region]]":
        """Name the items of some rows: paths, or, where there are crops, pairs with the region."""
        if self.has_regions:
            return self._pair_rows(rows)
        return [self.paths[row] for row in rows.tolist()]

    def _pair_rows(self, rows: IntArray) -> list[tuple[str, Region]]:
        """List path and region of some rows."""
        regions = self.regions[rows].tolist()
        return [
            (self.paths[row], (x, y, width, height))
            for row, (x, y, width, height) in zip(rows.tolist(), regions, strict=True)
        ]

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
        """Count the items of the caller's list that repeat."""
        n_listed = self.n_given + self.n_added + self.n_not_items
        return n_listed - len(self.paths) - len(self.failures)
