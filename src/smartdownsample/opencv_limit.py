"""Variables with OpenCV's own limits of images, which OpenCV reads when it is loaded.

OpenCV ends the process when it cannot read a value, before anybody can catch that.
"""

import os

OPENCV_LIMIT_VARIABLE = "OPENCV_IO_MAX_IMAGE_PIXELS"
_SIDE_VARIABLES = ("OPENCV_IO_MAX_IMAGE_WIDTH", "OPENCV_IO_MAX_IMAGE_HEIGHT")
# OpenCV's own values, of pixels and of both sides.
_DEFAULTS = (2**30, 2**20, 2**20)
_UNITS = ("MB", "Mb", "mb", "KB", "Kb", "kb")
# Larger numbers may have more than 64 bits.
_MAX_DIGITS = 19


def is_readable(value: str) -> bool:
    """Tell whether OpenCV can read a value: a whole number, of units of two letters or of none."""
    digits = value[:-2] if value.endswith(_UNITS) else value
    return digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS


def drop_unreadable_limit() -> None:
    """Take those variables out of the environment that would end the process."""
    for name in (OPENCV_LIMIT_VARIABLE, *_SIDE_VARIABLES):
        if not is_readable(os.environ.get(name, "1")):
            del os.environ[name]


def read_opencv_limits() -> tuple[int, int, int]:
    """Read how many pixels, columns and rows OpenCV decodes at most."""
    own = (os.environ.get(name, "") for name in (OPENCV_LIMIT_VARIABLE, *_SIDE_VARIABLES))
    pixels, columns, rows = (
        _read_number(value) if is_readable(value) else default
        for value, default in zip(own, _DEFAULTS, strict=True)
    )
    return pixels, columns, rows


def _read_number(value: str) -> int:
    """Read a readable value as OpenCV does, for which a kB has 1024 bytes."""
    units = {"m": 2**20, "k": 2**10}
    return int(value[:-2]) * units[value[-2].lower()] if value.endswith(_UNITS) else int(value)
