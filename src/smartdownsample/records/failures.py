"""Why items could not be used."""

from enum import Enum
from typing import NamedTuple


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
    WORKER_LOST = "Worker process ended each time it was given the image"
    BOX_INVALID = "Box is not four finite numbers"
    BOX_EMPTY = "Box has no area"
    BOX_OUTSIDE = "Box lies outside of the picture"
    BOX_MISSING = "Box lies in the missing part of a truncated photo"
    ON_THE_WEB = "Photo is on the web, not here"
    UNREACHABLE = "Object store or web server cannot be reached"
    THROTTLED = "Object store refuses so many requests"
    DETECTOR_FAILED = "Marked as failed by the detector"
    CORRUPT = "Marked as corrupt in the document"


def read_cause(name: str) -> Cause:
    """Read the name of a cause; of those that only newer releases know no more is told."""
    return Cause.__members__.get(name, Cause.UNREADABLE)


# Of a store or a network that fails, and not of an image: the next run tries again.
NOT_REACHED = frozenset((Cause.UNREACHABLE, Cause.THROTTLED))


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
