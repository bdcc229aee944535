"""What is made of a selection: tables, files, copies and links of images, manifests, splits."""

from .content_hashes import digest_file
from .converted_document import TARGET_KINDS, choose_target, convert_document
from .crop_files import check_crops, write_crops
from .document_file import check_document_output, write_document
from .earlier_selection import selection_kind
from .inspection import Figures, Inspection, inspect_collection
from .lock import Lock, save_content, write_lock
from .lock_check import CollectionChanges, LockReport, PickChanges, locate
from .lock_content import choose_root, make_content, spell_place
from .lock_file import LockContent, LockedPick, LockedSource, lock_kind
from .manifest import MANIFEST, describe_run, write_manifest
from .place import Placed, place_images
from .placement_plan import find_base
from .selection_file import write_selection
from .selection_table import (
    REGION_COLUMNS,
    explain_selection,
    name_source_columns,
    tabulate_ranking,
    tabulate_selection,
)
from .split import NearDuplicate, Split, split_selection

__all__ = [
    "MANIFEST",
    "REGION_COLUMNS",
    "TARGET_KINDS",
    "CollectionChanges",
    "Figures",
    "Inspection",
    "Lock",
    "LockContent",
    "LockReport",
    "LockedPick",
    "LockedSource",
    "NearDuplicate",
    "PickChanges",
    "Placed",
    "Split",
    "check_crops",
    "check_document_output",
    "choose_root",
    "choose_target",
    "convert_document",
    "describe_run",
    "digest_file",
    "explain_selection",
    "find_base",
    "inspect_collection",
    "locate",
    "lock_kind",
    "make_content",
    "name_source_columns",
    "place_images",
    "save_content",
    "selection_kind",
    "spell_place",
    "split_selection",
    "tabulate_ranking",
    "tabulate_selection",
    "write_crops",
    "write_document",
    "write_lock",
    "write_manifest",
    "write_selection",
]
