"""Feature packs: the features of a collection in one file, for use where the photos are not.

A pack is a part of the feature store whose paths are relative to a root folder. It can be mailed,
sampled with `ImageIndex.from_pack`, or imported into the store of another machine, which then
knows the same files below another root.
"""

import bisect
import os
import time
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..checks import check_flag
from ..display import count_noun
from ..errors import StoreError
from ..features import FEATURE_VERSION, make_spec_for
from ..items import check_root, list_items, stat_files, strip_folder, to_key, to_keys, to_text
from ..options import DecodeMode, PathLike, ReadingOptions
from ..records import FeatureSpec, FeatureTable, ItemList, pack_flags, pack_values, unpack
from ..writing import OutputKind, check_output, replacing
from .cache_dir import choose_cache_dir
from .folder import PART_NAME
from .merging import keep_newest
from .part import SIGNS_OF_DAMAGE, check_seal, is_sealed, read_part, write_part
from .row_checks import MAX_BYTES, check_lengths, check_relative_paths
from .schema import SPEC_KEY, make_empty_table, make_schema, replace_paths
from .store import FeatureStore

_SCANNED_ROWS = 64


def _is_pack(path: str, _: bytes) -> bool:
    """Tell whether a file is a pack, and not a part of a store, which looks the same."""
    return not PART_NAME.fullmatch(os.path.basename(path)) and is_sealed(path)


PACK = OutputKind("a feature pack", (".parquet",), _is_pack)


def export_pack(  # noqa: PLR0913 - one keyword for each choice of the caller
    pack: PathLike,
    paths: PathLike | Iterable[PathLike] | FeatureTable,
    root: PathLike,
    *,
    hash_size: int = ReadingOptions.hash_size,
    decode: DecodeMode = ReadingOptions.decode,
    cache_dir: PathLike | None = None,
    whole_seconds: bool = False,
    from_store: bool = False,
) -> int:
    """Write what the store knows of a collection to a pack.

    Parameters
    ----------
    pack : path
        The file to write (.parquet). Missing folders are made; an earlier pack is replaced.
    paths : str, path-like or iterable of them, or FeatureTable
        The collection, as for `ImageIndex.build`; or ``index.table``, which has crops as well, and
        features of its own `hash_size` and `decode`.
    root : path
        Folder that holds all the images; paths in the pack are relative to it.
    hash_size : int
        Side of the DHash in bits.
    decode : {"fast", "exact", "preview"}
        How the images were decoded.
    cache_dir : path, optional
        Folder of the store.
    whole_seconds : bool
        As in `ImageIndex.build`.
    from_store : bool
        Whether to write what the store knows without looking at the files, as where the photos are
        unplugged. `paths` are then folders or images, and not globs; all that is known of them is
        written, also of files that have been deleted since.

    Returns
    -------
    int
        How many images the pack holds; missing files are left out.

    Raises
    ------
    InvalidParameterError
        When an image lies outside the root, or the pack's name has another extension.
    OutputError
        When the pack cannot be written, or would replace an image or a file that is no pack.
    StoreError
        When the store does not know all images; build an `ImageIndex` of them first. When none of
        the files is there, or none is named.
    """
    reading = ReadingOptions(
        hash_size=hash_size, decode=decode, cache_dir=cache_dir, whole_seconds=whole_seconds
    )
    spec = paths.spec if isinstance(paths, FeatureTable) else make_spec_for(reading)
    take = _take_kept if check_flag("from_store", from_store) else _take_present
    rows = take(FeatureStore.of(spec, reading), paths)
    keys = rows["path"].to_pylist()
    base = to_key(check_root("root", root))
    relative = [strip_folder(key, base, "the root") for key in keys]
    name = to_text(pack, "The 'pack' parameter")
    check_output(name, PACK, list(map(os.fsdecode, keys)))
    with replacing(name) as temporary:
        write_part(Path(os.fsdecode(temporary)), replace_paths(rows, relative))
    return len(rows)


def _take_present(
    store: FeatureStore, paths: PathLike | Iterable[PathLike] | FeatureTable
) -> pa.Table:
    """Take what the store knows of files as they are now, which must be all that are there."""
    items = _list_rows(paths) if isinstance(paths, FeatureTable) else list_items(paths)
    known = store.look_up(items, stat_files(items.keys))
    if len(known.misses):
        msg = (
            f"The feature store does not know {len(known.misses):,} of "
            f"{count_noun(len(items), 'image')} (first {items.name(known.misses[0])!r}). "
            "Call ImageIndex.build with the same paths, hash_size and decode first."
        )
        raise StoreError(msg)
    if not len(known.table):
        found = "The paths lead to no images"
        if len(items):
            found = f"None of {count_noun(len(items), 'image')} is there (first {items.name(0)!r})"
        msg = (
            f"{found}: no pack is written. Plug the photos "
            "in, or write what the store knows of them with from_store=True (--from-store)."
        )
        raise StoreError(msg)
    return known.table


def _take_kept(
    store: FeatureStore, paths: PathLike | Iterable[PathLike] | FeatureTable
) -> pa.Table:
    """Take what the store knows of images and of all below folders, the newest row of each."""
    if isinstance(paths, FeatureTable):
        named = list(paths.paths)
    else:
        given = [paths] if isinstance(paths, (str, os.PathLike)) else paths
        named = [to_text(path, "An element of the paths") for path in given]
    tops = dict(zip(to_keys(named), named, strict=True))
    is_below: dict[bytes, bool] = {}
    taken = store.map_rows(partial(_take_below, tops=tops.keys(), is_below=is_below))
    rows = keep_newest(pa.concat_tables([make_empty_table(store.schema), *taken]))
    keys = rows["path"].to_pylist()
    for top, name in tops.items():
        if not _names_any(keys, top):
            msg = (
                f"The feature store knows nothing of {name!r}, nor of what lies below it "
                f"(hash_size={store.spec.hash_size}, decode={store.spec.decode!r}). With "
                "from_store folders and images are named, as they were when they were read."
            )
            raise StoreError(msg)
    if not len(rows):
        msg = (
            "No images are named: no pack is written. Name the folders or images whose features "
            "it is to hold."
        )
        raise StoreError(msg)
    return rows


