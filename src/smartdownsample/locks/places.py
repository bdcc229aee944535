"""Places as lockfiles spell them: from one folder to another, and nothing about the machine."""

import os
from contextlib import suppress

from ..items import to_key


def spell_place(place: bytes, folder: bytes) -> str | None:
    """Spell a place below a folder, with slashes; None for a place outside of it."""
    relative = _find_way(place, folder)
    return None if relative is None or leads_out(relative) else relative


def spell_nearby(place: bytes, folder: bytes, *, is_relative: bool) -> str | None:
    """Spell a place from a folder on, with ``..`` where that tells nothing about the machine.

    None where it would. A way out tells the names of the folders that it comes down by. They are
    the user's own below the working folder, the home, the folder of temporary files and a
    repository; and where the user named the place by a relative path (`is_relative`), which tells
    as much.
    """
    relative = _find_way(place, folder)
    if relative is None or not leads_out(relative):
        return relative
    shared = os.path.commonpath([place, folder])
    here = to_key(os.curdir)
    is_named = is_relative and _is_within(shared, os.path.commonpath([place, here]))
    if not is_named and not _is_private(shared, place, here):
        return None
    # Behind a symbolic link, ``..`` leads elsewhere.
    way = os.path.join(folder, os.fsencode(relative))
    return relative if os.path.realpath(way) == os.path.realpath(place) else None


def leads_out(path: str) -> bool:
    """Tell whether a relative path leads out of the folder that it counts from."""
    return os.path.normpath(path).split(os.sep)[0] == os.pardir


def _find_way(place: bytes, folder: bytes) -> str | None:
    try:
        relative = os.path.relpath(place, folder)
    except ValueError:  # another drive of Windows
        return None
    return os.fsdecode(relative.replace(os.fsencode(os.sep), b"/"))


def _is_private(shared: bytes, place: bytes, here: bytes) -> bool:
    """Tell whether the names below a folder, on the way to a place, are those of the user."""
    if shared == os.path.dirname(shared):  # the root of the file system
        return False
    if shared == place or _is_within(shared, here):
        return True
    if _is_within(shared, os.fsencode(os.path.expanduser("~"))):
        return True
    with suppress(OSError):  # there is none
        from tempfile import gettempdir

        temporary = os.path.realpath(os.fsencode(gettempdir()))
        if _is_within(os.path.dirname(os.path.realpath(shared)), temporary):
            return True
    return _has_repository(shared)


def _is_within(path: bytes, folder: bytes) -> bool:
    """Tell whether a path is a folder, or lies below it, which the root of a system says of all."""
    path, folder = os.path.realpath(path), os.path.realpath(folder)
    return path == folder or path.startswith(os.path.join(folder, b""))


def _has_repository(folder: bytes) -> bool:
    """Tell whether a folder is of a repository of git."""
    while not os.path.exists(os.path.join(folder, b".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return False
        folder = above
    return True
