"""Feature packs: the features of a collection in one file, for use where the photos are not.

A pack is a part of the feature store whose paths are relative to a root folder. It can be mailed,
sampled with `ImageIndex.from_pack`, or imported into the store of another machine, which then
knows the same files below another root.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ..arrow import pack_bytes, unpack
from ..errors import StoreError
from ..features import make_spec
from ..items import encode_order_key, list_items, stat_files, strip_folder, to_key
from ..options import DecodeMode, PathLike, ReadingOptions
from ..records import FeatureSpec, ItemList
from .folder import choose_cache_dir, choose_store_dir
from .look_up import KnownFeatures
from .part import check_seal, read_part, write_part
from .schema import SPEC_KEY, make_schema
from .store import FeatureStore


def export_pack(
    pack: PathLike,
    paths: PathLike | Iterable[PathLike],
    root: PathLike,
    *,
    hash_size: int = ReadingOptions.hash_size,
    decode: DecodeMode = ReadingOptions.decode,
    cache_dir: PathLike | None = None,
) -> int:
    """Write what the store knows of a collection to a pack.

    Parameters
    ----------
    pack : path
        The file to write, usually ``*.parquet``.
    paths : str, path-like or iterable of them
        The collection, as for `ImageIndex.build`.
    root : path
        Folder that holds all the images; paths in the pack are relative to it.
    hash_size : int
        Side of the DHash in bits.
    decode : {"fast", "exact", "preview"}
        How the images were decoded.
    cache_dir : path, optional
        Folder of the store.

    Returns
    -------
    int
        How many images the pack holds; missing files are left out.

    Raises
    ------
    InvalidParameterError
        When an image lies outside the root.
    StoreError
        When the store does not know all images; build an `ImageIndex` of them first.
    """
    reading = ReadingOptions(hash_size=hash_size, decode=decode, cache_dir=cache_dir)
    spec = make_spec(reading.hash_size, reading.decode)
    items = list_items(paths)
    known = FeatureStore(spec, choose_store_dir(reading)).look_up(items, stat_files(items.keys))
    if len(known.misses):
        msg = (
            f"The feature store does not know {len(known.misses):,} of {len(items):,} images "
            f"(first {items.name(known.misses[0])!r}). Call ImageIndex.build with the same "
            "paths, hash_size and decode first."
        )
        raise StoreError(msg)
    base = to_key(os.fspath(root))
    relative = [strip_folder(path, base, "the root") for path in known.table["path"].to_pylist()]
    write_part(Path(pack), _replace_paths(known.table, relative))
    return len(known.table)


def import_pack(pack: PathLike, root: PathLike, *, cache_dir: PathLike | None = None) -> int:
    """Add the rows of a pack to the store, for the same images below another root.

    A row is used only for a file with the same modification time and size, so copy the images
    with their times (``rsync -a``, ``cp -p``).

    Parameters
    ----------
    pack : path
        As `export_pack` wrote it.
    root : path
        Folder that holds the images on this machine; it need not exist yet.
    cache_dir : path, optional
        Folder of the store.

    Returns
    -------
    int
        How many rows were added.

    Raises
    ------
    StoreError
        When the file is not a pack of this version or is damaged, or the store cannot be written.
    """
    spec, rows = _read_pack(pack)
    root = os.fspath(root)
    paths = [to_key(os.path.join(root, os.fsdecode(path))) for path in rows["path"].to_pylist()]
    FeatureStore(spec, choose_cache_dir(cache_dir)).add_rows(_replace_paths(rows, paths))
    return len(rows)


def read_pack(pack: PathLike, root: PathLike | None) -> tuple[FeatureSpec, KnownFeatures, ItemList]:
    """Read a pack as if the store had known its items; paths are put below `root` if given."""
    spec, rows = _read_pack(pack)
    paths = [os.fsdecode(path) for path in rows["path"].to_pylist()]
    file_of_path: dict[str, int] = {}
    file_of = [file_of_path.setdefault(path, len(file_of_path)) for path in paths]
    names = [os.path.join(root, path) if root is not None else path for path in file_of_path]
    items = ItemList(
        paths=names,
        keys=list(map(os.fsencode, names)),
        file_of=np.array(file_of, dtype=np.int64),
        frames=unpack(rows["frame"]),
        regions=unpack(rows["region"]),
        positions=None,
        n_given=len(rows),
    )
    known = KnownFeatures(rows, np.arange(len(rows)), np.zeros(0, dtype=np.int64))
    return spec, known, items


def _read_pack(pack: PathLike) -> tuple[FeatureSpec, pa.Table]:
    """Read and verify a pack."""
    try:
        with open(pack, "rb") as file:
            check_seal(file)
        metadata = pq.read_schema(pack).metadata or {}
    except (pa.ArrowException, ValueError) as error:
        msg = f"{os.fspath(pack)!r} is no feature pack ({str(error).partition(chr(10))[0]})."
        raise StoreError(msg) from error
    spec = FeatureSpec.from_fingerprint(metadata.get(SPEC_KEY, b"").decode(errors="replace"))
    if spec is None:
        msg = f"{os.fspath(pack)!r} is no feature pack of this version of smartdownsample."
        raise StoreError(msg)
    return spec, read_part(Path(pack), make_schema(spec))


def _replace_paths(rows: pa.Table, paths: list[bytes]) -> pa.Table:
    """Give rows other paths, and the matching order keys."""
    order_keys = [encode_order_key(path) for path in paths]
    for name, values in (("path", paths), ("order_key", order_keys)):
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, rows.schema.field(place), pack_bytes(values))
    return rows
