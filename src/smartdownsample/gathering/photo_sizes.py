"""Headers of photos, of which mostly the first bytes are read."""

import os
from typing import TYPE_CHECKING

from ..items import FILES, to_key
from ..records import Cause

if TYPE_CHECKING:
    from ..pictures import Header

# A JPEG has its orientation and size before this place, unless something long stands before them.
_HEAD_BYTES = 2**16 + 2**12


def read_photo_header(location: str) -> "Header | Cause":
    """Read the header of a photo at an absolute path, or say why there is none."""
    # Imported on need, since it imports the decoder.
    from ..pictures import read_header

    content = FILES.read(location, 0, _HEAD_BYTES)
    if isinstance(content, Cause):
        return content
    header = read_header(content.data) if content.data else Cause.EMPTY
    is_complete = not isinstance(header, Cause) and header.format == "JPEG" and header.width
    if is_complete or content.size_bytes <= len(content.data):
        return header
    # Other formats may have their orientation at the end.
    content = FILES.read(location)
    return content if isinstance(content, Cause) else read_header(content.data)


def measure_photo(path: str) -> tuple[int, int] | Cause:
    """Tell the width and height of a photo as viewers show it, or why they cannot be told."""
    header = read_photo_header(os.fsdecode(to_key(path)))
    if isinstance(header, Cause):
        return header
    return header.upright_size if header.width and header.height else Cause.UNREADABLE
