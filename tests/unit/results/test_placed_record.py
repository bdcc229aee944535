"""Tests of smartdownsample.results.placed_record."""

import json
import os
from pathlib import Path

import pytest

from pictures import write_collection
from smartdownsample import OutputError
from smartdownsample.results import place_images
from smartdownsample.results.placed_record import (
    PlacedRecord,
    PlacedSelection,
    count_others,
    digest_names,
    read_record,
    record_placing,
)

NAME = ".smartdownsample.json"
FIRST = PlacedSelection("a" * 64, 5, "run.json", "copy")
SECOND = PlacedSelection("b" * 64, 7, None, "symlink")


def key(path: Path) -> bytes:
    return os.fsencode(path)


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    """Write a few photos."""
    return write_collection(tmp_path / "photos", 4)


def test_selections_are_added_in_order_and_once(tmp_path: Path) -> None:
    """The record is a file that others can read, written in one piece."""
    assert read_record(key(tmp_path)) == PlacedRecord(is_there=False)
    for placed in (FIRST, SECOND, FIRST):
        record_placing(key(tmp_path), placed, is_first=False)
    assert read_record(key(tmp_path)).selections == (FIRST, SECOND)
    content = json.loads((tmp_path / NAME).read_text())
    assert content["selections"][0] == FIRST._asdict()
    assert os.listdir(tmp_path) == [NAME]
    record_placing(key(tmp_path), SECOND._replace(digest="c"), is_first=True)
    assert len(read_record(key(tmp_path)).selections) == 1


def test_a_digest_is_of_names_not_of_their_order() -> None:
    """Nor do names run into each other."""
    assert digest_names([b"a", b"b"]) == digest_names([b"b", b"a"])
    assert digest_names([b"a", b"b"]) != digest_names([b"ab"])


def test_what_ends_as_one_of_the_images_is_an_image(tmp_path: Path) -> None:
    """Whatever its name, in upper and lower case; what ends in another way is none."""
    for name in ("a.dat", "b.jpg", "c.txt", "sub/d.DAT", "sub/no_end"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert count_others(key(tmp_path), {b"a.dat"}) == 2
    assert count_others(key(tmp_path), {b"a.jpg"}) == 1
    assert count_others(key(tmp_path), {b"sub/no_end"}) == 1
    assert count_others(key(tmp_path), {b"a.dat", b"b.jpg", b"sub/d.DAT"}) == 0
    assert count_others(key(tmp_path / "gone"), {b"a.dat"}) == 0


@pytest.mark.skipif(os.name != "posix", reason="folders can be opened there")
def test_a_folder_of_the_record_s_name_is_closed_again(tmp_path: Path) -> None:
    """A process may place many selections."""
    (tmp_path / NAME).mkdir()
    before = find_free_descriptor()
    for _ in range(3):
        assert not read_record(key(tmp_path)).is_ours
    assert find_free_descriptor() == before


def find_free_descriptor() -> int:
    """Find the lowest number that is no open file's."""
    descriptor = os.open(os.devnull, os.O_RDONLY)
    os.close(descriptor)
    return descriptor


def test_no_absolute_path_is_written(photos: list[str], tmp_path: Path) -> None:
    """Folders of copies are handed on."""
    place_images(photos, tmp_path / "out", "copy", manifest=tmp_path / "secret" / "run.json")
    text = (tmp_path / "out" / NAME).read_text()
    assert "run.json" in text
    assert "secret" not in text
    assert "/" not in text


@pytest.mark.parametrize(
    "damage",
    [
        *(b"", b"\0" * 300, b'{"smartdownsample_record": 1, "selec'),
        *(
            b'{"smartdownsample_record": 1}',
            b'{"smartdownsample_record": 1, "selections": [5, {}]}',
        ),
        json.dumps(
            {
                "smartdownsample_record": 1,
                "selections": [{"digest": 5, "n_images": "x", "manifest": [], "how": "steal"}],
            }
        ).encode(),
        b'{"smartdownsample_record": ' + b"[" * 100_000,
    ],
)
def test_a_damaged_record_is_taken_for_none_and_written_anew(
    photos: list[str], tmp_path: Path, damage: bytes
) -> None:
    """As after a power cut."""
    out = tmp_path / "out"
    out.mkdir()
    (out / NAME).write_bytes(damage)
    (out / "other.jpg").touch()
    with pytest.raises(OutputError, match=r"1 image not .* selection\. Nothing"):
        place_images(photos, out, "copy")
    assert place_images(photos, out, "copy", add=True).n_new == 4
    assert len(read_record(key(out)).selections) == 1
    assert place_images(photos, out, "copy").n_there == 4


@pytest.mark.parametrize(
    "content", [b"mine", b'{"a": 1}', b"[]", b'{"smartdownsample_record": 2}', b"\xff\xfe", None]
)
def test_a_file_that_is_not_ours_is_left(
    photos: list[str], tmp_path: Path, content: bytes | None
) -> None:
    """Also a later version's, and a folder. Images are placed all the same."""
    out = tmp_path / "out"
    out.mkdir()
    if content is None:
        (out / NAME).mkdir()
    else:
        (out / NAME).write_bytes(content)
    assert place_images(photos, out, "copy").n_new == 4
    if content is not None:
        assert (out / NAME).read_bytes() == content
    assert not read_record(key(out)).is_ours


@pytest.mark.skipif(os.name != "posix", reason="needs links and pipes")
@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_what_is_no_file_is_left(photos: list[str], tmp_path: Path, kind: str) -> None:
    """A link is not followed, and a pipe not waited for."""
    out = tmp_path / "out"
    out.mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    record_placing(key(elsewhere), FIRST, is_first=True)
    content = (elsewhere / NAME).read_bytes()
    if kind == "link":
        (out / NAME).symlink_to(elsewhere / NAME)
    else:
        os.mkfifo(out / NAME)
    before = os.lstat(out / NAME)
    assert place_images(photos, out, "copy").n_new == 4
    assert os.lstat(out / NAME).st_ino == before.st_ino
    assert (elsewhere / NAME).read_bytes() == content


def test_where_nothing_is_placed_nothing_is_recorded(photos: list[str], tmp_path: Path) -> None:
    """A folder that holds all images already stays as it is."""
    before = sorted(tmp_path.rglob("*"))
    folder = tmp_path / "photos"
    assert place_images(photos, folder, "copy", base=folder).n_there == 4
    assert sorted(tmp_path.rglob("*")) == before


def test_a_record_that_cannot_be_written_is_done_without(
    photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images say themselves when they cannot be placed."""
    replaced = os.link

    def refuse(source: bytes, target: bytes) -> None:
        if target.endswith(NAME.encode()):
            raise OSError
        replaced(source, target)

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(os, "replace", refuse)
    assert place_images(photos, tmp_path / "out", "copy").n_new == 4
    assert not (tmp_path / "out" / NAME).exists()
