"""What has become of the images of a lockfile."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from ..display import format_html
from ..items import list_items, stat_files, strip_folder, to_key
from ..records import Cause, Picks, Region
from ..results import find_base_of
from .content_hashes import hash_files
from .lock_content import digest_features, list_items_of, list_present, split_by_folder
from .lock_file import LockContent, LockedPick
from .locked_folders import MOST_NAMED, LockedFolder
from .unicode_forms import list_other_forms, locate

# Path below the root, and region.
Item: TypeAlias = tuple[str, Region]


@dataclass(frozen=True)
class CollectionChanges:
    """What has become of a collection; only picks are told by content, the others by name.

    Attributes
    ----------
    n_locked, n_present : int
        How many images there were, and are.
    new, missing : tuple of str
        Images that came, and that went, by their paths below the root.
    n_unnamed : int
        How many more are gone that are not told by name: the lockfile does not have the names, or
        they are too many.
    resized : tuple of str
        Folders with the same images, whose sizes together are not the same.
    n_respelt : int
        How many images have the same names in another form of Unicode (NFC or NFD).
    """

    n_locked: int
    n_present: int
    new: tuple[str, ...]
    missing: tuple[str, ...]
    n_unnamed: int
    resized: tuple[str, ...]
    n_respelt: int = 0

    @property
    def is_same(self) -> bool:
        """Whether nothing has changed."""
        return not (self.new or self.missing or self.n_unnamed or self.resized)


@dataclass(frozen=True)
class PickChanges:
    """What the same call selects now, compared with the last round of a lockfile.

    Attributes
    ----------
    n_same : int
        How many picks are the same.
    dropped, added : tuple of (str, tuple of float)
        Path below the root and region of what is selected no more, and instead. What moved counts
        as the same.
    has_same_features : bool
        Whether all that picks depend on in the images is the same.
    """

    n_same: int
    dropped: tuple[Item, ...]
    added: tuple[Item, ...]
    has_same_features: bool

    @property
    def is_same(self) -> bool:
        """Whether the picks are the same."""
        return not (self.dropped or self.added)


@dataclass(frozen=True)
class LockReport:
    """What has become of the images of a lockfile; all paths are from the root on.

    Attributes
    ----------
    root : str
        The folder that was looked into.
    n_picks : int
        How many selected images the lockfile has.
    n_unchanged : int
        How many of them are where they were, with the same content.
    n_touched : int
        How many of these have another modification time, as copies have.
    moved : tuple of (str, str)
        Selected images whose content lies elsewhere: where it was and where it is.
    changed, missing : tuple of str
        Selected images of other content, and those that are gone or cannot be read.
    collection : CollectionChanges or None
        What has become of all images; None where they are not known.
    picks : PickChanges or None
        What the same call selects now; None where that is not known.
    documents : tuple of str
        Lists, tables and documents that have changed or are gone.
    n_respelt : int
        How many selected images have the same names in another form of Unicode (NFC or NFD).
    """

    root: str
    n_picks: int
    n_unchanged: int
    n_touched: int
    moved: tuple[tuple[str, str], ...]
    changed: tuple[str, ...]
    missing: tuple[str, ...]
    collection: CollectionChanges | None = None
    picks: PickChanges | None = None
    documents: tuple[str, ...] = field(default=())
    n_respelt: int = 0

    @property
    def is_same(self) -> bool:
        """Whether nothing is known to differ from the lockfile."""
        differs = self.moved or self.changed or self.missing or self.documents
        parts = [part for part in (self.collection, self.picks) if part is not None]
        return not differs and all(part.is_same for part in parts)

    def _repr_html_(self) -> str:
        """Show the counts and the first paths in a notebook."""
        heading = "Nothing differs" if self.is_same else "Not all is as it was"
        return format_html(f"{heading} in {self.root}", self._list_texts())

    def _list_texts(self) -> Iterator[tuple[str, str]]:
        """List what is the same and what is not."""
        yield "Selected", f"{self.n_unchanged:,} of {self.n_picks:,} images are as they were"
        found = {
            "Moved": [f"{place} -> {now}" for place, now in self.moved],
            "Changed": self.changed,
            "Missing": self.missing,
            "Documents": self.documents,
        }
        for name, paths in found.items():
            if paths:
                yield name, f"{len(paths):,}, first {paths[0]}"
        if self.collection is not None:
            n_new = len(self.collection.new)
            n_missing = len(self.collection.missing) + self.collection.n_unnamed
            n_images = f"{self.collection.n_present:,} images"
            yield "Collection", f"{n_images}, {n_new:,} new, {n_missing:,} missing"
        if self.picks is not None:
            n_others = len(self.picks.dropped)
            yield "Selected now", f"{self.picks.n_same:,} the same, {n_others:,} no more"


def check_picks(content: LockContent, root: str, *, show_progress: bool = False) -> LockReport:
    """Compare the content of all picks, and look for that of those that are gone."""
    folder = to_key(root)
    by_path = {pick.path: pick for pick in content.picks}
    keys = [locate(folder, path) for path in by_path]
    found = hash_files(keys, show_progress=show_progress)
    changed, missing, n_touched = [], [], 0
    for pick, state in zip(by_path.values(), found, strict=True):
        if isinstance(state, Cause):
            missing.append(pick)
        elif state.sha256 != pick.sha256:
            changed.append(pick)
        else:
            n_touched += state.mtime_ns != pick.mtime_ns
    place_of = dict(_find_moved([*changed, *missing], folder, show_progress=show_progress))
    moved = [
        (path, place_of[pick.sha256]) for path, pick in by_path.items() if pick.sha256 in place_of
    ]
    gone = {path for path, _ in moved}
    prefix = os.path.join(folder, b"")
    spelt = [os.fsdecode(key.removeprefix(prefix)).replace(os.sep, "/") for key in keys]
    n_respelt = sum(now != path for now, path in zip(spelt, by_path, strict=True))
    return LockReport(
        root,
        len(by_path),
        len(by_path) - len(changed) - len(missing),
        n_touched,
        tuple(moved),
        tuple(pick.path for pick in changed if pick.path not in gone),
        tuple(pick.path for pick in missing if pick.path not in gone),
        n_respelt=n_respelt,
    )


def _find_moved(
    gone: list[LockedPick], folder: bytes, *, show_progress: bool
) -> Iterator[tuple[str, str]]:
    """Yield digests of content that lies elsewhere below a folder, and where, sorted backwards."""
    if not gone:
        return
    sizes = {pick.size_bytes for pick in gone}
    wanted = {pick.sha256 for pick in gone}
    keys = sorted(list_items(os.fsdecode(folder)).keys, reverse=True)
    stats = stat_files(keys)
    alike = [
        key for key, size in zip(keys, stats.size_bytes.tolist(), strict=True) if size in sizes
    ]
    found = hash_files(alike, show_progress=show_progress)
    for key, state in zip(alike, found, strict=True):
        if not isinstance(state, Cause) and state.sha256 in wanted:
            yield state.sha256, os.fsdecode(strip_folder(key, folder, "the root"))


def find_locked_root(content: LockContent, selection: Picks) -> bytes:
    """Find the folder that the paths of picks count from, by where images of a selection lie.

    It is the deepest one that they have in common, or one above it that has a pick of this path.
    """
    folder = deepest = find_base_of(selection)
    known = set(map(to_key, selection.table.paths))
    while not any(locate(folder, pick.path) in known for pick in content.picks):
        above = os.path.dirname(folder)
        if above == folder:
            return deepest
        folder = above
    return folder


def find_unsound(content: LockContent, root: str) -> tuple[list[str], list[str]]:
    """Find the picks that have changed and those that are gone.

    A file of the same size and modification time is taken for the same; others are read.
    """
    folder = to_key(root)
    by_path = {pick.path: pick for pick in content.picks}
    picks = list(by_path.values())
    keys = [locate(folder, path) for path in by_path]
    stats = stat_files(keys)
    states = zip(stats.size_bytes.tolist(), stats.mtime_ns.tolist(), strict=True)
    doubtful = [
        place
        for place, state in enumerate(states)
        if place in stats.causes or state != (picks[place].size_bytes, picks[place].mtime_ns)
    ]
    changed, missing = [], []
    for place, found in zip(doubtful, hash_files([keys[place] for place in doubtful]), strict=True):
        if isinstance(found, Cause):
            missing.append(picks[place].path)
        elif found.sha256 != picks[place].sha256:
            changed.append(picks[place].path)
    return changed, missing


def compare_collection(
    content: LockContent, paths: Iterable[str], root: bytes
) -> CollectionChanges:
    """Compare the images of a collection with those that there are now."""
    present = split_by_folder(list_present(paths, root))
    new: list[str] = []
    missing: list[str] = []
    resized: list[str] = []
    n_unnamed = n_respelt = 0
    known = {folder.path: folder for folder in content.folders}
    form_of = _match_forms(present, known)
    present = {form_of.get(path, path): names for path, names in present.items()}
    for path in {**known, **present}:
        names = present.get(path, {})
        start = "" if path == "." else f"{path}/"
        if path not in known:
            new += [start + name for name in names]
            continue
        forms = _match_names(known[path], names)
        n_respelt += len(names) if path in form_of.values() else len(forms)
        names = {forms.get(name, name): n_bytes for name, n_bytes in names.items()}
        changes = known[path].compare(names, MOST_NAMED - len(missing))
        new += [start + name for name in changes.new]
        missing += [start + name for name in changes.missing]
        n_unnamed += changes.n_unnamed
        if not any(changes) and sum(names.values()) != known[path].size_bytes:
            resized.append(path)
    return CollectionChanges(
        sum(folder.n_images for folder in content.folders),
        sum(map(len, present.values())),
        tuple(sorted(new)),
        tuple(sorted(missing)),
        n_unnamed,
        tuple(sorted(resized)),
        n_respelt,
    )


def _match_forms(present: Collection[str], known: Collection[str]) -> dict[str, str]:
    """Match names that are not known with known ones in another form that are not there."""
    return {
        name: other
        for name in present
        if name not in known
        for other in list_other_forms(name)
        if other in known and other not in present
    }


def _match_names(folder: LockedFolder, names: Collection[str]) -> dict[str, str]:
    """Match names of images in a folder with those that it had, see `_match_forms`."""
    odd = [name for name in names if not name.isascii()]
    if not odd:
        return {}
    forms = {*odd, *(other for name in odd for other in list_other_forms(name))}
    known = forms.difference(folder.compare(forms, 0).new)
    return _match_forms(names, known)


def compare_selection(
    content: LockContent, selection: Picks, root: bytes, moved: Mapping[str, str]
) -> PickChanges:
    """Compare what a call selects with the last round; `moved` are picks that lie elsewhere now."""
    last = len(content.rounds)
    picks = (pick for pick in content.picks if pick.round == last)
    locked = {(moved.get(pick.path, pick.path), pick.item[1]) for pick in picks}
    selected = {
        (os.fsdecode(_strip(to_key(path), root)), region)
        for path, region in list_items_of(selection)
    }
    form_of = _match_forms({path for path, _ in selected}, {path for path, _ in locked})
    selected = {(form_of.get(path, path), region) for path, region in selected}
    digest = digest_features(selection.table, root)
    return PickChanges(
        len(locked & selected),
        tuple(sorted(locked - selected)),
        tuple(sorted(selected - locked)),
        digest == content.rounds[-1].features_sha256,
    )


def _strip(key: bytes, root: bytes) -> bytes:
    prefix = os.path.join(root, b"")
    return strip_folder(key, root, "") if key.startswith(prefix) else key
