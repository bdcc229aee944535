"""Tests of smartdownsample.items.join."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crops import BOXES, list_crops, make_details
from smartdownsample import InvalidParameterError
from smartdownsample.items import join_items, list_items, to_key
from smartdownsample.records import ItemList


def list_pairs(items: ItemList) -> list[tuple[str, tuple[float, ...]]]:
    """List path and region of each item."""
    files, regions = items.file_of.tolist(), items.regions.tolist()
    return [(items.paths[file], tuple(region)) for file, region in zip(files, regions, strict=True)]


def test_items_that_are_there_keep_their_places() -> None:
    """However their path is spelt; new ones of known photos and of others come last."""
    items = list_crops(["/a.png", "/b.png"], BOXES[:2])
    others = list_crops(["/c.png", "/x/../b.png"], BOXES[1:])
    joined, places = join_items(items, others)
    assert places.tolist() == [4, 5, 3, 6]
    assert list_pairs(joined) == [
        *((path, box) for path in ("/a.png", "/b.png") for box in BOXES[:2]),
        *(("/c.png", box) for box in BOXES[1:]),
        ("/b.png", BOXES[2]),
    ]
    assert joined.keys == [to_key(path) for path in joined.paths]
    assert (joined.n_given, joined.n_added) == (4, 3)
    assert joined.positions is not None
    assert joined.positions.tolist() == [*range(7)]


def test_items_that_repeat_among_the_new_are_added_once() -> None:
    """All of them lead to the first."""
    joined, places = join_items(list_crops(["/a.png"]), list_crops(["/b.png"], BOXES[:1] * 3))
    assert places.tolist() == [3, 3, 3]
    assert (len(joined), joined.n_added) == (4, 1)


def test_what_documents_say_stays_with_its_item() -> None:
    """It is null for items that no document names; of items named twice, the first counts."""
    items = list_crops(["/a.png"], BOXES[:2], make_details(2, label=["deer", "fox"]))
    others = list_crops(["/a.png"], BOXES[1:], make_details(2, label=["hare", "owl"]))
    for joined, labels in (
        (join_items(items, others)[0], ["deer", "fox", "owl"]),
        (join_items(items, replace(others, details=None))[0], ["deer", "fox", None]),
        (join_items(replace(items, details=None), others)[0], [None, None, "owl"]),
    ):
        assert joined.details is not None
        assert joined.details["label"].to_pylist() == labels
    assert join_items(list_crops(["/a.png"]), list_crops(["/b.png"]))[0].details is None


def test_whole_photos_are_items_beside_their_crops(tmp_path: Path) -> None:
    """Those of a folder have places in natural order."""
    for name in ("IMG_10.jpg", "IMG_2.jpg", "IMG_1.jpg"):
        (tmp_path / name).touch()
    photos = list_items(tmp_path)
    joined, places = join_items(photos, list_crops([str(tmp_path / "IMG_2.jpg")], BOXES[:1]))
    assert places.tolist() == [3]
    assert joined.positions is not None
    by_place = np.argsort(joined.positions)
    names = [Path(joined.name(item)).name for item in by_place.tolist()]
    assert names == ["IMG_1.jpg", "IMG_2.jpg", "IMG_10.jpg", "IMG_2.jpg"]
    assert len(join_items(joined, photos)[0]) == 4


def test_sizes_that_boxes_count_from_stay_with_their_files() -> None:
    """0 where they are not known."""
    items = replace(list_crops(["/a.png"]), sizes=np.array([[640, 480]]))
    others = list_crops(["/a.png", "/b.png"])
    joined, _ = join_items(items, list_crops(["/b.png"]))
    assert joined.sizes is not None
    assert joined.sizes.tolist() == [[640, 480], [0, 0]]
    joined, _ = join_items(others, replace(list_crops(["/c.png"]), sizes=np.array([[8, 6]])))
    assert joined.sizes is not None
    assert joined.sizes.tolist() == [[0, 0], [0, 0], [8, 6]]
    assert join_items(others, others)[0].sizes is None


def test_boxes_that_count_by_two_rules_are_turned_before_they_are_joined() -> None:
    """Those of other orientations, or, of a photo that both have, of other sizes."""
    plain = list_crops(["/a.png"], BOXES[:1])

    def turn(items: ItemList) -> ItemList:
        """Turn the first box into the second, unless it is upright."""
        if items is plain:
            return items
        return list_crops(["/a.png"], BOXES[1:2])

    stored = replace(plain, orientation="stored")
    sized = replace(plain, sizes=np.array([[640, 480]]))
    for other in (stored, sized):
        for first, second, boxes in ((plain, other, BOXES[:2]), (other, plain, BOXES[1::-1])):
            joined, places = join_items(first, second, turn)
            assert list_pairs(joined) == [("/a.png", box) for box in boxes]
            assert places.tolist() == [1]
            assert (joined.orientation, joined.sizes) == ("upright", None)


def test_boxes_of_two_orientations_that_nobody_turns_are_refused() -> None:
    """Unless one list has whole photos alone, which have any."""
    stored = replace(list_crops(["/a.png"]), orientation="stored")
    with pytest.raises(InvalidParameterError, match="'stored' and 'upright'"):
        join_items(stored, list_crops(["/a.png"]))
    photos = list_items(["/a.png"])
    assert join_items(photos, stored)[0].orientation == "stored"
    assert join_items(stored, photos)[0].orientation == "stored"


def draw_items(rng: np.random.Generator) -> ItemList:
    """Draw items of a few photos, boxes and frames."""
    items = list_crops(["/a", "/b", "/c"], BOXES)
    taken = np.flatnonzero(rng.random(len(items)) < 0.5)
    return replace(
        items,
        file_of=items.file_of[taken],
        regions=items.regions[taken],
        frames=rng.integers(0, 2, len(taken)).astype(np.int32),
        positions=np.arange(len(taken)),
        n_given=len(taken),
    )


@pytest.mark.parametrize("seed", range(20))
def test_it_is_what_a_dictionary_gives(seed: int) -> None:
    """For any items."""
    rng = np.random.default_rng(seed)
    items, others = draw_items(rng), draw_items(rng)
    joined, places = join_items(items, others)
    place_of: dict[object, int] = {}
    for each in (items, others):
        for item in zip(list_pairs(each), each.frames.tolist(), strict=True):
            place_of.setdefault(item, len(place_of))
    assert [*zip(list_pairs(joined), joined.frames.tolist(), strict=True)] == [*place_of]
    named = zip(list_pairs(others), others.frames.tolist(), strict=True)
    assert places.tolist() == [place_of[item] for item in named]
