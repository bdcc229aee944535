"""Shards: the share of the images that one of many runs reads, told by their paths alone.

No run needs to know what the others do, and a shard never changes: it depends neither on the order
of the images, nor on the machine, nor on files that are added later.
"""

import hashlib
import os
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from ..records import BoolArray

_DIGEST_BYTES = 8


@dataclass(frozen=True)
class Shard:
    """One of several shares of a collection.

    Attributes
    ----------
    number : int
        From 1 to `count`.
    count : int
        How many shards there are.
    whole_folders : bool
        Whether no folder is divided, for previews, which are trusted folder by folder.
    """

    number: int
    count: int
    whole_folders: bool = False

    def hold(self, keys: Sequence[bytes], bases: Collection[bytes]) -> BoolArray:
        """Tell which files are in the shard, shape (n,), by their absolute paths.

        What counts is the path from the innermost of the folders `bases` that it lies in, or all of
        it where it lies in none.
        """
        folders = [os.path.dirname(key) for key in keys]
        start_of = {folder: _find_start(folder, bases) for folder in set(folders)}
        if self.whole_folders:
            is_held = {folder: self._holds(folder[start:]) for folder, start in start_of.items()}
            return np.fromiter(map(is_held.__getitem__, folders), np.bool_, len(folders))
        starts = map(start_of.__getitem__, folders)
        held = (self._holds(key[start:]) for key, start in zip(keys, starts, strict=True))
        return np.fromiter(held, np.bool_, len(keys))

    def _holds(self, path: bytes) -> bool:
        """Tell whether a relative path, however its system spells it, falls into the shard."""
        path = path.replace(os.fsencode(os.sep), b"/").lstrip(b"/")
        if not path.isascii():  # macOS spells letters with accents in two characters
            path = os.fsencode(unicodedata.normalize("NFC", os.fsdecode(path)))
        digest = hashlib.blake2b(path, digest_size=_DIGEST_BYTES).digest()
        return int.from_bytes(digest, "big") % self.count == self.number - 1


def _find_start(folder: bytes, bases: Collection[bytes]) -> int:
    """Find the innermost base that a folder is or lies in; the length of its path, or 0."""
    base = folder
    while base not in bases:
        above = os.path.dirname(base)
        if above == base:
            return 0
        base = above
    return len(base)
