"""The variable with OpenCV's own limit of pixels, which OpenCV reads when it is loaded.

OpenCV ends the process when it cannot read the value, before anybody can catch that.
"""

import os

OPENCV_LIMIT_VARIABLE = "OPENCV_IO_MAX_IMAGE_PIXELS"
_UNITS = ("MB", "Mb", "mb", "KB", "Kb", "kb")
# Larger numbers may have more than 64 bits.
_MAX_DIGITS = 19


def is_readable(value: str) -> bool:
    """Tell whether OpenCV can read a value: a whole number, of units of two letters or of none."""
    digits = value[:-2] if value.endswith(_UNITS) else value
    return digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS


def drop_unreadable_limit() -> None:
    """Take the variable out of the environment if it would end the process."""
    if not is_readable(os.environ.get(OPENCV_LIMIT_VARIABLE, "1")):
        del os.environ[OPENCV_LIMIT_VARIABLE]
