"""Lockfiles: what was selected, from what and how; what has become of it since.

A lockfile is a text for git: sorted, a pick a line, without the time or the place of the run.
"""

from .content_hashes import digest_file
from .lock import WITHOUT_ROOT, Lock, save_content, write_lock
from .lock_check import CollectionChanges, LockReport, PickChanges
from .lock_content import are_relative, choose_root, make_content, refuse_locking
from .lock_file import LockContent, LockedPick, LockedSource, check_below, is_lockfile, lock_kind
from .places import spell_nearby, spell_place
from .unicode_forms import list_other_forms, locate

__all__ = [
    "WITHOUT_ROOT",
    "CollectionChanges",
    "Lock",
    "LockContent",
    "LockReport",
    "LockedPick",
    "LockedSource",
    "PickChanges",
    "are_relative",
    "check_below",
    "choose_root",
    "digest_file",
    "is_lockfile",
    "list_other_forms",
    "locate",
    "lock_kind",
    "make_content",
    "refuse_locking",
    "save_content",
    "spell_nearby",
    "spell_place",
    "write_lock",
]
