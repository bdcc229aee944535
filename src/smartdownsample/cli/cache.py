"""``smartdownsample cache``: care for the kept features, and their transport."""

import argparse

from .. import cache
from ..packs import export_pack, import_pack
from .collection import collect
from .grammar import FAILED
from .printing import print_json


def run(options: argparse.Namespace) -> int:
    """Run the command.

    Parameters
    ----------
    options : argparse.Namespace
        Of the command.

    Returns
    -------
    int
        Exit code: 1 when there is damage.
    """
    return _ACTIONS[options.action](options)


def _tell(options: argparse.Namespace) -> int:
    """Tell what is kept."""
    stores = cache.info(options.cache_dir)
    if options.json:
        print_json([{**store._asdict(), "spec": store.spec.fingerprint} for store in stores])
        return 0
    for store in stores:
        print(
            f"{store.folder}: {store.n_rows:,} images in {store.n_folders:,} folders, "
            f"{store.n_failures:,} unreadable, {store.size_bytes:,} bytes"
        )
    if not stores:
        print("Nothing is kept.")
    return 0


def _verify(options: argparse.Namespace) -> int:
    """Name what is damaged."""
    damaged = cache.verify(options.cache_dir)
    if options.json:
        print_json([damage._asdict() for damage in damaged])
    else:
        for damage in damaged:
            print(f"{damage.part}: {damage.reason}")
        print(
            f"{len(damaged):,} damaged files: their images will be decoded again"
            if damaged
            else "All is well."
        )
    return FAILED if damaged else 0


def _prune(options: argparse.Namespace) -> int:
    """Forget images whose files are gone."""
    n_removed = cache.prune(options.cache_dir)
    if options.json:
        print_json({"n_removed": n_removed})
    else:
        print(f"Forgot {n_removed:,} images.")
    return 0


def _clear(options: argparse.Namespace) -> int:
    """Forget everything."""
    size_bytes = cache.clear(options.cache_dir)
    if options.json:
        print_json({"size_bytes": size_bytes})
    else:
        print(f"Freed {size_bytes:,} bytes.")
    return 0


def _export(options: argparse.Namespace) -> int:
    """Write a pack."""
    images = collect(options).images
    n_written = export_pack(
        options.pack,
        images.paths,
        options.root,
        hash_size=options.hash_size,
        decode=options.decode,
        cache_dir=options.cache_dir,
    )
    print(f"Wrote the features of {n_written:,} images to {options.pack}.")
    return 0


def _import(options: argparse.Namespace) -> int:
    """Read a pack."""
    n_added = import_pack(options.pack, options.root, cache_dir=options.cache_dir)
    print(f"Added the features of {n_added:,} images below {options.root}.")
    return 0


_ACTIONS = {
    "info": _tell,
    "verify": _verify,
    "prune": _prune,
    "clear": _clear,
    "export": _export,
    "import": _import,
}
