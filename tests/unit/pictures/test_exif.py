"""Tests of smartdownsample.pictures.exif."""

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import oracles
from pictures import make_exif
from smartdownsample.pictures.exif import Exif, find_exif_thumbnail, read_exif

ORIGINAL, DIGITIZED, CHANGED = 0x9003, 0x9004, 0x0132
ORIGINAL_FRACTION, DIGITIZED_FRACTION, CHANGED_FRACTION = 0x9291, 0x9292, 0x9290


def read_time(text: bytes, fraction: bytes | None = None) -> datetime | None:
    """Read the time of a photo whose EXIF data has a text in place of it."""
    photo = {ORIGINAL: text} | ({} if fraction is None else {ORIGINAL_FRACTION: fraction})
    captured = read_exif(make_exif(photo=photo)).captured
    assert captured is None or captured.dtype == np.dtype("datetime64[ms]")
    if captured is None:
        return None
    time = captured.item()
    assert isinstance(time, datetime)
    return time


@pytest.mark.parametrize("order", ["<", ">"])
def test_orientation_and_time_are_read_in_both_orders_of_bytes(order: str) -> None:
    """Cameras write numbers either way round."""
    data = make_exif({0x0112: 6}, {ORIGINAL: b"2019:06:22 16:50:53\0"}, order=order)
    assert read_exif(data) == Exif(6, np.datetime64("2019-06-22T16:50:53.000"))


def test_the_first_time_that_is_possible_counts() -> None:
    """When the photo was taken, else made digital, else when its file was changed."""
    first = {CHANGED: b"2003:01:01 00:00:00\0"}
    photo = {
        ORIGINAL: b"2001:01:01 00:00:00\0",
        ORIGINAL_FRACTION: b"1\0",
        DIGITIZED: b"2002:01:01 00:00:00\0",
        DIGITIZED_FRACTION: b"2\0",
        CHANGED_FRACTION: b"3\0",
    }
    assert read_exif(make_exif(first, photo)).captured == np.datetime64("2001-01-01T00:00:00.100")
    photo[ORIGINAL] = b"    :  :     :  :  \0"
    assert read_exif(make_exif(first, photo)).captured == np.datetime64("2002-01-01T00:00:00.200")
    del photo[DIGITIZED]
    assert read_exif(make_exif(first, photo)).captured == np.datetime64("2003-01-01T00:00:00.300")
    assert read_exif(make_exif(first)).captured == np.datetime64("2003-01-01T00:00:00.000")
    assert read_exif(make_exif({}, photo)).captured is None


def test_a_single_directory_may_have_all_fields() -> None:
    """As TIFF/EP has them."""
    data = make_exif({ORIGINAL: b"2019:06:22 16:50:53\0"})
    assert read_exif(data).captured == np.datetime64("2019-06-22T16:50:53.000")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\0",
        b"                    ",
        b"    :  :     :  :  \0",
        b"0000:00:00 00:00:00\0",
        b"0000:01:01 00:00:00\0",
        b"2019:02:29 12:00:00\0",
        b"2019:13:01 12:00:00\0",
        b"2019:01:01 24:00:00\0",
        b"2019:01:01 12:60:00\0",
        b"2019:01:01 12:00:60\0",
        b"2019:01:01 12:00\0",
        b"2019:01:01\0",
        b"2019-01-01T12:00:00\0",
        b"now\0",
        b"\xff" * 20,
    ],
)
def test_what_is_no_possible_time_is_unknown(text: bytes) -> None:
    """Cameras write blanks and zeros before their clock is set, and some write nonsense."""
    assert read_time(text) is None


@pytest.mark.parametrize(
    ("fraction", "milliseconds"),
    [
        (b"0\0", 0),
        (b"5\0", 500),
        (b"05 \0", 50),
        (b"046\0", 46),
        (b"123987\0", 123),
        (b"   \0", 0),
        (b"-1\0", 0),
        (b"", 0),
    ],
)
def test_a_fraction_is_cut_off_at_milliseconds(fraction: bytes, milliseconds: int) -> None:
    """It is the digits behind the point, as many as the camera likes."""
    expected = datetime(2019, 6, 22, 16, 50, 53, milliseconds * 1000)  # noqa: DTZ001 - without zone
    assert read_time(b"2019:06:22 16:50:53\0", fraction) == expected


