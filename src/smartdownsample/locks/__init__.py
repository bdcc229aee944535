"""Lockfiles: what was selected, from what and how; what has become of it since.

A lockfile is a text for git: sorted, a pick a line, without the time or the place of the run.
"""

from .content_hashes import digest_file
from .lock import Lock, save_content, write_lock
from .lock_check import CollectionChanges, LockReport, PickChanges, locate
from .lock_content import choose_root, make_content, spell_place
from .lock_file import LockContent, LockedPick, LockedSource, is_lockfile, lock_kind

__all__ = [
    "CollectionChanges",
    "Lock",
    "LockContent",
    "LockReport",
    "LockedPick",
    "LockedSource",
    "PickChanges",
    "choose_root",
    "digest_file",
    "is_lockfile",
    "locate",
    "lock_kind",
    "make_content",
    "save_content",
    "spell_place",
    "write_lock",
]
