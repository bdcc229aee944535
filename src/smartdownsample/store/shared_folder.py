"""Whether other machines see the folder of a store: a file there is the sign.

Machines may well have folders of the same name that are not the same folder.
"""

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

from .part import TEMPORARY_SUFFIX, name_part
from .store import FeatureStore


@contextmanager
def leave_sign(store: FeatureStore) -> Iterator[str | None]:
    """Leave a file in a store's folder while the context lasts, and give its name.

    None where nothing is kept or can be written. A bucket needs no sign: its URL is the same
    everywhere.
    """
    if store.cache_dir is None:
        yield None
        return
    if store.bucket is not None:
        yield store.bucket.url
        return
    # Named like a part that is being written, so that somebody removes it should this process die.
    path = name_part(store.folder)
    path = path.with_name(path.name + TEMPORARY_SUFFIX)
    try:
        store.prepare_folder()
        path.touch(exist_ok=False)
    except OSError:
        yield None
        return
    try:
        yield path.name
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def sees_sign(store: FeatureStore, name: str) -> bool:
    """Tell whether a sign is in a store's folder; one that is seen does not become old."""
    if store.bucket is not None:
        return True
    try:
        os.utime(store.folder / name)
    except OSError:
        return False
    return True
