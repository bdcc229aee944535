"""Images that were selected before: those of ``--keep``, and of selections that are compared.

They may be named by a folder, a list, a table, a document or a lockfile, and must be there.
"""

import argparse
import os
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from ..display import count_noun
from ..errors import ImageLoadingWarning, InvalidParameterError, warn_user
from ..gathering import turn_upright
from ..items import NamedImages, ReadItems, name_images, stat_files, to_key
from ..locks import Lock, is_lockfile
from ..records import BoolArray, Cause, ItemList, whole_photos
from ..results import find_originals, unflatten


def list_roots(options: argparse.Namespace, sources: Sequence[str]) -> list[str]:
    """List the folders, beside the working one, that paths of earlier images may count from.

    A table that was written with ``--relative-to`` has such paths.
    """
    given = getattr(options, "relative_to", None)
    folders = [source for source in sources if os.path.isdir(source)]
    roots = [*([] if given is None else [given]), *folders]
    if len(folders) > 1:
        keys = list(map(to_key, folders))
        drives = {os.path.splitdrive(key)[0] for key in keys}
        roots += [os.fsdecode(os.path.commonpath(keys))] if len(drives) == 1 else []
    return list(dict.fromkeys(roots))


def read_earlier(
    source: str, roots: Sequence[str], path_column: str | None, read_items: ReadItems
) -> NamedImages:
    """Read the images that a source names, and make sure that they are there.

    Those of a list or table are looked for in the working folder, then below the `roots`. Some that
    are missing are warned of and left out; where all are, `InvalidParameterError` is raised.
    """
    if is_lockfile(source):
        images, places = _read_lock(Lock.read(source), roots)
    else:
        images = name_images(
            [source], path_column=path_column, read_items=read_items, turn=turn_upright
        )
        places = ["the working folder", *map(repr, roots)]
        if images.items is None:
            images = replace(images, paths=_find_below(images.paths, roots))
    return _take_present(images, source, places)


def _read_lock(lock: Lock, roots: Sequence[str]) -> tuple[NamedImages, list[str]]:
    """Name the picks of a lockfile, and the folders that they were looked for in."""
    try:
        folders = [lock.find_root(), *roots]
    except InvalidParameterError:
        if not roots:
            raise
        folders = [*roots]
    found = [int(_is_there(lock.list_paths(folder)).sum()) for folder in folders]
    best = folders[int(np.argmax(found))]
    is_of_crops = any(pick.region is not None for pick in lock.content.picks)
    images = name_picks(lock, best) if is_of_crops else NamedImages(lock.list_paths(best))
    return images, list(map(repr, folders))


def name_picks(lock: Lock, root: str) -> NamedImages:
    """Name the items that a lockfile selected, and nothing else."""
    paths = lock.list_paths(root)
    number_of = {path: number for number, path in enumerate(paths)}
    picks = lock.content.picks
    file_of = [number_of[lock.place(pick, root)] for pick in picks]
    items = ItemList(
        paths=paths,
        keys=list(map(to_key, paths)),
        file_of=np.array(file_of, dtype=np.int64),
        frames=whole_photos(len(picks))[0],
        regions=np.array([pick.item[1] for pick in picks], dtype=np.float32).reshape(-1, 4),
        positions=np.arange(len(picks)),
        n_given=len(picks),
    )
    return NamedImages([paths[file] for file in file_of], items=items)


def name_originals(earlier: NamedImages, images: NamedImages) -> NamedImages:
    """Name photos of the collection in the place of copies of them and links to them."""
    if earlier.items is not None:
        return earlier
    return replace(earlier, paths=find_originals(earlier.paths, images.paths))


def _is_there(paths: Sequence[str]) -> BoolArray:
    """Tell which paths lead to something, shape (n,)."""
    causes = stat_files(list(map(to_key, paths))).causes
    is_there = np.ones(len(paths), dtype=np.bool_)
    is_there[[place for place, cause in causes.items() if cause is Cause.MISSING]] = False
    return is_there


def _find_below(paths: list[str], roots: Sequence[str]) -> list[str]:
    """Put the root before relative paths that lead nowhere without it, and somewhere with it.

    Paths may be names of copies in a flat folder, as labelling tools export them.
    """
    found = list(paths)
    lost = [place for place, is_there in enumerate(_is_there(paths)) if not is_there]
    for root, is_flat in product(roots, (False, True)):
        lost = [place for place in lost if not os.path.isabs(paths[place])]
        names = [_unflatten(paths[place]) if is_flat else paths[place] for place in lost]
        below = [os.path.join(root, name) for name in names]
        is_below = _is_there(below).tolist()
        for place, path, is_there in zip(lost, below, is_below, strict=True):
            if is_there:
                found[place] = path
        lost = [place for place, is_there in zip(lost, is_below, strict=True) if not is_there]
    return found


def _unflatten(path: str) -> str:
    return os.fsdecode(unflatten(os.fsencode(path)))


def _take_present(images: NamedImages, source: str, places: Sequence[str]) -> NamedImages:
    """Take the images that are there, see `read_earlier`."""
    is_there = _is_there(images.paths)
    if is_there.all():
        return images
    pairs = zip(images.paths, is_there.tolist(), strict=True)
    missing = list(dict.fromkeys(path for path, is_found in pairs if not is_found))
    n = len(set(images.paths))
    lost = f"of {count_noun(n, 'image')} in {source!r}, first {missing[0]!r}"
    if not is_there.any():
        looked_for = " and ".join(places)
        msg = (
            f"None {lost}, is there. Relative paths were looked for in {looked_for}. Work in the "
            "folder that they count from, or name a newer list."
        )
        raise InvalidParameterError(msg)
    warn_user(
        f"{len(missing):,} {lost}, cannot be found any more; the others are used.",
        ImageLoadingWarning,
    )
    return images.take(is_there)
