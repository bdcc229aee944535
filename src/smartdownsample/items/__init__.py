"""Items: which files people mean, where they lie, their times and sizes, their natural order."""

from .find import (
    IMAGE_EXTENSIONS,
    add_items,
    find_images,
    list_items,
    stat_files,
)
from .folders import name_folder, number_folders, split_folders
from .local_files import FILES, cause_of
from .locations import strip_folder, to_key, to_keys, to_text
from .natural_order import encode_order_key
from .sources import EARLIER_GROUP, Grouping, add_images, leave_out_folder, name_images
from .storage import Content, Storage

__all__ = [
    "EARLIER_GROUP",
    "FILES",
    "IMAGE_EXTENSIONS",
    "Content",
    "Grouping",
    "Storage",
    "add_images",
    "add_items",
    "cause_of",
    "encode_order_key",
    "find_images",
    "leave_out_folder",
    "list_items",
    "name_folder",
    "name_images",
    "number_folders",
    "split_folders",
    "stat_files",
    "strip_folder",
    "to_key",
    "to_keys",
    "to_text",
]
