"""Items: which files people mean, where they lie, their times and sizes, their natural order."""

from .cameras import call_camera, find_cameras, name_found_cameras, number_cameras
from .document_paths import compare_with_disk
from .documents import DETAILS, UNLABELLED, DocumentItems, list_document_items
from .files import FILES, LOCAL_FILES, OBJECTS
from .find import (
    IMAGE_EXTENSIONS,
    PLACED_MARK,
    add_items,
    find_fixed_folder,
    find_images,
    has_image_extension,
    stat_files,
)
from .folders import name_folder, number_folders, split_folders
from .given_images import list_items, list_photos
from .groupings import Fact, Grouping, label_paths, list_facts
from .join import join_items
from .local_files import cause_of
from .locations import check_root, find_common_folder, strip_folder, to_key, to_keys, to_text
from .named_images import EARLIER_GROUP, NamedImages, add_images, join_images
from .natural_order import encode_order_key
from .object_listings import listing_once
from .object_requests import heed
from .object_stores import N_REQUESTS
from .selected_before import list_selected_before
from .shards import Shard
from .sources import LOCK_MARK, ReadItems, leave_out_folder, name_images
from .storage import Content, Storage

__all__ = [
    "DETAILS",
    "EARLIER_GROUP",
    "FILES",
    "IMAGE_EXTENSIONS",
    "LOCAL_FILES",
    "LOCK_MARK",
    "N_REQUESTS",
    "OBJECTS",
    "PLACED_MARK",
    "UNLABELLED",
    "Content",
    "DocumentItems",
    "Fact",
    "Grouping",
    "NamedImages",
    "ReadItems",
    "Shard",
    "Storage",
    "add_images",
    "add_items",
    "call_camera",
    "cause_of",
    "check_root",
    "compare_with_disk",
    "encode_order_key",
    "find_cameras",
    "find_common_folder",
    "find_fixed_folder",
    "find_images",
    "has_image_extension",
    "heed",
    "join_images",
    "join_items",
    "label_paths",
    "leave_out_folder",
    "list_document_items",
    "list_facts",
    "list_items",
    "list_photos",
    "list_selected_before",
    "listing_once",
    "name_folder",
    "name_found_cameras",
    "name_images",
    "number_cameras",
    "number_folders",
    "split_folders",
    "stat_files",
    "strip_folder",
    "to_key",
    "to_keys",
    "to_text",
]
