"""``smartdownsample verify``: what has become of the images of a lockfile."""

import argparse
from collections.abc import Iterator, Sequence

from ..display import count_noun
from .base_parser import FAILED

# Importing typing takes a tenth of the time in which help is to appear.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..locks import CollectionChanges, Lock, LockReport, PickChanges
    from ..records import Picks

SUMMARY = "Tell what has become of the images of a lockfile, and whether they are selected again"
USAGE = "FILE [options]"
EXAMPLES = (
    "verify picks.lock",
    "verify picks.lock --root /mnt/archive/photos --json",
)

# Exit code where nothing is known to differ, but what the lockfile asks for cannot be repeated.
_NOT_KNOWN = 3
# Images of each kind that are listed for people.
_MAX_LISTED = 20
# Images of one folder that are listed one by one.
_MAX_IN_FOLDER = 5


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    from ..options import ReadingOptions
    from .shared_options import add_cache_dir, add_json

    parser.add_argument("file", metavar="FILE", help="lockfile, as sample --lock wrote it")
    add = parser.add_argument
    add("--root", metavar="DIR", help="folder of the images, if it is not where it was")
    add_cache_dir(add)
    add_json(add, "print JSON, with all images that differ")
    add("-q", "--quiet", action="store_true", help="no progress; warnings remain")
    parser.set_defaults(cache=ReadingOptions.cache, max_pixels=ReadingOptions.max_pixels)


def run(options: argparse.Namespace) -> int:
    """Run the command and return the exit code: 1 where anything differs, 3 if it is not known."""
    import dataclasses

    from ..errors import SmartDownsampleError
    from ..locks import Lock
    from .lock_input import find_obstacle, tell_outside
    from .printing import print_json, tell

    lock = Lock.read(options.file)
    tell_outside(options, lock, options.root)
    root = lock.find_root(options.root)
    reason, selection = find_obstacle(lock), None
    is_known = True
    if reason is None:
        try:
            selection = _repeat(options, lock, root)
        except SmartDownsampleError as error:  # what became of the picks is told all the same
            reason, is_known = str(error), False
    report = lock.verify(root, selection=selection, show_progress=not options.quiet)
    is_same = None if report.is_same and not is_known else report.is_same
    if options.json:
        print_json({"is_same": is_same, "not_repeated": reason, **dataclasses.asdict(report)})
    else:
        tell(*_describe(lock, report, reason))
    return _NOT_KNOWN if is_same is None else 0 if is_same else FAILED


def _repeat(options: argparse.Namespace, lock: "Lock", root: str) -> "Picks":
    """Select again what the last round selected."""
    from . import sample
    from .base_parser import Parser
    from .lock_input import repeat, restore_options

    parser = Parser()
    sample.add_options(parser)
    asked = parser.parse_args([])
    for name in ("root", "cache_dir", "quiet"):
        setattr(asked, name, getattr(options, name))
    restored = restore_options(asked, lock, root)
    restored.image_loading_errors = "skip"  # what is missing is told below
    return repeat(restored, lock, root)


def _describe(lock: "Lock", report: "LockReport", reason: str | None) -> Iterator[str]:
    """Say what differs, and what does not."""
    are = "is as it was" if report.n_picks == 1 else "are as they were"
    yield f"Selected: {report.n_unchanged:,} of {count_noun(report.n_picks, 'image')} {are}"
    if report.n_touched:
        have = "has" if report.n_touched == 1 else "have"
        yield f"  {report.n_touched:,} of these {have} another modification time, as copies have"
    n_respelt = (report.collection or report).n_respelt
    if n_respelt:
        names = f"{count_noun(n_respelt, 'name')} {'is' if n_respelt == 1 else 'are'}"
        yield f"  {names} in another form of Unicode (NFC, NFD), as macOS has them"
    yield from _list("moved", [f"{place} -> {now}" for place, now in report.moved])
    yield from _list("changed", report.changed)
    yield from _list("missing", report.missing)
    yield from _list("changed or missing document", report.documents)
    if report.collection is not None:
        yield from _describe_collection(report.collection)
    if report.picks is not None:
        yield from _describe_picks(lock, report.picks)
    if reason is not None:
        yield f"Not compared: the other images, and what is selected now: {reason}"


def _describe_collection(changes: "CollectionChanges") -> Iterator[str]:
    if changes.is_same:
        yield f"Collection: the same {count_noun(changes.n_present, 'image')}, by names and sizes"
        return
    present = count_noun(changes.n_present, "image")
    yield f"Collection: {present}, {changes.n_locked:,} when it was locked"
    yield from _list("new", _join_folders(changes.new))
    yield from _list("missing", _join_folders(changes.missing))
    if changes.n_unnamed:
        yield f"  missing  {changes.n_unnamed:,} more, which are not told by name"
    yield from _list("other sizes in", changes.resized)


def _describe_picks(lock: "Lock", picks: "PickChanges") -> Iterator[str]:
    content = lock.content
    last = content.rounds[-1]
    what = "same command" if len(content.rounds) == 1 else f"last of {len(content.rounds):,} rounds"
    if picks.is_same:
        yield f"Picks: the {what} selects the same {count_noun(picks.n_same, 'image')}"
        return
    n_others = len(picks.dropped)
    yield f"Picks: the {what} selects {n_others:,} of {count_noun(last.selected, 'image')} no more"
    yield from _list("no more", [_spell_item(*item) for item in picks.dropped])
    yield from _list("instead", [_spell_item(*item) for item in picks.added])
    if picks.has_same_features:
        yield "  although all that picks depend on in the images is the same; locked with:"
    else:
        yield "  since images came or went, or look otherwise to this machine; locked with:"
    yield f"  {', '.join(f'{name} {version}' for name, version in last.versions.items())}"


def _join_folders(paths: Sequence[str]) -> list[str]:
    """Name images, and of folders with many of them the folder and how many."""
    images_of: dict[str, list[str]] = {}
    for path in paths:
        images_of.setdefault(path.rpartition("/")[0], []).append(path)
    names = []
    for folder, images in images_of.items():
        is_many = len(images) > _MAX_IN_FOLDER
        names += [f"{folder or '.'}/ ({count_noun(len(images), 'image')})"] if is_many else images
    return names


def _spell_item(path: str, region: Sequence[float]) -> str:
    """Spell an image, or a crop of it."""
    is_whole = tuple(region) == (0, 0, 1, 1)
    return path if is_whole else f"{path} at {', '.join(f'{share:.3f}' for share in region)}"


def _list(what: str, names: Sequence[str]) -> Iterator[str]:
    """List names, the first of them."""
    yield from (f"  {what}  {name}" for name in names[:_MAX_LISTED])
    if len(names) > _MAX_LISTED:
        yield f"  {what}  {len(names) - _MAX_LISTED:,} more: see --json"
