"""The storage of objects: those in buckets of S3, Google Cloud and Azure, and on web servers."""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain
from operator import methodcaller
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ..errors import InvalidParameterError, StorageError
from ..object_urls import ObjectPlace, is_hidden, split_url
from ..records import Cause, FileStats
from .local_files import is_settled
from .object_clients import check_process, open_client
from .object_requests import (
    BAD_NAME,
    BEYOND_END,
    CHANGED,
    NO_CREDENTIALS,
    NO_RANGES,
    NOT_THERE,
    PANIC,
    Client,
    Line,
    Patience,
    Refusal,
    heed,
)
from .storage import MAX_FILE_BYTES, Content

# Requests at a time.
N_REQUESTS = 16
# A page of a listing has so many objects, and costs as much as so many questions for one.
_PAGE, _PAGE_COST = 1_000, 12
_MOST_ASKED = 64
# As much as arrives before it is put by; what is put by is not asked for again.
_BLOCK_BYTES = 2**16
# Longer ones would not go into a store.
_MOST_ETAG_BYTES = 2**10
_WEAK = "W/"
_NS = 10**9
# What obstore says of an object: path, last_modified, size, e_tag.
_Meta: TypeAlias = dict[str, Any]


_OTHER_REASON = "the store gives an error. A bucket in another region needs AWS_REGION."
_REASONS: dict[str, str] = {
    Cause.PERMISSION: (
        "the store refuses. Check the credentials, and whether they may list this bucket."
    ),
    Cause.THROTTLED: "the store refuses so many requests. Try again later.",
    Cause.UNREACHABLE: (
        "the store cannot be reached. Check the network, and the address, such as that of "
        "AWS_ENDPOINT_URL."
    ),
}
# By scheme: where credentials may come from, and what says that none are needed.
_CREDENTIALS = {
    "s3": ("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE", "AWS_SKIP_SIGNATURE"),
    "gs": (
        "GOOGLE_SERVICE_ACCOUNT, or log in by 'gcloud auth application-default login'",
        "GOOGLE_SKIP_SIGNATURE",
    ),
    "az": (
        (
            "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or log in by 'az login' "
            "with AZURE_USE_AZURE_CLI=true"
        ),
        "AZURE_SKIP_SIGNATURE",
    ),
}


class _Described(NamedTuple):
    """Time, size and etag of an object."""

    mtime_ns: int
    size_bytes: int
    etag: str | None


_State: TypeAlias = _Described | Cause
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
                raise _explain_refusal(place, page)
            names = [meta["path"] for meta in page]
            yield from (f"{place.root}/{name}" for name in names if not is_hidden(name, place.name))

    def stat(self, keys: Sequence[bytes]) -> FileStats:
        """Say times, sizes and etags: by listing their folders, or one by one if they are few."""
        places = [split_url(os.fsdecode(key)) for key in keys]
        for root in {place.root for place in places}:
            self._choose_line(root).wake()
        listed = _group_by_folder(places)
        questions = [partial(self._stat_folder, *each) for each in listed.items()]
        in_listed = (own for places_of in listed.values() for own in places_of.values())
        single = {*range(len(places))}.difference(*in_listed)
        questions += [partial(self._stat_one, i, places[i]) for i in sorted(single)]
        mtime_ns, size_bytes = np.zeros((2, len(keys)), dtype=np.int64)
        causes: dict[int, Cause] = {}
        etags: list[str | None] = [None] * len(keys)
        is_known, stop = np.zeros(len(keys), dtype=np.bool_), threading.Event()
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
        return meta.cause if isinstance(meta, Refusal) else _describe(meta)

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
                states |= dict.fromkeys(left.pop(meta["path"], ()), _describe(meta))
            # Some stores have another order, so that a name beyond the last one proves nothing.
            is_beyond = len(left) <= _MOST_ASKED and page[-1]["path"] > last
            if not left or is_beyond or n_pages == most_pages:
                break
        else:
            missing = Cause.MISSING
        if missing is not None:
            states |= {i: missing for own in left.values() for i in own}
        return states

    def _take_pages(self, folder: ObjectPlace) -> Iterator[Sequence[_Meta] | Refusal]:
        """Take the pages of a listing; a refusal is the last one."""
        line, listing = self._choose_line(folder.root), _Listing(folder.name)
        while page := line.ask(listing.take_page):
            yield page
            if isinstance(page, Refusal):
                return


def _group_by_folder(places: Sequence[ObjectPlace]) -> dict[ObjectPlace, _PlacesOf]:
    """Choose the folders that are worth a listing, and list which objects are in each, by name.

    A folder below another that is listed is listed with it.
    """
    own: dict[ObjectPlace, _PlacesOf] = {}
    for i, place in enumerate(places):
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


class _Listing:
    """A listing under way, which goes on behind the last page when one fails."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._last: str | None = None
        self._pages: Iterator[Sequence[_Meta]] | None = None

    def take_page(self, client: Client) -> Sequence[_Meta]:
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
        self._state = _Described(0, 0, None)

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
        self._state = _describe(result.meta)
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


def _describe(meta: _Meta) -> _Described:
    """Take time, size and etag of an object.

    Times are cut to whole seconds, since listings and objects differ in the rest. Weak etags, which
    different contents may share, are none.
    """
    etag = meta["e_tag"]
    if etag is not None:
        is_good = not etag.startswith(_WEAK) and len(etag.encode()) <= _MOST_ETAG_BYTES
        etag = etag.strip('"') or None if is_good else None
    return _Described(int(meta["last_modified"].timestamp()) * _NS, meta["size"], etag)


def _shows_changes(state: _Described) -> bool:
    """Tell whether any change of an object from now on would show in its state.

    Without an etag, one within a second does not; and where the server does not say when an object
    was written either, the client has 1970 for it.
    """
    is_dated = state.mtime_ns > 0 and is_settled(state.mtime_ns, time.time_ns())
    return state.etag is not None or is_dated


def _explain_refusal(place: ObjectPlace, refusal: Refusal) -> Exception:
    """Say why objects cannot be listed, and what to do."""
    if refusal.status == NOT_THERE:
        return InvalidParameterError(f"There is no bucket {place.root!r}. Check the spelling.")
    said = " ".join(filter(None, [str(refusal.status or ""), refusal.code]))
    reason = _REASONS.get(refusal.cause) or _OTHER_REASON
    if refusal.code == BAD_NAME:
        reason = (
            f"the client cannot work with the name {refusal.name!r}. A name with an empty part "
            "('//'), a part '.' or '..', or a control character is none for it. Rename what has "
            "it, or give folders that are beside it."
        )
    if refusal.code == PANIC:
        reason = (
            "the client cannot work with what it was given. Check the name, and addresses and "
            "credentials in the environment."
        )
    if refusal.code == NO_CREDENTIALS:
        variables, unsigned = _CREDENTIALS[place.root.partition("://")[0]]
        reason = (
            "there are no credentials in the environment, in a profile or from the instance. Set "
            f"{variables}; or {unsigned}=true where everybody may read (see "
            "docs/object-storage.md)."
        )
    where = f"{place.root}/{place.name}".rstrip("/")
    return StorageError(f"{where!r} cannot be listed{said and f' ({said})'}: {reason}")
