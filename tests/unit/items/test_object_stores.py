"""Tests of smartdownsample.items.object_stores, with clients that are made up."""

import datetime as dt
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from smartdownsample import StorageError
from smartdownsample.items import listing_once, object_clients, object_stores
from smartdownsample.items.object_requests import Patience
from smartdownsample.items.object_stores import ObjectStores
from smartdownsample.items.storage import Content
from smartdownsample.records import Cause

QUICK = Patience(first_pause_s=0.001, read_s=0.01, total_s=1)
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)
# What a client has where the server does not say when an object was written.
UNDATED = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)


class InvalidPathError(Exception):
    """As the client names it."""


def describe(name: str, *, written: dt.datetime = LONG_AGO, etag: str | None = None) -> Any:
    """Describe an object of seven bytes as the client does."""
    return {"path": name, "last_modified": written, "size": 7, "e_tag": etag}


def open_stores(monkeypatch: pytest.MonkeyPatch, client: object) -> ObjectStores:
    """Open stores that ask a client."""
    monkeypatch.setattr(object_stores, "open_client", lambda *_: client)
    return ObjectStores(QUICK)


@pytest.mark.parametrize(
    ("written", "etag", "is_stable"),
    [
        (UNDATED, None, False),
        (UNDATED, 'W/"a"', False),
        (UNDATED, '"a"', True),
        (LONG_AGO, None, True),
    ],
)
def test_content_is_kept_only_where_a_change_would_show(
    monkeypatch: pytest.MonkeyPatch, written: dt.datetime, etag: str | None, *, is_stable: bool
) -> None:
    """By an etag or by a time; a server may give neither."""
    meta = describe("1.jpg", written=written, etag=etag)
    reply = SimpleNamespace(meta=meta, stream=lambda **_: [b"content"])
    stores = open_stores(monkeypatch, SimpleNamespace(get=lambda *_, **__: reply))
    content = stores.read("http://h/1.jpg")
    assert isinstance(content, Content)
    assert (content.data, content.is_stable) == (b"content", is_stable)


def test_a_listing_with_a_name_that_the_client_cannot_work_with_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By that name, not as a store that is gone."""
    text = 'invalid path: Path "photos/a//b.jpg" contained empty path segment'

    def fail(*_: object, **__: object) -> None:
        raise InvalidPathError(text)

    stores = open_stores(monkeypatch, SimpleNamespace(list=fail))
    told = re.escape("BadName): the client cannot work with the name 'photos/a//b.jpg'")
    with pytest.raises(StorageError, match=told):
        list(stores.list("s3://b/photos"))


class Folder:
    """A client of a bucket that counts the pages and the objects that it is asked for."""

    def __init__(self, names: list[str], *, odd_page: int | None = None) -> None:
        self._names, self._odd_page = names, odd_page
        self.n_pages = 0
        self.asked: list[str] = []

    def list(self, _: object, *, offset: str | None, chunk_size: int) -> Iterator[Any]:
        """List the names behind another."""
        names = [name for name in self._names if offset is None or name > offset]
        for start in range(0, len(names), chunk_size):
            if self.n_pages == self._odd_page:
                raise InvalidPathError
            self.n_pages += 1
            yield [describe(name) for name in names[start : start + chunk_size]]

    def head(self, name: str) -> Any:
        """Describe one object."""
        self.asked.append(name)
        if name not in self._names:
            raise FileNotFoundError
        return describe(name)


NAMES = [f"a/{number:06}.jpg" for number in range(20_000)]


@pytest.mark.parametrize(
    ("names", "n_pages", "n_asked"),
    [
        (NAMES[:100], 1, 0),  # all are found
        ([*NAMES[:100], "a/000000b.jpg"], 1, 1),  # one is not where it would be
        (NAMES[::200], 9, 55),  # far from each other: 100 // 12 + 1 pages
        ([*NAMES[:100], "a/z.jpg"], 9, 1),
        (NAMES[:70] + NAMES[19_930:], 12, 70),
    ],
)
def test_a_folder_is_listed_as_far_as_it_pays(
    monkeypatch: pytest.MonkeyPatch, names: list[str], n_pages: int, n_asked: int
) -> None:
    """Of a folder with many others, the rest is asked for one by one."""
    client = Folder(NAMES)
    stats = open_stores(monkeypatch, client).stat([f"s3://b/{name}".encode() for name in names])
    missing = [i for i, name in enumerate(names) if name not in NAMES]
    assert stats.causes == dict.fromkeys(missing, Cause.MISSING)
    assert stats.size_bytes.tolist() == [0 if i in missing else 7 for i in range(len(names))]
    assert (client.n_pages, len(client.asked)) == (n_pages, n_asked)


def test_what_is_not_in_a_folder_to_its_end_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked again."""
    client = Folder(NAMES[:1_500])
    stats = open_stores(monkeypatch, client).stat([b"s3://b/a/x%d" % i for i in range(100)])
    assert stats.causes == dict.fromkeys(range(100), Cause.MISSING)
    assert (client.n_pages, client.asked) == (2, [])


