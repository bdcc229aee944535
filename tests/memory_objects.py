"""A bucket in memory: what the client of one does, as far as it is used."""

import datetime as dt
import zlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from smartdownsample.items import object_stores
from smartdownsample.items.object_requests import Patience
from smartdownsample.items.object_stores import ObjectStores
from smartdownsample.store import bucket

QUICK = Patience(first_pause_s=0.001, read_s=0.01, total_s=10)
_LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)


class AlreadyExistsError(Exception):
    """As the client names it."""


class PermissionDeniedError(Exception):
    """As the client names it."""


class MemoryClient:
    """A client of a bucket whose objects are in memory.

    ``requests`` are those that were made; what `faults` has for a method is raised, again and
    again.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.faults: dict[str, Exception] = {}

    def _note(self, method: str) -> None:
        self.requests.append(method)
        if method in self.faults:
            raise self.faults[method]

    def put(self, name: str, data: bytes, *, mode: str, use_multipart: bool) -> None:
        """Write an object where there is none."""
        assert (mode, use_multipart) == ("create", False)
        self._note("put")
        own = bytes(bytearray(data))
        if self.objects.setdefault(name, own) is not own:
            raise AlreadyExistsError

    def get(self, name: str, *, options: Any) -> Any:
        """Read an object."""
        self._note("get")
        if name not in self.objects:
            raise FileNotFoundError
        start, stop = options.get("range", (0, None))
        data = self.objects[name][start:stop]
        return SimpleNamespace(meta=self._describe(name), stream=lambda **_: [data])

    def list(self, folder: str, *, offset: str | None, chunk_size: int) -> Iterator[Any]:
        """List the objects below a folder."""
        self._note("list")
        assert offset is None
        names = [name for name in sorted(self.objects) if name.startswith(f"{folder}/")]
        for start in range(0, len(names), chunk_size):
            yield list(map(self._describe, names[start : start + chunk_size]))

    def rename(self, name: str, other: str) -> None:
        """Give an object another name."""
        self._note("rename")
        if name not in self.objects:
            raise FileNotFoundError
        self.objects[other] = self.objects.pop(name)

    def _describe(self, name: str) -> Any:
        data = self.objects[name]
        etag = f'"{zlib.crc32(data)}"'
        return {"path": name, "last_modified": _LONG_AGO, "size": len(data), "e_tag": etag}


def lead_to_memory(patch: pytest.MonkeyPatch) -> MemoryClient:
    """Lead what stores ask of any bucket to one in memory."""
    client = MemoryClient()
    patch.setattr(object_stores, "open_client", lambda *_: client)
    patch.setattr(bucket, "OBJECTS", ObjectStores(QUICK))
    return client
