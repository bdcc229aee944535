"""What a lockfile is to say of a selection."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from ..checks import is_url
from ..errors import InvalidParameterError, OutputError
from ..items import stat_files, strip_folder, to_key, to_keys
from ..object_urls import is_remote
from ..records import WHOLE, Cause, FeatureTable, Picks, Region
from ..results import list_versions
from .content_hashes import ContentHash, hash_files
from .lock_file import LockContent, LockedPick, LockedRound, sort_picks
from .locked_folders import LockedFolder

# The columns of a row that picks depend on; the others tell about files.
_SEEN = ("dhash", "ahash", "mean_rgb", "lab_layout", "captured")


def are_relative(selection: Picks) -> bool:
    """Tell whether all images were named by relative paths."""
    return not any(map(os.path.isabs, selection.table.paths))


def refuse_locking(paths: Iterable[str]) -> None:
    """Refuse to lock images that are no files of this machine."""
    first = next(filter(is_remote, paths), None)
    if first is not None:
        msg = (
            f"A lockfile is of files of this machine. Got {first!r}. Copy the picks here and lock "
            "those (in the command, --copy-to), or write a table, which has their URLs."
        )
        raise InvalidParameterError(msg)


def make_content(
    selection: Picks,
    root: bytes,
    content: LockContent,
    wanted: int | None,
    *,
    show_progress: bool = False,
) -> LockContent:
    """Add a selection to what a lockfile says so far, as one more round.

    `root` is the folder that paths count from, `wanted` how many images were asked for. Selected
    files are read to their ends. Raises InvalidParameterError for a selected image outside of the
    root, and OutputError for one that is gone or cannot be read.
    """
    number = len(content.rounds) + 1
    picks = _lock_picks(selection, root, number, show_progress=show_progress)
    this_round = LockedRound(
        selected=len(selection),
        wanted=wanted,
        random_seed=selection.random_seed,
        readable=len(selection.table),
        failed=len(selection.failures),
        features_sha256=digest_features(selection.table, root),
        versions=list_versions(),
    )
    return replace(
        content,
        rounds=[*content.rounds, this_round],
        folders=lock_folders(list_present(selection.inputs, root)),
        picks=sort_picks([*content.picks, *picks]),
    )


def _lock_picks(
    selection: Picks, root: bytes, number: int, *, show_progress: bool
) -> list[LockedPick]:
    """Describe the selected items with the content of their files, each of which is read once."""
    paths = selection.paths
    names = list(dict.fromkeys(paths))
    keys = to_keys(names)
    hashes = hash_files(keys, show_progress=show_progress)
    file_of = {
        path: (os.fsdecode(strip_folder(key, root, "the root of the lockfile")), content)
        for path, key, content in zip(names, keys, hashes, strict=True)
    }
    for path, (_, content) in file_of.items():
        if isinstance(content, Cause):
            place = "" if os.path.isabs(path) else f" in the working folder {os.getcwd()!r}"
            msg = (
                f"The selected image {path!r} cannot be locked ({content.value}{place}). Nothing "
                "was written. Run the same again, without it or when it is there"
                f"{', in the folder that its path counts from' * bool(place)}."
            )
            raise OutputError(msg)
    picks = []
    for path, region in list_items_of(selection):
        name, content = file_of[path]
        assert isinstance(content, ContentHash)
        is_crop = region != WHOLE
        picks.append(
            LockedPick(
                name,
                content.size_bytes,
                content.mtime_ns,
                content.sha256,
                number,
                region if is_crop else None,
            )
        )
    return picks


def list_items_of(selection: Picks) -> list[tuple[str, Region]]:
    """List path and region of the selected items."""
    regions = selection.table.regions[selection.rows].tolist()
    pairs = zip(selection.paths, regions, strict=True)
    return [(path, (x, y, width, height)) for path, (x, y, width, height) in pairs]


def list_present(paths: Iterable[str], root: bytes) -> dict[str, int]:
    """List the files below a root that are there, by relative paths with slashes, with sizes."""
    names = [path for path in dict.fromkeys(paths) if path and not is_url(path)]
    prefix = os.path.join(root, b"")
    keys = [key for key in to_keys(names) if key.startswith(prefix)]
    stats = stat_files(keys)
    return {
        os.fsdecode(strip_folder(key, root, "")): int(stats.size_bytes[place])
        for place, key in enumerate(keys)
        if place not in stats.causes
    }


def split_by_folder(present: dict[str, int]) -> dict[str, dict[str, int]]:
    """Split paths into folders and names; the root's own folder is ``.``."""
    folders: dict[str, dict[str, int]] = defaultdict(dict)
    for path, size_bytes in present.items():
        folder, _, name = path.rpartition("/")
        folders[folder or "."][name] = size_bytes
    return folders


def lock_folders(present: dict[str, int]) -> list[LockedFolder]:
    """Describe the folders of a collection, sorted by path."""
    folders = split_by_folder(present).items()
    return [
        LockedFolder.of_images(path, list(sizes), sum(sizes.values()))
        for path, sizes in sorted(folders, key=lambda folder: os.fsencode(folder[0]))
    ]


def digest_features(table: FeatureTable, root: bytes) -> str:
    """Digest what picks depend on in the images, wherever these lie."""
    prefix = os.path.join(root, b"")
    digest = hashlib.sha256()
    for path in table.paths:
        key = to_key(path)
        digest.update(key.removeprefix(prefix) if key.startswith(prefix) else os.path.basename(key))
        digest.update(b"\0")
    digest.update(np.ascontiguousarray(table.regions).data)
    for name in _SEEN:
        digest.update(np.ascontiguousarray(table.rows[name]).view(np.uint8).data)
    return digest.hexdigest()
