"""What features are: everything that changes them, and the layout of their rows."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np

from ..options import MAX_CROP_MARGIN, MAX_HASH_SIZE, MIN_HASH_SIZE, DecodeMode

LAB_LAYOUT_SIDE = 4
# Units of the field ``sharpness`` of a row in one.
SHARPNESS_SCALE = 200


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


def n_bytes(n_bits: int) -> int:
    """Count the bytes that hold `n_bits` packed bits."""
    return (n_bits + 7) // 8
