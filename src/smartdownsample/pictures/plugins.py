"""Formats that OpenCV does not decode, through Pillow plugins that optional extras install."""

import importlib
import io
from typing import NamedTuple

import numpy as np

from ..records import ByteArray, Cause

# Pixels that are laid on white at a time.
_BLOCK_PIXELS = 2**18


class _Plugin(NamedTuple):
    """The module of a plugin, Pillow's name of its format, and the cause where it is missing."""

    module: str
    pillow_name: str
    cause: Cause


EXTRA_FORMATS = {
    "HEIC": _Plugin("pillow_heif", "HEIF", Cause.HEIC),
    "JPEG XL": _Plugin("pillow_jxl", "JXL", Cause.JPEG_XL),
}


def decode_with_plugin(data: bytes, name: str, n_pixels: int) -> ByteArray | Cause:
    """Decode to upright RGB, shape (h, w, 3), with transparent pixels laid on white.

    `name` is one of `EXTRA_FORMATS`; an image of more than `n_pixels`, which is what the header
    says, is unreadable. Plugins are imported when the first such image appears.
    """
    try:
        plugin = importlib.import_module(EXTRA_FORMATS[name].module)
        from PIL import Image, ImageOps
    except ImportError:
        return EXTRA_FORMATS[name].cause
    if name == "HEIC":
        plugin.register_heif_opener()
    try:
        # Nothing but the format that the header has found: others have their own sizes.
        with Image.open(io.BytesIO(data), formats=[EXTRA_FORMATS[name].pillow_name]) as image:
            if image.width * image.height > n_pixels:
                return Cause.UNREADABLE
            ImageOps.exif_transpose(image, in_place=True)
            rgb = np.empty((image.height, image.width, 3), dtype=np.uint8)
            # A few rows at a time: Pillow makes a copy with each step.
            n_rows = max(1, _BLOCK_PIXELS // max(image.width, 1))
            for top in range(0, image.height, n_rows):
                bottom = min(top + n_rows, image.height)
                rows = image.crop((0, top, image.width, bottom)).convert("RGBA")
                paper = Image.new("RGBA", rows.size, "white")
                rgb[top:bottom] = np.asarray(Image.alpha_composite(paper, rows).convert("RGB"))
            return rgb
    except BaseException as error:
        # Pillow and its plugins let through whatever their parsers trip over.
        if isinstance(error, MemoryError) or not _is_failure(error):
            raise
        return Cause.UNREADABLE


def _is_failure(error: BaseException) -> bool:
    """Tell whether an error is a decoder's: a panic of one in Rust is no `Exception`."""
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"
