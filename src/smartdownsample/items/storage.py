"""The one interface to where the bytes of images lie.

A storage lists locations, tells their states and reads their bytes. `tests/storage_suite.py` says
what every implementation must do. None of them raises for a file: faults are causes.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from ..errors import InvalidParameterError
from ..records import Cause, FileStats

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


class Content(NamedTuple):
    """Bytes of a file, and the state of the file that they are of.

    ``is_stable`` is False when the file changed while it was read, or may have done so without a
    trace.
    """

    data: bytes
    mtime_ns: int
    size_bytes: int
    is_stable: bool


class Storage(Protocol):
    """Where bytes lie."""

    def list(self, folder: str) -> Iterator[str]:
        """Yield the locations of all files below a folder, in no particular order.

        Hidden files and folders are passed over. A folder that cannot be read is warned of.
        """

    def stat(self, keys: Sequence[bytes]) -> FileStats:
        """Tell the modification time and size of files by their keys, without opening them."""

    def read(self, location: str, start: int = 0, stop: int | None = None) -> Content | Cause:
        """Read the bytes of a file from `start` on, to its end or to `stop`."""


def check_scheme(location: str) -> None:
    """Refuse a location that no storage serves, which would be taken for a local path."""
    found = _SCHEME.match(location)
    if found is not None:
        msg = (
            f"Locations that start with {found[0]!r} are not served, only files and folders of "
            f"this machine. Got {location!r}. Copy or mount the images first; a local folder of "
            f"this name is {'./' + location!r}."
        )
        raise InvalidParameterError(msg)
