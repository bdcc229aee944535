"""One image is put in its place: as a copy or a link."""

import errno
import os
import shutil
from collections.abc import Callable

from ..atomic_files import in_one_piece
from ..options import How


def _copy(source: bytes, target: bytes) -> None:
    """Copy an image with its times and permissions."""
    with in_one_piece(target) as temporary:
        shutil.copy2(source, temporary)
        if os.path.lexists(target):  # it has appeared meanwhile
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target)


def _link_hard(source: bytes, target: bytes) -> None:
    """Give an image one more name."""
    # Not one more symbolic link, where the image is one.
    os.link(os.path.realpath(source), target)


def _link_symbolic(source: bytes, target: bytes) -> None:
    """Make a symbolic link to an image, which must exist."""
    os.stat(source)
    os.symlink(source, target)


# From how an image is placed to what does it: takes the absolute paths of the image and its place.
PLACERS: dict[How, Callable[[bytes, bytes], None]] = {
    "copy": _copy,
    "hardlink": _link_hard,
    "symlink": _link_symbolic,
}
