"""What is made of a selection: tables, files, copies and links of images, manifests, splits."""

from .converted_document import choose_target
from .crop_files import check_crops, write_crops
from .document_file import check_document_output, write_document
from .earlier_selection import selection_kind
from .file_copies import open_file
from .inspection import Figures, Inspection, describe_sizes, inspect_collection
from .kept_images import resolve_keep
from .manifest import MANIFEST, describe_run, list_versions, write_manifest
from .originals import find_originals
from .picked_items import PickedItems
from .place import Placed, place_images, refuse_linking
from .placement_plan import find_base, find_base_of, unflatten
from .selection_file import write_selection
from .selection_table import (
    explain_selection,
    name_source_columns,
    tabulate_ranking,
    tabulate_selection,
)
from .split import NearDuplicate, Split, split_selection

__all__ = [
    "MANIFEST",
    "Figures",
    "Inspection",
    "NearDuplicate",
    "PickedItems",
    "Placed",
    "Split",
    "check_crops",
    "check_document_output",
    "choose_target",
    "describe_run",
    "describe_sizes",
    "explain_selection",
    "find_base",
    "find_base_of",
    "find_originals",
    "inspect_collection",
    "list_versions",
    "name_source_columns",
    "open_file",
    "place_images",
    "refuse_linking",
    "resolve_keep",
    "selection_kind",
    "split_selection",
    "tabulate_ranking",
    "tabulate_selection",
    "unflatten",
    "write_crops",
    "write_document",
    "write_manifest",
    "write_selection",
]
