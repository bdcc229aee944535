"""The door to documents of detections; what is behind it is imported only for a document."""

import os
import re

from .annotations import Annotations

# What stands in a folder that may be one document: a data package, or what FiftyOne writes.
_IN_FOLDERS = ("datapackage.json", "samples.json")
_BEGINNING = 1_000
# An object or array of JSON, behind space and the mark of a byte order, in UTF-8 or UTF-16; or
# CVAT's XML, which is refused with advice.
_START = re.compile(
    rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*(?:[\[{]|(?:<\?xml[^>]*>\s*)?<annotations\b)"
)
_ZIP = b"PK\3\4"


def looks_like_document(path: str) -> bool:
    """Tell whether a file or folder is to be read as a document, by its beginning.

    Parameters
    ----------
    path : str
        Anything; it need not exist.

    Returns
    -------
    bool
        Whether it is a package of tables, also a zipped one, a data set of FiftyOne, a text that
        begins as JSON or as CVAT's XML does, or a file that is called JSON, whatever is in it.
    """
    if os.path.isdir(path):
        return any(map(os.path.lexists, _list_signs(path)))
    try:
        with open(path, "rb") as stream:
            head = stream.read(_BEGINNING)
    except (OSError, ValueError):
        return False
    if head.startswith(_ZIP):
        from .camtrap_dp import is_camtrap_dp

        return is_camtrap_dp(path)
    return path.lower().endswith(".json") or _START.match(head) is not None


def read_document(file: str) -> Annotations | None:
    """Read a document of detections, of whatever format.

    Parameters
    ----------
    file : str
        A file, or a folder that is a document.

    Returns
    -------
    Annotations or None
        None for what is sound and something else, such as a list of records or a folder of photos.

    Raises
    ------
    InvalidParameterError
        When it is no JSON, a document whose frame is wrong, or one of a format that is not read;
        with what to do.
    """
    if os.path.isdir(file) and not any(map(os.path.lexists, _list_signs(file))):
        return None
    # Imported here: a run on a folder of photos ends before all formats are imported.
    from .recognize import recognize_document

    return recognize_document(file)


def _list_signs(folder: str) -> list[str]:
    """List what may stand in a folder that is one document."""
    return [os.path.join(folder, name) for name in _IN_FOLDERS]
