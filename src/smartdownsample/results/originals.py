"""Which photos of a collection copies and links were made from.

What was placed for labelling counts as the photos it was made from, which are not selected again.
"""

import os
import stat
from collections.abc import Sequence

from ..items import to_keys
from .file_copies import has_same_content
from .placed_record import RECORD_NAME
from .placement_plan import unflatten


def find_originals(paths: Sequence[str], among: Sequence[str]) -> list[str]:
    """Return paths with those of their photos in a collection in place of copies and links.

    A path and a photo of one name are the same where both lead to one file, as links do; or where
    the path lies in a folder that images were placed in, the photo has the same folders above it
    as there are in that folder, and both have the same size; should several photos be so, contents
    tell. Wherever a copy lies whose own name tells the photo's folders, contents tell as well. All
    others stay.
    """
    keys, own = to_keys(list(paths)), to_keys(list(among))
    known = set(own)
    lost = [place for place, key in enumerate(keys) if key not in known]
    if not lost:
        return list(paths)
    names = {name for place in lost for name in _list_names(keys[place])}
    alike: dict[bytes, dict[bytes, str]] = {}
    for key, path in zip(own, among, strict=True):
        name = os.path.basename(key)
        if name in names:
            alike.setdefault(name, {})[key] = path
    states: dict[bytes, os.stat_result | None] = {}
    files = {
        (state.st_dev, state.st_ino): key
        for photos in alike.values()
        for key in photos
        if (state := _stat(key, states)) is not None
    }
    tops: dict[bytes, bytes | None] = {}
    found = list(paths)
    for place in lost:
        key = keys[place]
        photos: dict[bytes, str] = {}
        for name in _list_names(key):
            photos |= alike.get(name, {})
        state = _stat(key, states)
        if state is None or not photos:
            continue
        original = files.get((state.st_dev, state.st_ino))
        if original not in photos:
            original = _find_copied(key, state.st_size, photos, states, tops)
        if original is not None:
            found[place] = photos[original]
    return found


def _list_names(key: bytes) -> set[bytes]:
    """List the names that the photo of a copy may have, which may be placed in a flat folder."""
    name = os.path.basename(key)
    return {name, os.path.basename(unflatten(name))}


def _stat(key: bytes, states: dict[bytes, os.stat_result | None]) -> os.stat_result | None:
    """Ask for a regular file, once; None where there is none."""
    if key not in states:
        try:
            state = os.stat(key)
        except (OSError, ValueError):
            states[key] = None
        else:
            states[key] = state if stat.S_ISREG(state.st_mode) else None
    return states[key]


def _find_copied(
    key: bytes,
    size_bytes: int,
    photos: dict[bytes, str],
    states: dict[bytes, os.stat_result | None],
    tops: dict[bytes, bytes | None],
) -> bytes | None:
    """Find the photo that a copy was made from, by its folders or by its name.

    Names of a flat folder tell the folders of photos wherever the copies lie now.
    """
    separator = os.fsencode(os.sep)
    told = tell_end(os.path.basename(key), separator)
    top = _find_top(os.path.dirname(key), tops)
    below = None if top is None else key[len(top.rstrip(separator)) :]  # begins with a separator
    ends = tuple(end for end in (told, below) if end is not None)
    likely = [
        photo
        for photo in photos
        if photo.endswith(ends)
        if (state := _stat(photo, states)) is not None and state.st_size == size_bytes
    ]
    # A name alone may be that of another survey's photo.
    if len(likely) > 1 or not (likely and below is not None and likely[0].endswith(below)):
        likely = [photo for photo in likely if _is_copy(photo, key)]
    return likely[0] if likely else None


def tell_end(name: bytes, separator: bytes) -> bytes | None:
    """Tell how the path of a photo ends by the name of its flat copy; None for other names."""
    path = unflatten(name)
    return separator + path.replace(b"/", separator) if b"/" in path else None


def _is_copy(photo: bytes, copy: bytes) -> bool:
    try:
        return has_same_content(photo, copy)
    except OSError:
        return False


def _find_top(folder: bytes, tops: dict[bytes, bytes | None]) -> bytes | None:
    """Find the folder that images were placed in, from one of its folders; None for others."""
    climbed = []
    while folder not in tops:
        climbed.append(folder)
        if os.path.lexists(os.path.join(folder, RECORD_NAME)):
            tops[folder] = folder
        elif os.path.dirname(folder) == folder:
            tops[folder] = None
        else:
            folder = os.path.dirname(folder)
    for below in climbed:
        tops.setdefault(below, tops[folder])
    return tops[folder]
