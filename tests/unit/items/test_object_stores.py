"""Tests of smartdownsample.items.object_stores, with clients that are made up."""

import datetime as dt
import re
from types import SimpleNamespace
from typing import Any

import pytest

from smartdownsample import StorageError
from smartdownsample.items import object_stores
from smartdownsample.items.object_requests import Patience
from smartdownsample.items.object_stores import ObjectStores
from smartdownsample.items.storage import Content

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
