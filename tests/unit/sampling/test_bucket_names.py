"""Tests of the names of buckets: true of what is seen, short, and each of its own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pictures import SHARED_IMAGES
from smartdownsample import ImageIndex
from smartdownsample.features import tell_infrared
from smartdownsample.features.columns import summarise_colours
from smartdownsample.features.spec import make_spec
from smartdownsample.records import BoolArray, ByteArray, Float64Array, RowArray
from smartdownsample.sampling import (
    N_CODES,
    bucket_names,
    encode_buckets,
    is_bucket_name,
    name_buckets,
)

SPEC = make_spec(8, "fast")
COLLECTIONS = ("conservationtechlab+animl-py", "DigitalConcern+wildhack", "drivendataorg+zamba")
GREY, OLIVE, LEAF, SKY = (1, 1, 1), (1.1, 1, 0.7), (0.8, 1.1, 0.7), (0.8, 1, 1.3)


def paint(colour: tuple[float, float, float], light: Float64Array) -> RowArray:
    """Make the row of a picture of one colour whose light falls so, levels of shape (4, 4)."""
    row = np.zeros(1, dtype=SPEC.row_dtype)
    cells = np.clip(light[..., np.newaxis] * np.array(colour), 0, 255)
    row["lab_layout"] = summarise_colours(cells).reshape(1, 48)
    row["mean_rgb"] = cells.mean(axis=(0, 1))
    return row


def light(level: float, **places: float) -> Float64Array:
    """Make light of a level, and of other levels at some places."""
    levels = np.full((4, 4), level)
    parts = {
        "centre": levels[1:3, 1:3],
        "top": levels[:2],
        "bottom": levels[2:],
        "left": levels[:, :2],
        "corner": levels[:1, :1],
    }
    for place, other in places.items():
        parts[place][:] = other
    return levels


def name_only(*rows: RowArray) -> str:
    """Name the bucket of pictures that are alike."""
    joined = np.concatenate(rows)
    (name,) = name_buckets(joined, encode_buckets(joined, SPEC)).values()
    return name


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (paint(GREY, light(60, centre=110)), "night, infrared · pale centre"),
        (paint(GREY, light(140, centre=190)), "bright, infrared · pale centre"),
        (paint(OLIVE, light(80, top=110)), "brown · pale top"),
        (paint(OLIVE, light(40, bottom=60)), "dark, brown · pale bottom"),
        (paint(LEAF, light(120, left=80)), "green · pale right"),
        (paint(LEAF, light(110, centre=60)), "green · dark centre"),
        (paint(SKY, light(100, corner=180)), "blue · pale top-left"),
        (paint(GREY, light(60)), "night, infrared · low contrast"),
        (paint(GREY, light(10, bottom=200)), "night, infrared · pale bottom"),
        (paint((1.6, 1, 0.6), light(95, corner=40)), "warm · dark top-left"),
    ],
)
def test_names_say_what_is_seen(row: RowArray, name: str) -> None:
    """Light, colour and where the picture is pale, in four words at most."""
    assert name_only(row) == name


def test_one_picture_in_colour_is_enough_for_no_bucket_of_infrared() -> None:
    """Of ten pictures one shows a brown animal; of four, two do."""
    night, day = paint(GREY, light(60, centre=110)), paint((1.1, 1, 0.87), light(60, centre=110))
    assert name_only(*[night] * 9, day) == "mostly infrared · pale centre"
    assert name_only(night, night, day, day) == "mixed · pale centre"
    assert name_only(day, day) == "brown · pale centre"


def test_skies_and_ground_that_are_grey_on_average_are_coloured() -> None:
    """The published theme of such pictures is grey."""
    cells = np.empty((4, 4, 3))
    cells[:2], cells[2:] = (90, 110, 130), (130, 110, 90)
    row = np.zeros(1, dtype=SPEC.row_dtype)
    row["lab_layout"] = summarise_colours(cells).reshape(1, 48)
    row["mean_rgb"] = cells.mean(axis=(0, 1))
    assert name_only(row).startswith("coloured · ")


def test_buckets_that_look_alike_are_told_apart() -> None:
    """The largest has the short name; words for the bits, which differ always, come last."""
    rows = np.concatenate([paint(GREY, light(60, centre=110))] * 10)
    codes = np.array([0, 0, 0, 0, 12, 12, 12, 8, 8, 4], dtype=np.uint8)
    assert [*name_buckets(rows, codes).items()] == [
        (0, "night, infrared · pale centre"),
        (12, "night, infrared · dark top-left"),
        (8, "night, infrared · paler upper-right"),
        (4, "night, infrared · paler upper-left"),
    ]


@given(
    codes=st.lists(st.integers(0, N_CODES - 1), max_size=200),
    seed=st.integers(0, 9),
    is_alike=st.booleans(),
)
def test_no_two_buckets_have_one_name(codes: list[int], seed: int, *, is_alike: bool) -> None:
    """Whatever the pictures are; each bucket has a name, and the order of images does not count."""
    rows = np.zeros(len(codes), dtype=SPEC.row_dtype)
    generator = np.random.default_rng(seed)
    if not is_alike:
        rows["lab_layout"] = generator.integers(0, 256, (len(codes), 48))
        rows["mean_rgb"] = generator.integers(0, 256, (len(codes), 3))
    packed: ByteArray = np.array(codes, dtype=np.uint8)
    names = name_buckets(rows, packed)
    assert {*names} == {*codes}
    assert len({*names.values()}) == len(names)
    assert all(map(is_bucket_name, names.values()))
    assert all(len(name.replace("·", "").split(" (")[0].split()) <= 4 for name in names.values())
    order = generator.permutation(len(codes))
    assert name_buckets(rows[order], packed[order]) == names


@pytest.mark.parametrize(
    "text",
    ["", "night", "grey · ", "grey · fox", "fox · pale top", "night, fox", "grey, grey", "dark"],
)
def test_what_somebody_typed_is_no_name(text: str) -> None:
    """Such cells of a table are not overwritten."""
    assert not is_bucket_name(text)


def test_names_of_huge_buckets_come_of_a_few_images() -> None:
    """In even steps; but one picture in colour among thousands keeps them from "infrared" alone."""
    night, day = paint(GREY, light(60, centre=110)), paint((1.1, 1, 0.87), light(60, centre=110))
    rows = np.concatenate([night] * 5_000)
    codes = encode_buckets(rows, SPEC)
    assert [*name_buckets(rows, codes).values()] == ["night, infrared · pale centre"]
    rows[1] = day[0]
    assert [*name_buckets(rows, codes).values()] == ["mostly infrared · pale centre"]


def test_huge_buckets_are_asked_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more of them is in memory at a time, and none after the first picture in colour."""
    monkeypatch.setattr(bucket_names, "_BLOCK", 3_000)
    asked = []

    def count(rows: RowArray) -> BoolArray:
        asked.append(len(rows))
        return tell_infrared(rows)

    monkeypatch.setattr(bucket_names, "tell_infrared", count)
    night, day = paint(GREY, light(60, centre=110)), paint((1.1, 1, 0.87), light(60, centre=110))
    rows = np.concatenate([night] * 10_000)
    codes = encode_buckets(rows, SPEC)
    name_buckets(rows, codes)
    assert asked == [2_000, 3_000, 3_000, 3_000, 1_000]
    asked.clear()
    rows[3_001] = day[0]
    name_buckets(rows, codes)
    assert asked[:3] == [2_000, 3_000, 3_000]
    assert max(asked[3:]) <= 2_000


@pytest.mark.parametrize("folder", COLLECTIONS)
def test_real_buckets_called_infrared_are(folder: str) -> None:
    """All or most images of them."""
    place = SHARED_IMAGES / "camtrap" / folder
    if not place.is_dir():
        pytest.skip("there are no photos in ../shared/images")
    index = ImageIndex.build(sorted(place.rglob("*.jp*g")), cache=False)
    is_infrared = tell_infrared(index.table.rows)
    names = name_buckets(index.table.rows, index.codes)
    for code, name in names.items():
        share = is_infrared[index.codes == code].mean()
        assert ("infrared" in name) == (share >= 0.75)
        assert ("mostly" in name) == (0.75 <= share < 1)
