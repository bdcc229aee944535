"""The storage of objects: those in buckets of S3, Google Cloud and Azure, and on web servers."""

import errno
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from operator import methodcaller
from typing import Any, TypeAlias

import numpy as np

from ..errors import InvalidParameterError
from ..object_urls import ObjectPlace, is_hidden, split_url
from ..records import Cause, FileStats
from .local_files import is_settled
from .object_clients import check_process, open_client
from .object_listings import Described, Listing, Meta, describe, recall, remember
from .object_refusals import explain_refusal, give_reason
from .object_requests import (
    BAD_NAME,
    BEYOND_END,
    CHANGED,
    NO_RANGES,
    TAKEN,
    Client,
    Line,
    Patience,
    Refusal,
    heed,
)
from .storage import MAX_FILE_BYTES, Content

# Requests at a time.
N_REQUESTS = 16
# A page of a listing costs as much as so many questions for one object.
_PAGE_COST = 12
_MOST_ASKED = 64
# As much as arrives before it is put by; what is put by is not asked for again.
_BLOCK_BYTES = 2**16
_ERRNOS: dict[str, int] = {
    Cause.PERMISSION: errno.EACCES,
    Cause.THROTTLED: errno.ETIMEDOUT,
    Cause.UNREACHABLE: errno.ETIMEDOUT,
    Cause.MISSING: errno.ENOENT,
}

_State: TypeAlias = Described | Cause
# Where objects are asked for, by their names; a name may be asked for more than once.
_PlacesOf: TypeAlias = dict[str, list[int]]