@given(st.datetimes(), st.integers(1, 6))
def test_every_time_is_read(time: datetime, n_digits: int) -> None:
    """Of all years that have four digits."""
    text = f"{time.year:04d}:{time:%m:%d %H:%M:%S}"
    fraction = f"{time.microsecond:06d}"[:n_digits]
    found = read_time(text.encode() + b"\0", fraction.encode() + b"\0")
    assert found == oracles.parse_time(text, fraction)
    assert found == time.replace(microsecond=int(fraction[:3].ljust(3, "0")) * 1000)


@given(st.integers(0, 9999), st.tuples(*[st.integers(0, 99)] * 5))
def test_times_are_those_that_the_calendar_has(
    year: int, others: tuple[int, int, int, int, int]
) -> None:
    """Most of these are not."""
    text = "{:04d}:{:02d}:{:02d} {:02d}:{:02d}:{:02d}".format(year, *others)
    # The oracle knows of leap seconds, which the store cannot hold.
    expected = None if text >= "9999:12:31 23:59" else oracles.parse_time(text)
    found = read_time(text.encode())
    assert found == expected or int(text[-2:]) >= 60


@pytest.mark.parametrize("orientation", [0, 9, 2**31])
def test_an_orientation_that_is_none_is_the_first(orientation: int) -> None:
    """As stored is how the picture is shown then."""
    assert read_exif(make_exif({0x0112: orientation})).orientation == 1


def test_a_tag_is_found_only_where_a_field_begins() -> None:
    """Its bytes may be part of a number before it."""
    data = make_exif({0x0100: 0x0112, 0x0101: 0x01120112, 0x0112: 3})
    assert read_exif(data).orientation == 3
    assert read_exif(make_exif({0x0100: 0x01120112})).orientation == 1


@given(st.binary(max_size=80))
def test_any_bytes_are_read(data: bytes) -> None:
    """With and without the mark of a byte order."""
    for start in (b"", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"):
        assert read_exif(start + data).orientation in range(1, 9)


WHOLE = make_exif(
    {0x0112: 6, CHANGED: b"2003:01:01 00:00:00\0"},
    {ORIGINAL: b"2001:01:01 00:00:00\0", ORIGINAL_FRACTION: b"12345\0"},
)


@given(st.integers(0, len(WHOLE)), st.binary(max_size=8))
def test_damaged_data_is_read_as_far_as_it_goes(at: int, junk: bytes) -> None:
    """Whatever lengths and places it claims; cut off at any byte as well."""
    for data in (WHOLE[:at] + junk + WHOLE[at + len(junk) :], WHOLE[:at] + junk):
        assert read_exif(data).orientation in range(1, 9)


def test_what_claims_to_be_endless_is_read_quickly() -> None:
    """As many fields as a directory can claim, all of them in the wrong place."""
    fields = b"\x01\x12" * 6 * 65_535
    data = b"II*\0\x08\0\0\0\xff\xff" + fields
    assert read_exif(data) == Exif()


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_thumbnail_is_what_the_second_directory_names(order: str) -> None:
    """Whatever stands between the directories."""
    for photo in (None, {ORIGINAL: b"2019:06:22 16:50:53\0"}):
        data = make_exif({0x0112: 6}, photo, order=order, thumbnail=b"small picture")
        assert find_exif_thumbnail(data + b"more") == b"small picture"
        assert read_exif(data).orientation == 6


def test_what_is_not_there_as_a_whole_is_no_thumbnail() -> None:
    """Cut off, never there, or of no length."""
    data = make_exif(thumbnail=b"small picture")
    assert find_exif_thumbnail(data[:-1]) == b""
    assert find_exif_thumbnail(make_exif({0x0112: 6})) == b""
    # Fields of that name in the first directory are of something else.
    assert find_exif_thumbnail(make_exif({0x0201: 8, 0x0202: 4})) == b""
    length = data.index(b"\x02\x02\x04\x00") + 8
    assert find_exif_thumbnail(data[:length] + bytes(4) + data[length + 4 :]) == b""
    assert find_exif_thumbnail(b"") == b""


WITH_THUMBNAIL = make_exif({0x0112: 6}, thumbnail=b"small picture")


@given(st.integers(0, len(WITH_THUMBNAIL)), st.binary(max_size=8))
def test_damaged_directories_never_lead_out_of_the_data(at: int, junk: bytes) -> None:
    """A thumbnail is a part of the data or nothing."""
    for data in (
        WITH_THUMBNAIL[:at] + junk + WITH_THUMBNAIL[at + len(junk) :],
        WITH_THUMBNAIL[:at] + junk,
    ):
        assert find_exif_thumbnail(data) in data
