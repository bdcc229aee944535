"""Listings of buckets, and what they have told of objects."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

from .object_requests import Client

# Objects of a page of a listing.
_PAGE = 1_000
# Longer ones would not go into a store.
_MOST_ETAG_BYTES = 2**10
_WEAK = "W/"
_NS = 10**9
# What obstore says of an object: path, last_modified, size, e_tag.
Meta: TypeAlias = dict[str, Any]

_own = threading.local()


class Described(NamedTuple):
    """Time, size and etag of an object."""

    mtime_ns: int
    size_bytes: int
    etag: str | None


def describe(meta: Meta) -> Described:
    """Take time, size and etag of an object.

    Times are cut to whole seconds, since listings and objects differ in the rest. Weak etags, which
    different contents may share, are none.
    """
    etag = meta["e_tag"]
    if etag is not None:
        is_good = not etag.startswith(_WEAK) and len(etag.encode()) <= _MOST_ETAG_BYTES
        etag = etag.strip('"') or None if is_good else None
    return Described(int(meta["last_modified"].timestamp()) * _NS, meta["size"], etag)


class Listing:
    """A listing under way, which goes on behind the last page when one fails."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._last: str | None = None
        self._pages: Iterator[Sequence[Meta]] | None = None

    def take_page(self, client: Client) -> Sequence[Meta]:
        """Take the next page; empty at the end."""
        if self._pages is None:
            self._pages = iter(
                client.list(self._folder or None, offset=self._last, chunk_size=_PAGE)
            )
        pages, self._pages = self._pages, None
        page = next(pages, ())
        if page:
            self._last = page[-1]["path"]
        self._pages = pages
        return page


@contextmanager
def listing_once() -> Iterator[None]:
    """Ask only once for what a listing tells: the names of objects and, with them, their states.

    Within the context, what the calling thread has listed answers its next question for states of
    any of these objects.
    """
    if getattr(_own, "listed", None) is not None:  # in another such context
        yield
        return
    _own.listed = {}
    try:
        yield
    finally:
        _own.listed = None


def remember(locations: Sequence[str], page: Sequence[Meta]) -> None:
    """Remember the states of objects on a page of a listing, where they will be asked for."""
    listed: dict[str, Described] | None = getattr(_own, "listed", None)
    if listed is not None:
        listed.update(zip(locations, map(describe, page), strict=True))


def recall(locations: Sequence[str]) -> dict[int, Described]:
    """Recall the states of those objects that were listed, by their places, and forget all."""
    listed: dict[str, Described] = getattr(_own, "listed", None) or {}
    found = {i: listed[each] for i, each in enumerate(locations) if each in listed}
    if found:
        listed.clear()
    return found
