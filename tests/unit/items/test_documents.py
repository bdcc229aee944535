"""Items of documents: which boxes and photos are taken, and what is known of them."""

from datetime import datetime
from typing import Any, TypeAlias

import numpy as np
import pytest

from made_annotations import make_annotations, refuse_to_measure
from smartdownsample import Cause, Failure, InvalidParameterError
from smartdownsample.formats import Annotations, Fault
from smartdownsample.items import DocumentItems, list_document_items
from smartdownsample.options import DocumentOptions

Rows: TypeAlias = list[dict[str, Any]]

PHOTOS: Rows = [{"path": "a.jpg"}, {"path": "b.jpg"}, {"path": "c.jpg"}]


def take(annotations: Annotations, **options: Any) -> DocumentItems:
    return list_document_items(annotations, DocumentOptions(**options), refuse_to_measure)


def list_column(document: DocumentItems, name: str) -> list[Any]:
    assert document.items.details is not None
    values: list[Any] = document.items.details[name].to_pylist()
    return values


class TestBoxes:
    """Crops, one for each box that is wanted."""

    def test_each_box_is_an_item_and_each_photo_a_file(self) -> None:
        """In the document's order; photos without boxes are none."""
        boxes: Rows = [{"entry": 2}, {"entry": 0, "x": 0.0}, {"entry": 0, "place": 1}]
        document = take(make_annotations(PHOTOS, boxes))
        items = document.items
        assert [items.name(item) for item in range(3)] == ["c.jpg", "a.jpg", "a.jpg"]
        assert sorted(items.paths) == ["a.jpg", "c.jpg"]
        assert items.regions.tolist() == [
            [0.25, 0.25, 0.5, 0.5],
            [0.0, 0.25, 0.5, 0.5],
            [0.25, 0.25, 0.5, 0.5],
        ]
        assert (document.options.items, len(items), items.n_given) == ("crops", 3, 3)
        assert list_column(document, "place") == [0, 0, 1]
        assert list_column(document, "box") == [0, 1, 2]

    def test_regions_are_multiples_that_are_exact_in_32_bits(self) -> None:
        """A box of any size keeps an area, and none leaves the picture."""
        boxes: Rows = [
            {"entry": 0, "x": 1 / 3, "width": 1e-9},
            {"entry": 1, "x": 0.5, "width": 0.5},
        ]
        regions = take(make_annotations(PHOTOS, boxes)).items.regions
        assert regions.dtype == np.float32
        steps = regions.astype(np.float64) * 2**16
        assert (steps == np.rint(steps)).all()
        assert regions[0, 2] == 2.0**-16
        assert (regions[:, :2] + regions[:, 2:] <= 1).all()

    def test_boxes_of_little_confidence_are_left_out_unless_people_drew_them(self) -> None:
        """0.2 is enough by default."""
        boxes: Rows = [
            {"entry": 0, "confidence": 0.19},
            {"entry": 0, "confidence": 0.2, "x": 0.1},
            {"entry": 1, "confidence": None},
            {"entry": 2, "confidence": 0.01, "is_verified": True},
        ]
        annotations = make_annotations(PHOTOS, boxes)
        assert list_column(take(annotations), "box") == [1, 2, 3]
        assert list_column(take(annotations, min_confidence=0.0), "box") == [0, 1, 2, 3]

    @pytest.mark.parametrize("category", ["person", "2"])
    def test_categories_are_chosen_by_name_or_number(self, category: str) -> None:
        """Boxes of all others are as if they were not there."""
        boxes: Rows = [{"entry": 0}, {"entry": 1, "category": "person"}]
        document = take(make_annotations(PHOTOS, boxes), categories=[category])
        assert list_column(document, "category") == ["person"]
        assert document.items.paths == ["b.jpg"]

    @pytest.mark.parametrize(("asked", "chosen"), [("2", [1]), ("bird", [1, 2]), ("3", [2])])
    def test_a_number_is_one_category_and_a_name_all_of_that_name(
        self, asked: str, chosen: list[int]
    ) -> None:
        """Several categories may have one name."""
        categories = {"1": "animal", "2": "bird", "3": "bird"}
        boxes: Rows = [
            {"entry": 0},
            {"entry": 1, "category": "bird", "number": "2"},
            {"entry": 1, "category": "bird", "number": "3", "x": 0.0},
        ]
        document = take(make_annotations(PHOTOS, boxes, categories=categories), categories=[asked])
        assert list_column(document, "box") == chosen

    def test_an_unknown_category_is_an_error_that_lists_those_there_are(self) -> None:
        """So that a slip of the pen does not give an empty selection."""
        annotations = make_annotations(PHOTOS, [{"entry": 0}])
        with pytest.raises(InvalidParameterError, match=r"animal, person\. Got 'animals'"):
            take(annotations, categories=["animals"])

    def test_boxes_that_cannot_be_used_are_failures_with_causes(self) -> None:
        """None ends the call."""
        boxes: Rows = [
            {"entry": 0, "x": float("nan")},
            {"entry": 0, "width": 0.0},
            {"entry": 1, "height": -0.1},
            {"entry": 1, "x": 0.9, "width": 0.5},
            {"entry": 2, "x": 5.0},
            {"entry": 2},
        ]
        document = take(make_annotations(PHOTOS, boxes))
        assert document.items.failures == (
            Failure("a.jpg", Cause.BOX_INVALID),
            Failure("a.jpg", Cause.BOX_EMPTY),
            Failure("b.jpg", Cause.BOX_EMPTY),
            Failure("b.jpg", Cause.BOX_OUTSIDE),
            Failure("c.jpg", Cause.BOX_OUTSIDE),
        )
        assert list_column(document, "box") == [5]

    def test_a_box_over_the_edge_is_cut_there(self) -> None:
        """That is a fault, unless it is so little that it is rounding."""
        boxes: Rows = [
            {"entry": 0, "x": 0.5, "width": 0.501},
            {"entry": 1, "x": -0.1, "width": 0.6},
        ]
        document = take(make_annotations(PHOTOS, boxes))
        assert document.items.regions[:, [0, 2]].tolist() == [[0.5, 0.5], [0.0, 0.5]]
        [fault] = document.faults
        assert fault.place == "boxes[1] ('b.jpg')"
        assert "Got [-0.1, 0.25, 0.6, 0.5], which is cut" in fault.text
        assert document.n_faults == 1

    def test_the_same_box_twice_is_one_item(self) -> None:
        """The first one counts; the same box of another photo is another item."""
        boxes: Rows = [
            {"entry": 0, "label": "fox"},
            {"entry": 0, "place": 1, "label": "cat"},
            {"entry": 1},
        ]
        document = take(make_annotations(PHOTOS, boxes))
        assert list_column(document, "label") == ["fox", "animal"]
        assert document.n_repeated == 1

    def test_two_spellings_of_a_path_are_one_file(self) -> None:
        """So that no photo is decoded twice."""
        entries: Rows = [{"path": "a.jpg"}, {"path": "./a.jpg"}]
        items = take(make_annotations(entries, [{"entry": 0}, {"entry": 1, "x": 0.0}])).items
        assert (items.paths, items.file_of.tolist()) == (["a.jpg"], [0, 0])

    def test_boxes_of_photos_that_cannot_be_used_are_left_out(self) -> None:
        """The photo is one failure, whatever is in it."""
        entries: Rows = [{"path": "a.mp4", "cause": "VIDEO"}, {"path": "b.jpg"}]
        document = take(make_annotations(entries, [{"entry": 0}, {"entry": 1}]))
        assert document.items.failures == (Failure("a.mp4", Cause.VIDEO),)
        assert document.items.paths == ["b.jpg"]

    def test_the_document_tells_label_place_and_time(self) -> None:
        """What is said of the whole photo is not said of each box: others may be of people."""
        captured = datetime.fromisoformat("2024-05-01 06:30")
        entry: dict[str, Any] = {
            "path": "a.jpg",
            "location": "L1",
            "deployment": "D1",
            "sequence": "S1",
        }
        entries: Rows = [{**entry, "captured": captured, "label": "fox"}, {"path": "b.jpg"}]
        boxes: Rows = [{"entry": 0, "label": "red fox"}, {"entry": 0, "x": 0.0}, {"entry": 1}]
        document = take(make_annotations(entries, boxes))
        assert list_column(document, "label") == ["red fox", "animal", "animal"]
        for name, value in (("location", "L1"), ("deployment", "D1"), ("sequence", "S1")):
            assert list_column(document, name) == [value, value, None]
        assert list_column(document, "captured") == [captured, captured, None]
        assert list_column(document, "confidence") == [0.9, 0.9, 0.9]

    def test_boxes_in_pixels_are_shares_of_the_photo_as_it_is(self) -> None:
        """A photo that cannot be measured is a failure."""
        pixels: dict[str, Any] = {"is_in_pixels": True, "x": 10, "y": 20, "width": 50, "height": 40}
        annotations = make_annotations(PHOTOS[:2], [{"entry": 0, **pixels}, {"entry": 1, **pixels}])

        def measure(path: str) -> tuple[int, int] | Cause:
            return (100, 80) if path == "a.jpg" else Cause.MISSING

        document = list_document_items(annotations, DocumentOptions(), measure)
        assert document.items.regions.tolist() == [[np.float32(6554 / 2**16), 0.25, 0.5, 0.5]]
        assert document.items.failures == (Failure("b.jpg", Cause.MISSING),)

    def test_the_document_says_which_picture_boxes_count_from_unless_the_caller_does(self) -> None:
        """Sizes are those of the files that are left."""
        entries: Rows = [{"path": "a.jpg"}, {"path": "b.jpg", "width": 40, "height": 30}]
        annotations = make_annotations(entries, [{"entry": 1}], orientation="megadetector")
        items = take(annotations).items
        assert items.orientation == "megadetector"
        assert items.sizes is not None
        assert items.sizes.tolist() == [[40, 30]]
        assert take(annotations, box_orientation="stored").items.orientation == "stored"

    def test_a_box_without_any_name_has_no_label(self) -> None:
        """It shows something, so it is not blank."""
        document = take(make_annotations(PHOTOS, [{"entry": 0, "category": None}]))
        assert list_column(document, "label") == [None]

    def test_strict_ends_at_the_first_fault(self) -> None:
        """It says which document and where."""
        fault = Fault("images[3].file", "Expected a path. Got 3.")
        annotations = make_annotations(PHOTOS, [{"entry": 0}], faults=(fault,), n_faults=1)
        assert take(annotations).faults == (fault,)
        with pytest.raises(InvalidParameterError, match=r"'results.json', images\[3\].file: Exp"):
            take(annotations, strict=True)

    @pytest.mark.parametrize("side", [{"width": 0.0}, {"x": 2.0}, {"x": None}])
    def test_strict_ends_at_a_box_that_cannot_be_used(self, side: dict[str, Any]) -> None:
        """Without it, such a box is a failure."""
        annotations = make_annotations(PHOTOS, [{"entry": 1, **side}])
        assert len(take(annotations).items.failures) == 1
        with pytest.raises(InvalidParameterError, match=r"boxes\[0\] \('b.jpg'\): Box "):
            take(annotations, strict=True)


