"""Formats that OpenCV does not decode, through Pillow plugins that optional extras install."""

import importlib
import io
from typing import NamedTuple

import numpy as np

from ..records import ByteArray, Cause


class _Plugin(NamedTuple):
    """The module of a plugin, and the cause of failure where it is not installed."""

    module: str
    cause: Cause


EXTRA_FORMATS = {
    "HEIC": _Plugin("pillow_heif", Cause.HEIC),
    "JPEG XL": _Plugin("pillow_jxl", Cause.JPEG_XL),
}


def decode_with_plugin(data: bytes, name: str) -> ByteArray | Cause:
    """Decode to upright RGB, shape (h, w, 3), with transparent pixels laid on white.

    `name` is one of `EXTRA_FORMATS`. Plugins are imported when the first such image appears.
    """
    try:
        plugin = importlib.import_module(EXTRA_FORMATS[name].module)
        from PIL import Image, ImageOps
    except ImportError:
        return EXTRA_FORMATS[name].cause
    if name == "HEIC":
        plugin.register_heif_opener()
    try:
        with Image.open(io.BytesIO(data)) as image:
            upright = ImageOps.exif_transpose(image).convert("RGBA")
            paper = Image.new("RGBA", upright.size, "white")
            return np.asarray(Image.alpha_composite(paper, upright).convert("RGB"))
    except (OSError, ValueError, SyntaxError, RuntimeError):
        return Cause.UNREADABLE