def _take_below(rows: pa.Table, tops: Collection[bytes], is_below: dict[bytes, bool]) -> pa.Table:
    """Take the rows of some images, and of all below some folders; `is_below` is filled up."""
    is_taken = [
        path in tops or _lies_below(os.path.dirname(path), tops, is_below)
        for path in rows["path"].to_pylist()
    ]
    return rows.filter(pack_flags(np.array(is_taken, dtype=np.bool_)))


def _lies_below(folder: bytes, tops: Collection[bytes], is_below: dict[bytes, bool]) -> bool:
    """Tell whether a folder is one of some, or lies in one; the folders known are filled up."""
    climbed = []
    while folder not in is_below and folder not in tops:
        above = os.path.dirname(folder)
        if above == folder:  # the topmost
            break
        climbed.append(folder)
        folder = above
    found = is_below.get(folder, folder in tops)
    is_below.update(dict.fromkeys([*climbed, folder], found))
    return found


def _names_any(keys: Sequence[bytes], top: bytes) -> bool:
    """Tell whether any of the sorted keys is a path, or lies below it."""
    below = os.path.join(top, b"")
    at, beyond = (bisect.bisect_left(keys, each) for each in (top, below))
    return keys[at : at + 1] == [top] or (beyond < len(keys) and keys[beyond].startswith(below))


def _list_rows(table: FeatureTable) -> ItemList:
    """List the items of a table."""
    paths = list(dict.fromkeys(table.paths))
    keys = to_keys(paths)
    return ItemList(paths, keys, table.photos, table.frames, table.regions, None, len(table))


def import_pack(pack: PathLike, root: PathLike, *, cache_dir: PathLike | None = None) -> int:
    """Add the rows of a pack to the store, for the same images below another root.

    A row is used only for a file with the same modification time and size, so copy the images
    with their times (``rsync -a``, ``cp -p``). Images that could not be decoded elsewhere are left
    out, and tried here.

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
    base = check_root("root", root)
    spec, rows = _read_pack(pack)
    rows = rows.filter(pc.is_null(rows["cause"]))
    paths = [to_key(os.path.join(base, os.fsdecode(path))) for path in rows["path"].to_pylist()]
    # Rows count as new from now on, whatever they say: of two rows of an image the newer one stays.
    now = pack_values(np.full(len(rows), time.time_ns()), pa.int64())
    rows = rows.set_column(rows.schema.get_field_index("written_ns"), "written_ns", now)
    FeatureStore(spec, choose_cache_dir(cache_dir)).add_rows(replace_paths(rows, paths))
    return len(rows)


def read_pack(pack: PathLike, root: PathLike | None) -> tuple[FeatureSpec, pa.Table, ItemList]:
    """Read the rows of a pack, and the item of each; paths are put below `root` if given."""
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
    return spec, rows, items


def _read_pack(pack: PathLike) -> tuple[FeatureSpec, pa.Table]:
    """Read a pack and check all of it, since it may come from anybody; order keys are made anew.

    Raises `StoreError` when it cannot be read or holds what `export_pack` never writes.
    """
    name = to_text(pack, "The 'pack' parameter")
    try:
        spec = _read_spec(name)
        _scan_texts(name)
        rows = read_part(Path(name), make_schema(spec))
        paths = rows["path"].to_pylist()
        check_relative_paths(paths)
        if len(keep_newest(rows)) < len(rows):
            msg = "it names an image twice"
            raise ValueError(msg)
    except SIGNS_OF_DAMAGE as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        msg = f"{name!r} cannot be used as a feature pack: {reason or type(error).__name__}."
        raise StoreError(msg) from error
    return spec, replace_paths(rows, paths)


def _read_spec(name: str) -> FeatureSpec:
    """Read what the features of a pack are; raise `ValueError` when they are not ours."""
    if os.path.lexists(name) and not os.path.isfile(name):  # opening a pipe could wait for ever
        msg = "it is not a file"
        raise ValueError(msg)
    with open(name, "rb") as file:
        check_seal(file)
    metadata = pq.read_schema(name).metadata or {}
    spec = FeatureSpec.from_fingerprint(metadata.get(SPEC_KEY, b"").decode(errors="replace"))
    if spec is None or spec.version != FEATURE_VERSION:
        found = "no features" if spec is None else f"features of version {spec.version}"
        msg = f"it has {found} of smartdownsample, and this release has version {FEATURE_VERSION}"
        raise ValueError(msg)
    return spec


def _scan_texts(name: str) -> None:
    """Look at texts a few at a time: encoded, thousands of long ones take no more than one."""
    with pq.ParquetFile(name) as file:
        columns = [column for column in file.schema_arrow.names if column in MAX_BYTES]
        if len(columns) < len(MAX_BYTES) - 1:  # packs of the former schema have no etag
            msg = "its rows are not those of a pack"
            raise ValueError(msg)
        for batch in file.iter_batches(_SCANNED_ROWS, columns=columns, use_threads=False):
            check_lengths(batch)