def test_an_odd_name_beside_objects_hides_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that the listing did not reach are asked for by their names."""
    client = Folder(NAMES[:1_500], odd_page=1)
    names = NAMES[950:1_050]
    stats = open_stores(monkeypatch, client).stat([f"s3://b/{name}".encode() for name in names])
    assert not stats.causes
    assert sorted(client.asked) == NAMES[1_000:1_050]


def test_a_fork_of_a_process_with_clients_reads_no_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    """There the client would hang; the error says what to do."""
    stores = open_stores(monkeypatch, Folder(NAMES[:1]))
    monkeypatch.setattr(object_clients, "_opened_by", [os.getpid()])
    assert not stores.stat([b"s3://b/a/000000.jpg"]).causes
    monkeypatch.setattr(object_clients, "_opened_by", [os.getpid() + 1])
    for ask in (lambda: stores.stat([b"s3://b/a/000000.jpg"]), lambda: stores.read("s3://b/1.jpg")):
        with pytest.raises(StorageError, match="'spawn'"):
            ask()


class TestListingOnce:
    """What a listing tells of objects is not asked for again."""

    def test_states_come_with_the_names(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """They are those that would be asked for."""
        client = Folder(NAMES[:1_500])
        stores = open_stores(monkeypatch, client)
        asked = stores.stat(list(map(os.fsencode, stores.list("s3://b/a"))))
        assert client.n_pages == 4
        with listing_once():
            told = stores.stat(list(map(os.fsencode, stores.list("s3://b/a"))))
        assert (client.n_pages, client.asked) == (6, [])
        assert told.mtime_ns.tolist() == asked.mtime_ns.tolist()
        assert told.size_bytes.tolist() == asked.size_bytes.tolist() == [7] * 1_500
        assert (told.etags, told.causes) == (asked.etags, asked.causes)

    def test_others_are_asked_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Such as those of a list beside a folder."""
        client = Folder(NAMES[:10])
        stores = open_stores(monkeypatch, client)
        with listing_once():
            listed = list(stores.list("s3://b/a"))
            stats = stores.stat([b"s3://c/a/000003.jpg", *map(os.fsencode, listed), b"s3://b/no"])
        assert sorted(client.asked) == ["a/000003.jpg", "no"]
        assert stats.size_bytes.tolist() == [7] * 11 + [0]
        assert stats.causes == {11: Cause.MISSING}

    def test_they_answer_one_question_of_that_thread_and_call(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Later ones are about what is there then."""
        client = Folder(NAMES[:3])
        stores = open_stores(monkeypatch, client)
        keys = [f"s3://b/{name}".encode() for name in NAMES[:3]]
        with listing_once():
            list(stores.list("s3://b/a"))
            with ThreadPoolExecutor(1) as pool, listing_once():
                pool.submit(stores.stat, keys).result()
            assert len(client.asked) == 3
            assert stores.stat(keys).size_bytes.tolist() == [7] * 3
            assert len(client.asked) == 3
            stores.stat(keys)
            assert len(client.asked) == 6
            list(stores.list("s3://b/a"))
        stores.stat(keys)
        assert len(client.asked) == 9
