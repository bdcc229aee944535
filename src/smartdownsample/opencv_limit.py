"""Environment variables that OpenCV reads when it is loaded, its limits of image sizes among them.

OpenCV ends the process when it cannot read a value, before anybody can catch that.
"""

import os

OPENCV_LIMIT_VARIABLE = "OPENCV_IO_MAX_IMAGE_PIXELS"
_SIDE_VARIABLES = ("OPENCV_IO_MAX_IMAGE_WIDTH", "OPENCV_IO_MAX_IMAGE_HEIGHT")
# Variables that must be numbers, and such as must be flags (with OpenCV 5.0).
_NUMBERS = frozenset(
    (
        OPENCV_LIMIT_VARIABLE,
        *_SIDE_VARIABLES,
        "OPENCV_FOR_THREADS_NUM",
        "OPENCV_IMGCODECS_AVIF_MAX_FILE_SIZE",
        "OPENCV_IMGCODECS_WEBP_MAX_FILE_SIZE",
        "OPENCV_IO_MAX_IMAGE_PARAMS",
        "OPENCV_KMEANS_PARALLEL_GRANULARITY",
        "OPENCV_THREAD_POOL_ACTIVE_WAIT_MAIN",
        "OPENCV_THREAD_POOL_ACTIVE_WAIT_PAUSE_LIMIT",
        "OPENCV_THREAD_POOL_ACTIVE_WAIT_THREADS_LIMIT",
        "OPENCV_THREAD_POOL_ACTIVE_WAIT_WORKER",
        "OPENCV_TRACE_DEPTH_OPENCV",
        "OPENCV_TRACE_MAX_CHILDREN",
        "OPENCV_TRACE_MAX_CHILDREN_OPENCV",
    )
)
_FLAGS = frozenset(
    (
        "OPENCV_BUFFER_AREA_ALWAYS_SAFE",
        "OPENCV_DUMP_CONFIG",
        "OPENCV_DUMP_ERRORS",
        "OPENCV_ENABLE_MEMALIGN",
        "OPENCV_SKIP_CPU_BASELINE_CHECK",
        "OPENCV_TRACE",
        "OPENCV_TRACE_ITT_ENABLE",
        "OPENCV_TRACE_ITT_PARENT",
        "OPENCV_TRACE_SYNC_OPENCL",
    )
)
_FLAG_VALUES = frozenset(("0", "false", "False", "FALSE", "1", "true", "True", "TRUE"))
# OpenCV's own values, of pixels and of both sides.
_DEFAULTS = (2**30, 2**20, 2**20)
_UNITS = ("MB", "Mb", "mb", "KB", "Kb", "kb")
# Larger numbers may have more than 64 bits.
_MAX_DIGITS = 19


def is_readable(value: str) -> bool:
    """Tell whether OpenCV can read a value: a whole number, of units of two letters or of none."""
    digits = value[:-2] if value.endswith(_UNITS) else value
    return digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS


def find_expected(name: str, value: str) -> str | None:
    """Find what OpenCV expects of a variable, None where it can read the value."""
    if name in _NUMBERS and not is_readable(value):
        return "a whole number"
    if name in _FLAGS and value not in _FLAG_VALUES:
        return "'true' or 'false'"
    return None


def drop_unreadable_variables() -> None:
    """Take those variables out of the environment that would end the process."""
    for name in (*_NUMBERS, *_FLAGS):
        value = os.environ.get(name)
        if value is not None and find_expected(name, value):
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
