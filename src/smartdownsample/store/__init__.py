"""The feature store: look up the features of items, and append new ones as Parquet parts."""

from .cache_dir import CacheDir, choose_cache_dir, choose_own_cache_dir, list_specs
from .clearing import clear
from .look_up import KnownFeatures, KnownRows, are_among, fill_rows, take_readable
from .natural_merge import sort_naturally
from .other_stores import Merged, merge_stores
from .packs import PACK, export_pack, import_pack, read_pack
from .schema import decoder_version, make_schema, make_table
from .shared_folder import leave_sign, sees_sign
from .store import FeatureStore
from .stored_folders import StoredFolder
from .upkeep import Damage, StoreInfo, info, prune, verify

__all__ = [
    "PACK",
    "CacheDir",
    "Damage",
    "FeatureStore",
    "KnownFeatures",
    "KnownRows",
    "Merged",
    "StoreInfo",
    "StoredFolder",
    "are_among",
    "choose_cache_dir",
    "choose_own_cache_dir",
    "clear",
    "decoder_version",
    "export_pack",
    "fill_rows",
    "import_pack",
    "info",
    "leave_sign",
    "list_specs",
    "make_schema",
    "make_table",
    "merge_stores",
    "prune",
    "read_pack",
    "sees_sign",
    "sort_naturally",
    "take_readable",
    "verify",
]