class TestPhotos:
    """Whole photos, named by their boxes."""

    def test_a_document_without_boxes_gives_photos(self) -> None:
        """They are the whole photos that are known from folders."""
        document = take(make_annotations(PHOTOS))
        assert document.options.items == "photos"
        assert (document.items.regions == [0, 0, 1, 1]).all()
        assert list_column(document, "label") == ["blank"] * 3

    def test_only_photos_without_a_wanted_box_are_blank(self) -> None:
        """There is something in a box, though nobody says what."""
        box = {"entry": 0, "category": None}
        for kind, labels in (("crops", [None]), ("photos", [None, "blank", "blank"])):
            document = take(make_annotations(PHOTOS, [box]), items=kind)
            assert list_column(document, "label") == labels

    def test_a_photo_has_the_label_of_its_surest_wanted_box(self) -> None:
        """What people drew is surest; without a wanted box the photo is blank."""
        boxes: Rows = [
            {"entry": 0, "label": "fox", "confidence": 0.5},
            {"entry": 0, "label": "cat", "confidence": 0.8},
            {"entry": 1, "label": "dog", "confidence": 0.9},
            {"entry": 1, "label": "hare", "confidence": None},
            {"entry": 2, "label": "bird", "confidence": 0.1},
        ]
        document = take(make_annotations(PHOTOS, boxes), items="photos")
        assert list_column(document, "label") == ["cat", "hare", "blank"]
        assert list_column(document, "box") == [1, 3, None]
        assert len(document.items) == 3
        assert document.items.orientation == "upright"

    def test_what_is_said_of_the_whole_photo_labels_it(self) -> None:
        """Where no box has a label of its own."""
        entries: Rows = [{"path": "a.jpg", "label": "fox"}, {"path": "b.jpg", "label": "cat"}]
        document = take(make_annotations(entries, [{"entry": 0}]), items="photos")
        assert list_column(document, "label") == ["fox", "cat"]