class ObjectStores:
    """Object stores and web servers, see `Storage`.

    Parameters
    ----------
    patience : Patience
        How long requests wait and how often they are tried.
    """

    def __init__(self, patience: Patience = Patience()) -> None:  # noqa: B008 - it never changes
        self._patience = patience
        self._lines: dict[str, Line] = {}

    def list(self, folder: str) -> Iterator[str]:
        """Yield the URLs of all objects below a folder, page by page.

        Raises `StorageError` where they cannot be listed, and `InvalidParameterError` where the
        bucket does not exist, or on a web server, which lists nothing.
        """
        place = split_url(folder)
        if place.is_web:
            msg = (
                f"A web server lists no images. Got {folder!r}. Name each image by its URL, in a "
                "list or a table."
            )
            raise InvalidParameterError(msg)
        self._choose_line(place.root).wake()
        for page in self._take_pages(place):
            if isinstance(page, Refusal):
                raise explain_refusal(place, page)
            shown = [meta for meta in page if not is_hidden(meta["path"], place.name)]
            locations = [f"{place.root}/{meta['path']}" for meta in shown]
            remember(locations, shown)
            yield from locations

    def stat(self, keys: Sequence[bytes]) -> FileStats:
        """Say times, sizes and etags: by listing their folders, or one by one if they are few."""
        mtime_ns, size_bytes = np.zeros((2, len(keys)), dtype=np.int64)
        causes: dict[int, Cause] = {}
        etags: list[str | None] = [None] * len(keys)
        is_known, stop = np.zeros(len(keys), dtype=np.bool_), threading.Event()
        locations = list(map(os.fsdecode, keys))
        for i, told in recall(locations).items():
            mtime_ns[i], size_bytes[i], etags[i] = told
            is_known[i] = True
        places = {i: split_url(locations[i]) for i in np.flatnonzero(~is_known).tolist()}
        for root in {place.root for place in places.values()}:
            self._choose_line(root).wake()
        listed = _group_by_folder(places)
        questions = [partial(self._stat_folder, *each) for each in listed.items()]
        in_listed = (own for places_of in listed.values() for own in places_of.values())
        single = set(places).difference(*in_listed)
        questions += [partial(self._stat_one, i, places[i]) for i in sorted(single)]
        with ThreadPoolExecutor(N_REQUESTS, initializer=heed, initargs=(stop,)) as pool:
            try:
                while questions:
                    answers = pool.map(methodcaller("__call__"), questions)
                    for i, state in chain.from_iterable(answer.items() for answer in answers):
                        is_known[i] = True
                        if isinstance(state, Cause):
                            causes[i] = state
                        else:
                            mtime_ns[i], size_bytes[i], etags[i] = state
                    # What listings have left.
                    rest = np.flatnonzero(~is_known).tolist()
                    questions = [partial(self._stat_one, i, places[i]) for i in rest]
            finally:
                stop.set()
        return FileStats(mtime_ns, size_bytes, dict(sorted(causes.items())), etags)

    def read(
        self, location: str, start: int = 0, stop: int | None = None, *, etag: str | None = None
    ) -> Content | Cause:
        """Read bytes of an object, all of one content, however often a reply is cut short."""
        place = split_url(location)
        line = self._choose_line(place.root)
        download = _Download(place.name, start, stop, etag)
        is_as_expected = True
        while True:
            refusal = line.ask(download.go_on)
            if not isinstance(refusal, Refusal):
                return download.to_content(is_stable=is_as_expected)
            if refusal.status == BEYOND_END:
                return self._read_nothing(place, is_stable=is_as_expected)
            if refusal.status == CHANGED and is_as_expected:
                # Another object has taken its place, and is used in this run.
                is_as_expected = False
                download = _Download(place.name, start, stop, None)
            elif refusal.status == NO_RANGES and download.is_ranged:
                download = _Download(place.name, start, stop, etag, is_ranged=False)
            else:
                return Cause.UNREACHABLE if refusal.status == CHANGED else refusal.cause

    def write_new(self, location: str, data: bytes, *, tries_again: bool = True) -> None:
        """Write an object where there is none.

        Raises `FileExistsError` where there is another, `TimeoutError` where the store does not
        answer in time, and another `OSError` where it refuses.
        """
        place = split_url(location)
        refusal = self._choose_line(place.root).ask(
            lambda client: client.put(place.name, data, mode="create", use_multipart=False),
            tries_again=tries_again,
        )
        if isinstance(refusal, Refusal) and not (
            # The answer to an earlier attempt may have been lost.
            refusal.status in TAKEN and self._holds(location, data)
        ):
            raise OSError(_choose_errno(refusal), give_reason(place, refusal))

    def _holds(self, location: str, data: bytes) -> bool:
        """Tell whether an object has this content."""
        content = self.read(location)
        return isinstance(content, Content) and content.data == data

    def rename(self, location: str, other: str) -> None:
        """Give an object of a bucket another name there; one that is gone stays so."""
        place, target = split_url(location), split_url(other)
        self._choose_line(place.root).ask(lambda client: client.rename(place.name, target.name))

    def _read_nothing(self, place: ObjectPlace, *, is_stable: bool) -> Content | Cause:
        """Read what is beyond the end of an object, or an empty object."""
        state = self._stat_object(place)
        if isinstance(state, Cause):
            return state
        mtime_ns, size_bytes, etag = state
        return Content(b"", mtime_ns, size_bytes, is_stable and _shows_changes(state), etag)

    def _choose_line(self, root: str) -> Line:
        """Choose the line to a bucket or web server, and open it on first use."""
        check_process()
        line = self._lines.get(root)
        if line is None:
            # Several threads may come here at once, and one line does.
            opened = Line(open_client(root, self._patience), self._patience, root)
            line = self._lines.setdefault(root, opened)
        return line

    def _stat_object(self, place: ObjectPlace) -> _State:
        """Ask for one object."""
        meta = self._choose_line(place.root).ask(lambda client: client.head(place.name))
        return meta.cause if isinstance(meta, Refusal) else describe(meta)

    def _stat_one(self, i: int, place: ObjectPlace) -> dict[int, _State]:
        return {i: self._stat_object(place)}

    def _stat_folder(self, folder: ObjectPlace, places_of: _PlacesOf) -> dict[int, _State]:
        """List a folder for some of the objects in it, by name.

        Those are left out that are better asked for one by one, since the folder has many others.
        """
        states: dict[int, _State] = {}
        left, last = dict(places_of), max(places_of)
        most_pages = len(places_of) // _PAGE_COST + 1
        missing: Cause | None = None
        for n_pages, page in enumerate(self._take_pages(folder), 1):
            if isinstance(page, Refusal):
                missing = None if page.code == BAD_NAME else page.cause
                break
            for meta in page:
                states |= dict.fromkeys(left.pop(meta["path"], ()), describe(meta))
            # Some stores have another order, so that a name beyond the last one proves nothing.
            is_beyond = len(left) <= _MOST_ASKED and page[-1]["path"] > last
            if not left or is_beyond or n_pages == most_pages:
                break
        else:
            missing = Cause.MISSING
        if missing is not None:
            states |= {i: missing for own in left.values() for i in own}
        return states

    def _take_pages(self, folder: ObjectPlace) -> Iterator[Sequence[Meta] | Refusal]:
        """Take the pages of a listing; a refusal is the last one."""
        line, listing = self._choose_line(folder.root), Listing(folder.name)
        while page := line.ask(listing.take_page):
            yield page
            if isinstance(page, Refusal):
                return


