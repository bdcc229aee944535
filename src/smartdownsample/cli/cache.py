"""``smartdownsample cache``: care for the kept features, and their transport."""

import argparse

from ..display import count_noun
from .base_parser import FAILED, Commands, Parser

# Importing typing takes a tenth of the time in which help is to appear.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..items import NamedImages

SUMMARY = "Look after the kept features"
USAGE = "ACTION ..."
EXAMPLES = (
    "cache info",
    "cache export pack.parquet photos --root photos",
)
# Of its actions.
MERGE_EXAMPLES = (
    "cache merge store_1 store_2 --cache-dir features",
    "cache merge laptop_store --from /home/ann/photos --to /data/photos",
)


def add_options(parser: Parser) -> None:
    """Add the actions of the command and their options."""
    from .option_values import file_called
    from .shared_options import (
        add_cache_dir,
        add_json,
        add_parents,
        add_reading,
        add_sources,
    )

    actions = Commands(parser, "action")
    care = [
        actions.add("info", "Tell what is kept"),
        actions.add("verify", "Check every byte of what is kept, and change nothing"),
        actions.add(
            "prune",
            "Forget images whose files are gone, but no objects of buckets, and what is kept twice",
        ),
        actions.add("clear", "Forget everything"),
    ]
    for action in care:
        add_json(action.add_argument)
    export = actions.add(
        "export",
        "Write the features of images to a file, to be used elsewhere",
        "FILE SOURCE ... --root DIR [options]",
    )
    imports = actions.add("import", "Keep the features of such a file", "FILE --root DIR [options]")
    merge = actions.add(
        "merge",
        "Bring in what other machines, or shards, have kept, without the photos",
        "OTHER ... [--from DIR --to DIR] [options]",
        MERGE_EXAMPLES,
    )
    merge.add_argument(
        "others",
        metavar="OTHER",
        nargs="+",
        help="folder of their kept features, also in a bucket; not changed",
    )
    merge.add_argument(
        "--from",
        metavar="DIR",
        dest="from_root",
        help="folder that the photos lie in for them; what they know of others is left out",
    )
    merge.add_argument("--to", metavar="DIR", dest="to_root", help="the same folder, here")
    add_json(merge.add_argument)
    pack_file = file_called(".parquet")
    export.add_argument("pack", metavar="FILE", type=pack_file, help="pack to write (.parquet)")
    imports.add_argument("pack", metavar="FILE", help="the file to read")
    add_sources(export, takes_documents=False)
    add_reading(export, is_kept=True)
    export.add_argument("--root", metavar="DIR", required=True, help="folder of all these images")
    export.add_argument(
        "--from-store",
        action="store_true",
        help="write what is kept of these folders or images without looking at them, as where the "
        "photos are unplugged",
    )
    add_parents(export.add_argument)
    imports.add_argument("--root", metavar="DIR", required=True, help="folder of the images here")
    for action in (*care, merge, imports):
        add_cache_dir(action.add_argument)


def run(options: argparse.Namespace) -> int:
    """Run the command and return the exit code: 1 when there is damage."""
    return _ACTIONS[options.action](options)


def _show(options: argparse.Namespace, found: object, *lines: str) -> None:
    """Print what an action found, for programs or in lines for people."""
    from .printing import print_json, tell

    if options.json:
        print_json(found)
    else:
        tell(*lines)


def _tell(options: argparse.Namespace) -> int:
    """Tell what is kept."""
    from .. import cache
    from ..store import choose_cache_dir

    stores = cache.info(options.cache_dir)
    lines = []
    for store in stores:
        has_crops = store.n_images > store.n_files
        images = f"{count_noun(store.n_images, 'image')} from " if has_crops else ""
        lines.append(
            f"{store.folder}: {images}{count_noun(store.n_files, 'file')} in "
            f"{count_noun(store.n_folders, 'folder')}, {store.n_failures:,} unreadable, "
            f"{count_noun(store.size_bytes, 'byte')}"
        )
    found = [{**store._asdict(), "spec": store.spec.fingerprint} for store in stores]
    nothing = f"Nothing is kept in {choose_cache_dir(options.cache_dir)}."
    _show(options, found, *(lines or [nothing]))
    return 0


