"""Lockfiles: what was selected, from what and how; what has become of it since.

A lockfile is a text for git: sorted, a pick a line, without the time or the place of the run.
"""

from .lock import Lock
from .lock_check import CollectionChanges, LockReport, PickChanges
from .lock_content import make_content, refuse_locking
from .lock_file import LockedPick, check_below, is_lockfile, lock_kind
from .lock_request import (
    LEFT_OUT,
    ROOT_AS_CALLED,
    LockRequest,
    explain_unrepeatable,
    spell_folders,
)
from .lock_writing import list_unsaid, lock_selection, save_content, write_lock
from .places import spell_nearby
from .unicode_forms import list_other_forms, locate

__all__ = [
    "LEFT_OUT",
    "ROOT_AS_CALLED",
    "CollectionChanges",
    "Lock",
    "LockReport",
    "LockRequest",
    "LockedPick",
    "PickChanges",
    "check_below",
    "explain_unrepeatable",
    "is_lockfile",
    "list_other_forms",
    "list_unsaid",
    "locate",
    "lock_kind",
    "lock_selection",
    "make_content",
    "refuse_locking",
    "save_content",
    "spell_folders",
    "spell_nearby",
    "write_lock",
]