def _choose_errno(refusal: Refusal) -> int:
    """Choose the number that the system has for errors like a refusal."""
    if refusal.status in TAKEN:
        return errno.EEXIST
    return _ERRNOS.get(refusal.cause, errno.EINVAL)


def _group_by_folder(places: Mapping[int, ObjectPlace]) -> dict[ObjectPlace, _PlacesOf]:
    """Choose the folders that are worth a listing, and list which objects are in each, by name.

    A folder below another that is listed is listed with it.
    """
    own: dict[ObjectPlace, _PlacesOf] = {}
    for i, place in places.items():
        folder = place._replace(name=place.name.rpartition("/")[0])
        own.setdefault(folder, {}).setdefault(place.name, []).append(i)
    chosen: dict[ObjectPlace, _PlacesOf] = {}
    for folder in sorted(own):
        above = next(reversed(chosen), None)
        if above is not None and _is_below(folder, above):
            chosen[above] |= own[folder]
        elif len(own[folder]) > _MOST_ASKED and not folder.is_web:
            chosen[folder] = own[folder]
    return chosen


def _is_below(folder: ObjectPlace, above: ObjectPlace) -> bool:
    """Tell whether a folder lies below another."""
    prefix = above.name and above.name + "/"
    return folder.root == above.root and folder.name.startswith(prefix)


class _Download:
    """The bytes that have arrived of an object, and the request for the rest.

    Where the server gives no parts (``is_ranged`` is False), all of the object is asked for.
    """

    def __init__(
        self,
        name: str,
        start: int,
        stop: int | None,
        etag: str | None,
        *,
        is_ranged: bool = True,
    ) -> None:
        self.is_ranged = is_ranged
        self._name, self._start, self._stop = name, start, stop
        self._expected = etag
        self._data = bytearray()
        self._state = Described(0, 0, None)

    def go_on(self, client: Client) -> None:
        """Ask for what has not arrived; raises what the client raises."""
        if self._expected is None or not self.is_ranged:
            # Two replies may be of two contents.
            self._data.clear()
        at = self._start + len(self._data)
        options: dict[str, Any] = {}
        if self._expected is not None:
            options["if_match"] = f'"{self._expected}"'
        if self.is_ranged and self._stop is not None:
            options["range"] = (at, max(self._stop, at + 1))
        elif self.is_ranged and at:
            options["range"] = {"offset": at}
        result = client.get(self._name, options=options)
        self._state = describe(result.meta)
        _, size_bytes, self._expected = self._state
        if size_bytes > MAX_FILE_BYTES:
            return
        for block in result.stream(min_chunk_size=_BLOCK_BYTES):
            self._data += block
        first, end = (self._start, self._stop) if self.is_ranged else (0, None)
        if first + len(self._data) < min(size_bytes, size_bytes if end is None else end):
            msg = "The reply ended early."
            raise ConnectionError(msg)

    def to_content(self, *, is_stable: bool) -> Content | Cause:
        """Hand over what has arrived."""
        mtime_ns, size_bytes, etag = self._state
        if size_bytes > MAX_FILE_BYTES:
            return Cause.TOO_LARGE
        start = 0 if self.is_ranged else self._start
        stop = None if self._stop is None else start + self._stop - self._start
        is_stable = is_stable and _shows_changes(self._state)
        return Content(bytes(self._data[start:stop]), mtime_ns, size_bytes, is_stable, etag)


def _shows_changes(state: Described) -> bool:
    """Tell whether any change of an object from now on would show in its state.

    Without an etag, one within a second does not; and where the server does not say when an object
    was written either, the client has 1970 for it.
    """
    is_dated = state.mtime_ns > 0 and is_settled(state.mtime_ns, time.time_ns())
    return state.etag is not None or is_dated
