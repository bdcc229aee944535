"""The folders that outputs lie in: a missing one is made on request alone, as names have typos."""

import argparse
import os
from contextlib import suppress

from ..checks import is_url
from ..errors import OutputError
from .parser import OUTPUT_FILES

# Options that name a folder to fill, which is made; those above it are not.
_FILLED_FOLDERS = ("copy_to", "link_to", "crops_to")


def check_folders(options: argparse.Namespace) -> None:
    """Raise `OutputError` where an output lies in a folder that is missing, but for ``--parents``.

    What can be no place of a file at all is refused later.
    """
    if getattr(options, "parents", True):
        return
    for name in (*OUTPUT_FILES, *_FILLED_FOLDERS):
        path = getattr(options, name, None)
        if path is not None and not is_url(path) and _is_missing(path):
            folder = os.path.dirname(path.rstrip(os.sep))
            msg = (
                f"{path!r} cannot be written: there is no folder {folder!r}. Check the spelling, "
                "make the folder, or have it made by --parents."
            )
            raise OutputError(msg)


def _is_missing(path: str) -> bool:
    """Tell whether the folder is missing that a file or folder is to lie in."""
    with suppress(OSError, ValueError):
        return not os.path.exists(os.path.dirname(os.path.realpath(path)))
    return False
