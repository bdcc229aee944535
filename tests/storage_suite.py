"""What every storage must do: inherit from the suite, and give it a storage and its files."""

import os
from typing import Protocol

import pytest

from smartdownsample.items.storage import Content, Storage
from smartdownsample.records import Cause

# More than is read or asked for in one go.
LONG = 200_000
MANY = 2_500


class Place(Protocol):
    """Where the files of a test are, in the storage that is tested."""

    root: str

    def put(self, name: str, data: bytes) -> str:
        """Write a file below the root, long ago, and return its location."""


class StorageSuite:
    """A storage lists, stats and reads files; none of them raises for a file."""

    @pytest.fixture
    def storage(self) -> Storage:
        """Give the storage."""
        raise NotImplementedError

    @pytest.fixture
    def place(self) -> Place:
        """Give an empty place in it."""
        raise NotImplementedError

    @pytest.fixture
    def deep_place(self, place: Place) -> Place:
        """Give an empty place for a thousand folders in one another."""
        return place

    def test_all_files_below_a_folder_are_listed(self, storage: Storage, place: Place) -> None:
        """In folders within folders as well, but none that is hidden."""
        names = ["b.jpg", "a.txt", "deep/er/c.jpg"]
        for name in [*names, ".hidden.jpg", ".folder/d.jpg"]:
            place.put(name, b"x")
        listed = [os.path.relpath(location, place.root) for location in storage.list(place.root)]
        assert sorted(listed) == sorted(names)

    def test_folders_may_lie_in_one_another_without_a_limit(
        self, storage: Storage, deep_place: Place
    ) -> None:
        """More than functions may call each other."""
        names = ["d/" * n_folders + "a.jpg" for n_folders in (1, 1200)]
        for name in names:
            deep_place.put(name, b"x")
        listed = storage.list(deep_place.root)
        assert sorted(os.path.relpath(place, deep_place.root) for place in listed) == sorted(names)

    def test_files_have_times_and_sizes(self, storage: Storage, place: Place) -> None:
        """In the order of the keys, however many there are; a missing one has a cause."""
        keys = [os.fsencode(place.put(f"{size}.jpg", b"x" * size)) for size in range(3)]
        missing = os.fsencode(os.path.join(place.root, "missing.jpg"))
        asked = [*keys * MANY, missing]
        stats = storage.stat(asked)
        assert stats.size_bytes.tolist() == [0, 1, 2] * MANY + [0]
        assert (stats.mtime_ns[:-1] > 0).all()
        assert stats.causes == {3 * MANY: Cause.MISSING}

    @pytest.mark.parametrize("length", [0, 5, LONG])
    def test_content_is_whole_and_has_the_state_of_the_file(
        self, storage: Storage, place: Place, length: int
    ) -> None:
        """Time and size are those that the storage tells without opening it."""
        data = bytes(range(256)) * (length // 256) + b"y" * (length % 256)
        location = place.put("a.jpg", data)
        content = storage.read(location)
        assert isinstance(content, Content)
        assert content.data == data
        stats = storage.stat([os.fsencode(location)])
        assert [content.mtime_ns] == stats.mtime_ns.tolist()
        assert [content.size_bytes] == stats.size_bytes.tolist() == [length]
        assert content.is_stable

    @pytest.mark.parametrize(
        ("start", "stop"), [(0, 4), (3, 7), (3, None), (LONG - 2, LONG + 9), (LONG, None), (7, 7)]
    )
    def test_a_range_is_a_part_of_the_content(
        self, storage: Storage, place: Place, start: int, stop: int | None
    ) -> None:
        """As slices are; the size is that of the whole file."""
        data = os.urandom(LONG)
        content = storage.read(place.put("a.jpg", data), start, stop)
        assert isinstance(content, Content)
        assert content.data == data[start:stop]
        assert content.size_bytes == LONG
        assert content.is_stable

    def test_a_file_that_is_not_there_has_a_cause(self, storage: Storage, place: Place) -> None:
        """No error leaves the storage."""
        assert storage.read(os.path.join(place.root, "missing.jpg")) is Cause.MISSING

    @pytest.mark.parametrize("name", ["a\0b.jpg", "\ud800.jpg"])
    def test_a_name_that_no_file_has_has_a_cause(
        self, storage: Storage, place: Place, name: str
    ) -> None:
        """The same."""
        assert storage.read(os.path.join(place.root, name)) is Cause.MISSING
