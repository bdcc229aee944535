"""From a lockfile to what the command selected, and to more of it."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ..display import count_noun
from ..errors import InvalidParameterError, OutputError
from ..formats import looks_like_document
from ..index import ImageIndex
from ..items import NamedImages, to_key
from ..locks import (
    LEFT_OUT,
    ROOT_AS_CALLED,
    Lock,
    LockedPick,
    check_below,
    explain_unrepeatable,
    list_other_forms,
    locate,
    lock_kind,
    make_content,
    save_content,
    spell_folders,
    spell_nearby,
)
from ..options import Kept, SamplingOptions
from ..records import FeatureTable, IntArray, Picks
from ..sampling import find_kept, label_items
from ..selection import Selection
from ..writing import check_output
from .earlier import name_picks
from .inputs import (
    CheckOutputs,
    Inputs,
    check_picks,
    choose_reading,
    collect,
    count_target,
    name_all,
)
from .lock_output import list_asked, list_placed
from .option_values import read_grouping
from .printing import say

_LISTS = ("include", "exclude", "categories", "left_out")
# Options that are about all images of the collection, not about the selected ones alone.
_ABOUT_ALL = ("manifest", "report", "distribution", "thumbnails", "json")


@dataclass(frozen=True)
class Reopened:
    """What a lockfile selected, or what was added to it.

    ``options`` are those of the lockfile, with the outputs of this run. ``n_collection`` is how
    many images the last round chose from, where only the selected ones were looked at now.
    """

    options: argparse.Namespace
    selection: Selection
    images: NamedImages
    added_to: "Lock | None" = None
    n_collection: int | None = None

    def save(self) -> None:
        """Write the lockfile anew, if anything was added to it."""
        lock, options = self.added_to, self.options
        if lock is None:
            return
        n_wanted = None if options.target_count is None else self.selection.target_count
        root = to_key(lock.find_root(options.locked_root))
        told = {**(lock.content.options or {}), LEFT_OUT: spell_folders(list_placed(options), root)}
        before, folder = lock.content.root, os.path.dirname(to_key(lock.file))
        is_moved = before is None or to_key(os.path.join(os.fsdecode(folder), before)) != root
        is_relative = not os.path.isabs(options.locked_root)
        # What would tell about this machine leaves the file as it was.
        place = spell_nearby(root, folder, is_relative=is_relative) if is_moved else before
        content = make_content(
            self.selection,
            root,
            replace(lock.content, options=told, root=place or before),
            n_wanted,
            show_progress=not options.quiet,
        )
        save_content(content, lock.file, self.selection, known=lock.content)
        if not options.quiet:
            picks, rounds = len(content.picks), len(content.rounds)
            counts = f"{count_noun(picks, 'pick')} of {count_noun(rounds, 'round')}"
            say(f"Locked {counts} in {lock.file}")
        if is_moved and place is not None:
            say(f"{lock.file} now leads to images in {place}.")
        elif is_moved and before is not None:
            say(f"{lock.file} still leads to images in {before}: name their folder with --root.")


def find_obstacle(lock: Lock) -> str | None:
    """Say why the call of a lockfile cannot be repeated here; None where it can."""
    reason = explain_unrepeatable(lock.content)
    if reason is not None:
        return reason
    gone = lock.list_changed_documents(only_missing=True)
    return f"{gone[0]!r}, which named the images, is not there" if gone else None


def restore_options(options: argparse.Namespace, lock: Lock, root: str) -> argparse.Namespace:
    """Return options with those of a lockfile in the place of their own."""
    content = lock.content
    asked = {name: value for name, value in (content.options or {}).items() if name != "root"}
    unknown = {*asked} - {*list_asked(options), LEFT_OUT, ROOT_AS_CALLED}
    if unknown:
        msg = f"{lock.file!r} has the option {min(unknown)!r}, which this release does not know."
        raise InvalidParameterError(msg)
    for name, value in asked.items():
        is_sound = isinstance(value, list) == (name in _LISTS)
        if name in {"path_column", "grouping", ROOT_AS_CALLED}:
            is_sound = value is None or isinstance(value, str)
        if not is_sound:
            msg = f"{lock.file!r} has an option {name!r} that is not as it should be: {value!r}."
            raise InvalidParameterError(msg)
    restored = argparse.Namespace(**{**vars(options), **asked})
    restored.sources = lock.list_sources(content.sources or [], root)
    restored.keep = lock.list_sources(content.keep or [], root)
    patterns = [*restored.include, *restored.exclude, restored.grouping or ""]
    restored.foreign_patterns = [each for each in patterns if "*" in each or ":" in each]
    restored.random_seed = content.rounds[-1].random_seed
    restored.locked_root = root
    places = asked.get(LEFT_OUT)
    try:
        for place in _as_list(places):
            check_below(place)
    except ValueError as error:
        msg = f"{lock.file!r} has an option {LEFT_OUT!r} that is not as it should be: {error}."
        raise InvalidParameterError(msg) from error
    restored.left_out = [os.path.join(root, place) for place in _as_list(places)]
    as_called = asked.get(ROOT_AS_CALLED)
    if isinstance(as_called, str):
        restored.respell = partial(_respell, root=to_key(root), as_called=as_called)
    has_root = (content.options or {}).get("root") is not None
    is_moved = options.root is not None and any(map(_is_of_detections, restored.sources))
    restored.root = root if has_root or is_moved else None
    if restored.grouping is not None:
        try:
            read_grouping(restored.grouping)
        except argparse.ArgumentTypeError as error:
            msg = f"{lock.file!r} has an option 'grouping' that {error}."
            raise InvalidParameterError(msg) from error
    return restored


def _respell(path: str, root: bytes, as_called: str) -> str:
    """Spell a path below the root as it was when the lockfile was written."""
    key = to_key(path)
    if key != root and not key.startswith(os.path.join(root, b"")):
        return path
    return os.path.normpath(os.path.join(as_called, os.fsdecode(os.path.relpath(key, root))))


def _as_list(value: object) -> list[str]:
    return value if isinstance(value, list) else []


def _is_of_detections(source: str) -> bool:
    """Tell whether a source is a document whose photos have a root."""
    return os.path.exists(source) and looks_like_document(source)


def tell_outside(options: argparse.Namespace, lock: Lock, root: str | None) -> None:
    """Say what a lockfile reads outside of its folder unasked, since it may come from anybody.

    With ``--quiet`` what lies below the working folder is no matter.
    """
    here = os.path.join(to_key(os.curdir), b"")
    outside = [
        place
        for place in lock.list_outside(root)
        if not options.quiet or not to_key(place).startswith(here)
    ]
    if outside:
        names = ", ".join(map(repr, outside))
        say(f"{lock.file!r} is about images and documents outside of its folder: {names}")


def repeat(options: argparse.Namespace, lock: Lock, root: str) -> Picks:
    """Select again what the last round of a lockfile selected, with the options restored."""
    inputs = collect(options)
    last = lock.content.rounds[-1]
    sampling = _keep_locked(inputs, lock, root, before=len(lock.content.rounds))
    return inputs.index.draw(last.wanted, options.random_seed, sampling)


def reopen(options: argparse.Namespace, check_outputs: CheckOutputs) -> Reopened:
    """Take the selection of ``--lock``, or select more for ``--update``."""
    _refuse_own(options)
    lock = Lock.read(options.update or options.lock)
    tell_outside(options, lock, options.root)
    root = lock.find_root(options.root)
    restored = restore_options(options, lock, root)
    lock.check_images(root)
    if options.update is None:
        return _replay(restored, lock, root, check_outputs)
    reason = find_obstacle(lock)
    if reason is not None:
        msg = f"{lock.file!r} cannot be added to: {reason}. Select with --keep instead."
        raise InvalidParameterError(msg)
    check_output(lock.file, lock_kind(lock.content))
    inputs = collect(restored, check_outputs)
    sampling = _keep_locked(inputs, lock, root, before=len(lock.content.rounds) + 1)
    count = count_target(options, inputs.index)
    selection = inputs.index.draw(count, restored.random_seed, sampling)
    check_picks(restored, selection)
    return Reopened(restored, selection, inputs.images, lock)


def _refuse_own(options: argparse.Namespace) -> None:
    """Raise InvalidParameterError for an option that the lockfile decides about."""
    actions = options.parser._actions  # noqa: SLF001 - argparse has no other way
    decided = list_asked(options).keys() - {"sources", "target_count", "root"}
    for action in actions:
        if action.dest in decided and getattr(options, action.dest) not in (action.default, []):
            msg = (
                f"{action.option_strings[-1]} is decided by the lockfile. Leave it out, or name "
                "sources to select anew."
            )
            raise InvalidParameterError(msg)


def _replay(
    options: argparse.Namespace, lock: Lock, root: str, check_outputs: CheckOutputs
) -> Reopened:
    """Take the picks of a lockfile as a selection, without sampling.

    All images of the collection are looked at only where an output is about them.
    """
    is_about_all = _is_about_all(options)
    reason = find_obstacle(lock)
    if is_about_all and reason is not None:
        say(f"Only the selected images are known, since {lock.file!r} cannot be repeated: {reason}")
    kept: list[Kept] | IntArray = []
    has_documents = any(source.document for source in lock.content.sources or [])
    if reason is None and (is_about_all or has_documents):
        images, kept = name_all(options)
        if not is_about_all:
            wanted = set(map(to_key, lock.list_paths(root)))
            is_picked = [to_key(path) in wanted for path in images.paths]
            images, kept = images.take(np.array(is_picked, dtype=np.bool_)), []
    else:
        images = name_picks(lock, root)
    items = images.list_items()
    check_outputs(options, images, [lock.file, *options.sources, *options.keep, *items.paths])
    index = ImageIndex.gather_items(items, choose_reading(options))
    rows = _find_rows(index.table, lock.content.picks, root)
    missing = [pick for pick, row in zip(lock.content.picks, rows, strict=True) if row < 0]
    if missing:
        msg = (
            f"{len(missing):,} of the {len(lock):,} selected images of {lock.file!r} cannot be "
            f"used here, first {missing[0].path!r}: they cannot be read, or the sources name them "
            "no more. Nothing was written."
        )
        raise OutputError(msg)
    groups = "parent" if options.grouping == "parent" else images.labels
    labels = None if groups is None else label_items(groups, index.table)
    is_earlier = find_kept(index.table, kept)
    is_earlier[rows] = False
    last = lock.content.rounds[-1]
    seed = last.random_seed
    found, earlier = np.sort(rows), np.flatnonzero(is_earlier)
    selection = Selection(index.collection, found, len(rows), seed, labels, earlier)
    are_others_known = is_about_all and reason is None
    return Reopened(
        options, selection, images, n_collection=None if are_others_known else last.readable
    )


def _is_about_all(options: argparse.Namespace) -> bool:
    """Tell whether an output is about all images of the collection."""
    is_table = options.output is not None and not options.output.lower().endswith(".txt")
    return is_table or any(getattr(options, name) for name in _ABOUT_ALL)


def _find_rows(table: FeatureTable, picks: Sequence[LockedPick], root: str) -> IntArray:
    """Find the row of each pick, shape (k,); -1 where there is none."""
    folder = to_key(root)
    # A file system may know a name in another form than it lists.
    places = [
        [(locate(folder, form), pick.item[1]) for form in (pick.path, *list_other_forms(pick.path))]
        for pick in picks
    ]
    keys = {key for forms in places for key, _ in forms}
    row_of = {}
    for row, path in enumerate(table.paths):
        key = to_key(path)
        if key in keys:
            row_of[key, tuple(table.regions[row].tolist())] = row
    rows = [next((row_of[form] for form in forms if form in row_of), -1) for forms in places]
    return np.array(rows, dtype=np.int64)


def _keep_locked(inputs: Inputs, lock: Lock, root: str, *, before: int) -> SamplingOptions:
    """Let sampling keep the picks of the rounds before one."""
    picks = [pick for pick in lock.content.picks if pick.round < before]
    if not picks:
        return inputs.sampling
    table = inputs.index.table
    is_kept = find_kept(table, inputs.sampling.keep)
    rows = _find_rows(table, picks, root)
    is_kept[rows[rows >= 0]] = True
    return replace(inputs.sampling, keep=table.indices[is_kept])
