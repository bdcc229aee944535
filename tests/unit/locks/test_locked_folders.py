"""Tests of smartdownsample.locks.locked_folders."""

import json
import os
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartdownsample.locks.locked_folders import LockedFolder

IRREGULAR = [f"{number * 7919 % 99991:05}-{number:x}{number * 31:x}.jpg" for number in range(900)]


def test_numbered_names_are_told_as_runs() -> None:
    """What thousands of photos of a camera take is a line that people can read."""
    names = [f"IMG_{number:04}.JPG" for number in range(1, 5001) if number != 7]
    folder = LockedFolder.of_images("cam", [*names, "map.png"], 9)
    assert folder.names == [("IMG_", "0001-0006 0008-5000", ".JPG"), "map.png"]
    assert folder.n_images == 5000


def test_irregular_names_are_told_by_three_bytes_each() -> None:
    """So that a million of them still fit; few names stand there as they are."""
    many, few = (LockedFolder.of_images("cam", names, 0) for names in (IRREGULAR, IRREGULAR[:20]))
    assert many.names is None
    assert many.marks is not None
    assert len(many.marks) == 4 * len(IRREGULAR)
    assert few.names is not None


@pytest.mark.parametrize("names", [IRREGULAR, [f"IMG_{n}.JPG" for n in range(900)]])
def test_new_and_missing_images_are_found(names: list[str]) -> None:
    """By name where there are names; else the missing ones are counted."""
    folder = LockedFolder.of_images("cam", names, 0)
    assert not any(folder.compare({*names}))
    changes = folder.compare({*names[3:], "new.jpg", "a new one.jpg"})
    assert changes.new == ["a new one.jpg", "new.jpg"]
    assert len(changes.missing) + changes.n_unnamed == 3
    assert changes.missing in ([], names[:3])


numbered = st.from_regex(r"[a0]{,2}[0-9]{,4}[a1]?", fullmatch=True)


@given(names=st.sets(st.one_of(st.text(max_size=4), numbered), max_size=20))
def test_names_come_back_from_any_folder(names: set[str]) -> None:
    """Whatever they are made of: leading zeros, numbers alone, no number at all."""
    folder = LockedFolder.of_images("cam", sorted(names), 0)
    folder.check()
    assert not any(folder.compare(names))
    assert {*folder.compare(set()).missing} == names
    assert json.loads(json.dumps(asdict(folder)))["n_images"] == len(names)


@given(names=st.sets(st.binary(max_size=6).map(os.fsdecode), min_size=150))
def test_names_of_any_bytes_are_known_again(names: set[str]) -> None:
    """Those that are no Unicode as well, by names or by marks."""
    folder = LockedFolder.of_images("cam", sorted(names), 0)
    assert not any(folder.compare(names))


@pytest.mark.parametrize("most_named", [0, 2, 5])
def test_no_more_missing_images_are_named_than_are_asked_for(most_named: int) -> None:
    """The others are counted, and those that are there are not taken for new ones."""
    names = [*(f"IMG_{number:04}.JPG" for number in range(9) if number != 4), "a.jpg", "b1.jpg"]
    folder = LockedFolder.of_images("cam", names, 0)
    there = {"IMG_0005.JPG", "IMG_0008.JPG", "a.jpg", "IMG_0004.JPG", "IMG_5.JPG", "other.jpg"}
    changes = folder.compare(there, most_named)
    assert changes.new == ["IMG_0004.JPG", "IMG_5.JPG", "other.jpg"]
    assert changes.missing == [f"IMG_{number:04}.JPG" for number in range(4)][:most_named] + [
        "IMG_0006.JPG"
    ] * (most_named == 5)
    assert changes.n_unnamed == 7 - most_named


def test_a_forged_line_for_a_billion_images_is_counted_and_not_listed() -> None:
    """Or else a file of a few bytes would take all memory."""
    folder = LockedFolder("cam", 999_999_999, 0, names=[("I", "000000001-999999999", ".JPG")])
    folder.check()
    changes = folder.compare({"I999999999.JPG", "x.jpg"}, 3)
    assert changes.new == ["x.jpg"]
    assert changes.missing == [f"I00000000{number}.JPG" for number in (1, 2, 3)]
    assert changes.n_unnamed == 999_999_999 - 4


@pytest.mark.parametrize(
    "changed",
    [
        {"n_images": 4},
        {"names": None},
        {"marks": "AAAA"},
        {"names": None, "marks": "no base64!"},
        {"names": [("IMG_", "1-2,3", ".JPG")]},
        {"names": [("IMG_", "3-1", ".JPG")]},
        {"names": [("IMG_", "8-10", ".JPG")]},
        {"names": [("IMG_", "", ".JPG")]},
        {"size_bytes": -1},
    ],
)
def test_what_is_never_written_is_refused(changed: dict[str, object]) -> None:
    """Counts that are others, runs that are none, two ways to tell at once."""
    folder = LockedFolder.of_images("cam", ["IMG_1.JPG", "IMG_2.JPG", "IMG_3.JPG"], 9)
    folder.check()
    with pytest.raises(ValueError, match=r"no run|as many images|base64|padding|decoded"):
        replace(folder, **changed).check()  # type: ignore[arg-type] # that is the question
