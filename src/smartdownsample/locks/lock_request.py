"""What was asked for, as a lockfile spells it so that it can be asked for again, and elsewhere."""

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import InvalidParameterError
from ..formats import LIST_EXTENSIONS, TABLE_EXTENSIONS
from ..items import find_common_folder, find_fixed_folder, list_items, to_key
from ..records import Picks
from ..results import find_base_of
from .content_hashes import digest_file
from .lock_file import LockContent, LockedSource
from .places import spell_nearby, spell_place

# More images than these, named one by one, are not repeated in a lockfile.
_MOST_NAMED = 100
# Files beside images, in a folder that is searched to see whether they are all of it.
_MOST_OTHERS = 1000
# Folders below the root whose images do not count, since they were placed there.
LEFT_OUT = "left_out"
# How the root was reached from the working folder, which patterns of paths may count from.
ROOT_AS_CALLED = "root_as_called"


@dataclass(frozen=True)
class LockRequest:
    """What was asked for.

    Attributes
    ----------
    sources, keep : sequence of str, or None
        What named the images, and those selected before; None where that is not known.
    options : mapping of str to object, or None
        All that decides about the selection but these, the count and the seed, by the names of
        parameters; None where it can stand in no file.
    documents : collection of str
        Those of the sources that are documents of detections.
    placed : sequence of str
        Folders that images were placed in.
    """

    sources: Sequence[str] | None
    keep: Sequence[str] | None
    options: Mapping[str, Any] | None
    documents: Collection[str] = ()
    placed: Sequence[str] = ()

    def find_root(self, selection: Picks) -> bytes:
        """Find the folder that paths count from: of all sources, or of all images in documents.

        Raises InvalidParameterError for those on two drives of Windows.
        """
        root = (self.options or {}).get("root")
        if root is not None:
            key = to_key(root)
            if all(to_key(path).startswith(os.path.join(key, b"")) for path in selection.paths):
                return key
        places = [_find_fixed(each) for each in self.sources or () if each not in self.documents]
        if self.documents or not places or None in places:
            return find_base_of(selection)
        return find_common_folder([to_key(place) for place in places if place is not None])

    def spell(self, features: str, root: bytes, folder: bytes, place: str | None) -> LockContent:
        """Begin a lockfile in a folder, of images that lie below a root, which it spells `place`.

        Raises InvalidParameterError for a pattern that would match nothing on another machine.
        """
        return LockContent(
            features=features,
            root=place,
            sources=self._spell_sources(self.sources, root, folder),
            keep=self._spell_sources(self.keep, root, folder),
            options=None if self.options is None else self._spell_options(self.options, root),
        )

    def _spell_sources(
        self, sources: Sequence[str] | None, root: bytes, folder: bytes
    ) -> list[LockedSource] | None:
        """Spell sources for a lockfile in a folder; None where one cannot be repeated."""
        if sources is None:
            return None
        if len(sources) > _MOST_NAMED and all(map(os.path.isfile, sources)):
            # A shell put them in the place of a pattern. Those selected before are there anyway.
            is_all = _are_all(sources, os.fsdecode(root), self.keep or ())
            return [LockedSource(images=".")] if is_all else None
        spelt = [_spell_source(source, self.documents, root, folder) for source in sources]
        known = [source for source in spelt if source is not None]
        return known if len(known) == len(spelt) else None

    def _spell_options(self, options: Mapping[str, Any], root: bytes) -> dict[str, Any]:
        """Spell options; a root of documents is told from that of the lockfile on."""
        told = dict(options)
        if told.get("root") is not None:
            told["root"] = spell_place(to_key(told["root"]), root)
        told[LEFT_OUT] = spell_folders(self.placed, root)
        patterns = {name: told[name] for name in ("include", "exclude") if told.get(name)}
        if patterns or (told.get("grouping") or "").startswith("regex:"):
            as_called = spell_place(root, to_key(os.curdir))
            for name, given in patterns.items():
                told[name] = [_spell_pattern(each, root, as_called, name) for each in given]
            # Patterns from the disk's root on then count from the root of the images.
            is_absolute = any(told[name] != given for name, given in patterns.items())
            told[ROOT_AS_CALLED] = as_called or (os.curdir if is_absolute else None)
        return told


def _are_all(sources: Sequence[str], root: str, keep: Sequence[str]) -> bool:
    """Tell whether images are all of a folder, but for some; not where it holds far more files.

    What images have in common may be the root of the disk, which is not to be searched.
    """
    n_left = 2 * len(sources) + _MOST_OTHERS
    for _, folders, files in os.walk(root):
        n_left -= len(folders) + len(files)
        if n_left < 0:
            return False
    return {*map(to_key, sources)} ^ {*list_items(root).keys} <= {*map(to_key, keep)}


def spell_folders(folders: Sequence[str], root: bytes) -> list[str]:
    """Spell those of some folders that lie below the root, sorted."""
    places = [spell_place(to_key(folder), root) for folder in folders]
    return sorted({place for place in places if place is not None})


def explain_unrepeatable(content: LockContent) -> str | None:
    """Say why what was asked for cannot be repeated; None where it can."""
    if content.options is None:
        return (
            "what was asked for can stand in no file, as labels of images in Python and selections "
            "out of rankings cannot"
        )
    if content.sources is None or content.keep is None:
        return (
            "it does not say what named the images, or those selected before, as where standard "
            "input, a list outside of its folder, a pack, or very many images one by one did"
        )
    return None


def is_document(source: str) -> bool:
    """Tell whether the command takes a source for a list, table, document or standard input."""
    extension = os.path.splitext(source)[1].lower()
    return source == "-" or extension in {*TABLE_EXTENSIONS, *LIST_EXTENSIONS, ".json", ".lock"}


def _find_fixed(source: str) -> str | None:
    """Find the folder that a folder, glob or image stays in; None for lists and tables."""
    if os.path.isdir(source):
        return source
    if is_document(source):
        return None
    return find_fixed_folder(source) or os.curdir


def _spell_source(
    source: str, documents: Collection[str], root: bytes, folder: bytes
) -> LockedSource | None:
    """Spell a source: images below the root, or anything else from the lockfile's folder on."""
    key = to_key(source)
    is_list = source in documents or (is_document(source) and not os.path.isdir(source))
    below = None if is_list else spell_place(key, root)
    if below is not None:
        return LockedSource(images=below)
    place = spell_nearby(key, folder, is_relative=not os.path.isabs(source))
    if place is None or source == "-" or not os.path.exists(source):
        return None
    return LockedSource(document=place, sha256=digest_file(source))


def _spell_pattern(pattern: str, root: bytes, as_called: str | None, name: str) -> str:
    """Spell a pattern that counts from the root of the disk such that it serves elsewhere."""
    folder = os.fsdecode(root)
    start = os.path.join(folder, "")
    if pattern.startswith(start) and pattern != start:
        is_below = as_called not in {None, os.curdir}
        escaped = re.sub(r"([*?\[\\])", r"\\\1", f"/{as_called}") if is_below else ""
        return f"{escaped}/{pattern.removeprefix(start)}"
    first = folder.split("/")[:2]
    if pattern.count("/") > 1 and first[-1] and pattern.split("/")[:2] == first:
        msg = (
            f"--{name} {pattern!r} counts from the root of the disk, so that it would match "
            "nothing on another machine, and is not below the folder of the images. No lockfile "
            "was written. Give it from the folder that is searched on, such as StationB/2024*."
        )
        raise InvalidParameterError(msg)
    return pattern
