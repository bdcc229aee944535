"""Images that callers of the library give: folders, globs, paths, and columns of data frames."""

import glob
import os
from collections.abc import Iterable
from itertools import chain

import numpy as np
import pyarrow.compute as pc

from ..checks import expand_home, shorten
from ..errors import ImageLoadingWarning, InvalidParameterError, warn_user
from ..formats import LIST_EXTENSIONS, TABLE_EXTENSIONS, find_path_column
from ..options import PathLike
from ..records import ItemList
from .find import describe_empty, has_image_extension, list_source
from .locations import pack_locations, to_text

# How most images' paths end; only the others are looked at.
_USUAL_ENDS = frozenset((".jpg", ".JPG", "jpeg", "JPEG", ".png", ".PNG"))


def list_items(image_paths: PathLike | Iterable[PathLike]) -> ItemList:
    """List the distinct photos of a folder or glob (see `find_images`), or of many paths.

    Among the paths may be folders and globs. A data frame or an Arrow table may give a column of
    paths. Of several spellings of one path the first counts. Paths keep
    the caller's order; with a folder or glob the order is arbitrary.
    """
    is_source, given = _list_paths(image_paths)
    return _list_distinct(given, is_source=is_source)


def list_photos(paths: Iterable[PathLike]) -> ItemList:
    """List the distinct photos of many paths, all of which name a photo: none is searched."""
    return _list_distinct(_check_paths(paths), is_source=False)


def _list_distinct(given: list[str], *, is_source: bool) -> ItemList:
    """List distinct photos, which have positions in what the caller gave if that was no source."""
    paths, keys = pack_locations(given)
    positions = None if is_source else np.arange(len(given))
    items = ItemList.of_photos(paths, keys, positions, len(given))
    ordered = keys.pack(items.order)
    if not pc.any(pc.equal(ordered.slice(1), ordered.slice(0, max(len(given) - 1, 0)))).as_py():
        return items
    first: dict[bytes, int] = {}
    for place, key in enumerate(keys):
        first.setdefault(key, place)
    again = ((place, first[key]) for place, key in enumerate(keys) if first[key] != place)
    repeats = np.array(list(again), dtype=np.int64)
    places = np.fromiter(first.values(), np.int64, len(first))
    return ItemList.of_photos(
        paths.take(places),
        keys.take(places),
        positions=None if is_source else places,
        n_given=len(first) if is_source else len(given),
        repeats=None if is_source else repeats,
    )


def _list_paths(image_paths: PathLike | Iterable[PathLike]) -> tuple[bool, list[str]]:
    """List the paths that are given, and tell whether a folder or glob is among them."""
    if isinstance(image_paths, (str, os.PathLike)):
        _refuse_document(os.fspath(image_paths))
        paths = list_source(image_paths)
        if not paths:
            warn_user(describe_empty(image_paths), ImageLoadingWarning)
        return True, paths
    given = _check_paths(_take_column(image_paths))
    odd = {
        path
        for path in given
        if path[-4:] not in _USUAL_ENDS
        or "*" in path
        or "?" in path
        or "[" in path
        or path[:1] == "~"
    }
    home_of = {path: expand_home(path) for path in odd}
    found_in = {path: list_source(home) for path, home in home_of.items() if _is_searched(home)}
    for source, found in found_in.items():
        if not found:
            warn_user(describe_empty(source), ImageLoadingWarning)
    if odd:
        spelt = [found_in.get(path, [home_of.get(path, path)]) for path in given]
        given = list(chain.from_iterable(spelt))
    return bool(found_in), given


def _is_searched(path: str) -> bool:
    """Tell whether a path of a list is a folder, or a glob; what is called as images are is none.

    So the file system is not asked for each image once more.
    """
    if glob.has_magic(path):
        # What might as well be the name of a photo that is gone is a glob if it matches something.
        is_glob = not os.path.lexists(path) and ("*" in path or any(glob.iglob(path)))
        if is_glob or "*" in path:
            return is_glob
    return not has_image_extension(path) and os.path.isdir(path)


def _refuse_document(path: str) -> None:
    """Refuse a list or table where a folder or glob is expected: it is no image."""
    extension = os.path.splitext(path)[1].lower()
    if extension in {*TABLE_EXTENSIONS, *LIST_EXTENSIONS} and os.path.isfile(path):
        msg = (
            f"A folder, a glob or paths of images are expected. Got {path!r}, which the command "
            "reads as a list or table. Give its paths, such as pandas.read_csv(...)['path'], or, "
            "of detections, Document.read(...)."
        )
        raise InvalidParameterError(msg)


def _take_column(images: object) -> Iterable[PathLike]:
    """Take the column of paths of a data frame or Arrow table; anything else as it is."""
    names = getattr(images, "column_names", None) or getattr(images, "columns", None)
    if names is None:
        is_arrow = hasattr(images, "to_pylist")
        return images.to_pylist() if is_arrow else images  # type: ignore[return-value,attr-defined] # checked by who goes through it
    names = list(map(str, names))
    name = find_path_column(names, "The table")
    if names.count(name) > 1:
        msg = (
            f"The table has {names.count(name)} columns {name!r}, and one is to name the images. "
            "Rename the others, or give the column itself."
        )
        raise InvalidParameterError(msg)
    column = images[name]  # type: ignore[index] # tables have that
    return column.to_pylist() if hasattr(column, "to_pylist") else column  # type: ignore[no-any-return]


def _check_paths(image_paths: Iterable[PathLike]) -> list[str]:
    """Return the caller's paths as strings, or say which element is no path."""
    try:
        elements = iter(image_paths)
    except TypeError:
        msg = (
            "The images must be given as a folder, a glob or an iterable of paths. "
            f"Got {shorten(image_paths)} instead."
        )
        raise InvalidParameterError(msg) from None
    return [
        path if isinstance(path, str) else to_text(path, f"Element {i} of the paths")
        for i, path in enumerate(elements)
    ]