def _verify(options: argparse.Namespace) -> int:
    """Name what is damaged."""
    from .. import cache
    from ..store import choose_cache_dir

    damaged = cache.verify(options.cache_dir)
    lines = [f"{damage.part}: {damage.reason}" for damage in damaged]
    summary = f"All is well in {choose_cache_dir(options.cache_dir)}."
    if damaged:
        summary = f"{len(damaged):,} damaged files: their images will be decoded again"
    _show(options, [damage._asdict() for damage in damaged], *lines, summary)
    return FAILED if damaged else 0


def _prune(options: argparse.Namespace) -> int:
    """Forget images whose files are gone, and what is kept twice."""
    from .. import cache

    n_removed = cache.prune(options.cache_dir)
    rows = count_noun(n_removed, "row")
    told = f"Removed {rows} of images that are gone, outdated or kept twice."
    _show(options, {"n_removed": n_removed}, told)
    return 0


def _clear(options: argparse.Namespace) -> int:
    """Forget everything."""
    from .. import cache
    from ..store import choose_cache_dir

    size_bytes = cache.clear(options.cache_dir)
    told = f"Freed {count_noun(size_bytes, 'byte')} in {choose_cache_dir(options.cache_dir)}."
    _show(options, {"size_bytes": size_bytes}, told)
    return 0


def _merge(options: argparse.Namespace) -> int:
    """Bring in what others have kept; damaged parts were warned of."""
    from .. import cache
    from ..store import choose_cache_dir

    merged = cache.merge(
        options.others,
        from_root=options.from_root,
        to_root=options.to_root,
        cache_dir=options.cache_dir,
    )
    place, added = choose_cache_dir(options.cache_dir), count_noun(merged.n_added, "row")
    lines = [f"Added {added} to {place}; {merged.n_known:,} known before"]
    if merged.n_outside:
        lines.append(f"{merged.n_outside:,} outside of {options.from_root} left out")
    if merged.n_to_retry:
        lines.append(
            f"{merged.n_to_retry:,} that other versions of the decoders could not read will be "
            "tried here"
        )
    damage = [each._asdict() for each in merged.damage]
    _show(options, {**merged._asdict(), "damage": damage}, *lines)
    return FAILED if merged.damage else 0


def _export(options: argparse.Namespace) -> int:
    """Write a pack."""
    from ..store import export_pack
    from .inputs import collect
    from .printing import tell

    if options.from_store:
        _check_kept(options)
        paths = options.sources
    else:
        # That root is no folder of documents, and may be a bucket.
        without_root = argparse.Namespace(**{**vars(options), "root": None})
        paths = collect(without_root, _check_pack).images.paths
    n_written = export_pack(
        options.pack,
        paths,
        options.root,
        hash_size=options.hash_size,
        decode=options.decode,
        cache_dir=options.cache_dir,
        whole_seconds=options.whole_seconds,
        from_store=options.from_store,
    )
    tell(f"Wrote the features of {count_noun(n_written, 'image')} to {options.pack}.")
    return 0


def _check_kept(options: argparse.Namespace) -> None:
    """Make sure that no option asks for files to be looked at where only the store is."""
    from ..errors import InvalidParameterError

    for name in ("include", "exclude", "path_column"):
        if getattr(options, name):
            msg = (
                f"--{name.replace('_', '-')} chooses among files that are there, and --from-store "
                "looks at none: leave one of them out. Name folders or images."
            )
            raise InvalidParameterError(msg)


def _check_pack(options: argparse.Namespace, _: "NamedImages", read: list[str]) -> None:
    """Make sure that the pack can be written, before there is anything to write."""
    from ..store import PACK
    from ..writing import check_output

    check_output(options.pack, PACK, read)


def _import(options: argparse.Namespace) -> int:
    """Read a pack."""
    from ..store import import_pack
    from .printing import tell

    n_added = import_pack(options.pack, options.root, cache_dir=options.cache_dir)
    tell(f"Added the features of {count_noun(n_added, 'image')} below {options.root}.")
    return 0


_ACTIONS = {
    "info": _tell,
    "verify": _verify,
    "prune": _prune,
    "clear": _clear,
    "merge": _merge,
    "export": _export,
    "import": _import,
}
