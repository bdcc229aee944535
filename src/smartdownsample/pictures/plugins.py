"""Formats that OpenCV does not decode, through Pillow plugins that optional extras install.

A plugin is imported when the first image of its format is met, not before.
"""

import importlib
import io
from typing import NamedTuple

import numpy as np

from ..records import ByteArray, Cause


class _Extra(NamedTuple):
    """A format's plugin, and what to say where it is not installed."""

    module: str
    cause: Cause


EXTRA_FORMATS = {
    "HEIC": _Extra("pillow_heif", Cause.HEIC),
    "JPEG XL": _Extra("pillow_jxl", Cause.JPEG_XL),
}


def decode_extra(data: bytes, name: str) -> ByteArray | Cause:
    """Decode an image with the plugin of its format.

    Parameters
    ----------
    data : bytes
        Content of the file.
    name : str
        One of `EXTRA_FORMATS`.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3), or Cause
        RGB, upright, transparent pixels laid on white; or why there is none.
    """
    extra = EXTRA_FORMATS[name]
    try:
        plugin = importlib.import_module(extra.module)
        from PIL import Image, ImageOps
    except ImportError:
        return extra.cause
    if name == "HEIC":
        plugin.register_heif_opener()
    try:
        with Image.open(io.BytesIO(data)) as image:
            upright = ImageOps.exif_transpose(image).convert("RGBA")
            paper = Image.new("RGBA", upright.size, "white")
            return np.asarray(Image.alpha_composite(paper, upright).convert("RGB"))
    except (OSError, ValueError, SyntaxError, RuntimeError):
        return Cause.UNREADABLE
