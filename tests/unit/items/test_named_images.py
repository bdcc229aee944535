"""Tests of smartdownsample.items.named_images."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from made_annotations import make_annotations, refuse_to_measure
from smartdownsample.items import NamedImages, add_images, list_document_items
from smartdownsample.items.named_images import EARLIER_GROUP, join_images
from smartdownsample.options import DocumentOptions

BOXES = [{"entry": 0, "x": 0.0}, {"entry": 0, "x": 0.25}, {"entry": 1, "x": 0.0}]


def name_crops(first: str, second: str, boxes: list[dict[str, float]]) -> NamedImages:
    """Name the boxes of a document of two photos."""
    annotations = make_annotations([{"path": first}, {"path": second}], boxes)
    document = list_document_items(annotations, DocumentOptions(), refuse_to_measure)
    return NamedImages.of_document(document)


def test_each_crop_is_named_by_its_photo() -> None:
    """A photo as often as it has crops; its items are those of the document."""
    named = name_crops("a.jpg", "b.jpg", BOXES)
    assert named.paths == ["a.jpg", "a.jpg", "b.jpg"]
    assert named.list_items() is named.documents[0].items


def test_labels_rows_and_items_are_taken_together() -> None:
    """Images that were added to those of a table have no row."""
    table = pa.table({"site": ["x", "y"]})
    named = NamedImages(["a", "b", "c"], ["A", "B", "C"], table)
    taken = named.take(np.array([False, True, True]))
    assert (taken.paths, taken.labels) == (["b", "c"], ["B", "C"])
    assert taken.table is not None
    assert taken.table["site"].to_pylist() == ["y"]
    crops = name_crops("a.jpg", "b.jpg", BOXES).take(np.array([False, True, True]))
    assert crops.paths == ["a.jpg", "b.jpg"]
    assert crops.list_items().regions[:, 0].tolist() == [0.25, 0.0]


def test_paths_alone_may_repeat_and_items_do_not() -> None:
    """Of a path that is named twice, the first label counts."""
    named = NamedImages(["a", "b", "./a"], ["A", "B", "C"])
    joined = join_images([named, NamedImages(["b"], ["D"])])
    assert (joined.paths, joined.labels) == (["a", "b", "./a", "b"], ["A", "B", "C", "D"])
    items = named.as_items()
    assert (items.paths, items.labels) == (["a", "b"], ["A", "B"])
    assert items.as_items() is items


def test_crops_and_photos_are_put_together() -> None:
    """Each item once, where it is first; a whole photo is another item than its crops."""
    crops = name_crops("a.jpg", "b.jpg", BOXES)
    more = name_crops("b.jpg", "c.jpg", [{"entry": 0, "x": 0.0}, {"entry": 1, "x": 0.5}])
    joined = join_images([crops, NamedImages(["a.jpg"]), more])
    assert joined.paths == ["a.jpg", "a.jpg", "b.jpg", "a.jpg", "c.jpg"]
    assert len(joined.documents) == 2
    assert joined.list_items().regions[:, 2].tolist() == [0.5, 0.5, 0.5, 1.0, 0.5]


def test_earlier_photos_are_added_once(tmp_path: Path) -> None:
    """However they are spelt; their group is their own, or says that they are of earlier."""
    ours = NamedImages([str(tmp_path / "a"), str(tmp_path / "b")], ["A", "B"])
    earlier = NamedImages([str(tmp_path / "x/../b"), str(tmp_path / "c")])
    joined, keep = add_images(ours, earlier)
    assert joined.paths == [*ours.paths, str(tmp_path / "c")]
    assert joined.labels == ["A", "B", EARLIER_GROUP]
    assert keep == earlier.paths
    joined, _ = add_images(ours, replace(earlier, labels=["X", "Y"]))
    assert joined.labels == ["A", "B", "Y"]


def test_earlier_crops_are_kept_by_their_places() -> None:
    """Those that are not there come last; documents of earlier rounds are not reported."""
    ours = name_crops("a.jpg", "b.jpg", BOXES)
    earlier = name_crops("b.jpg", "c.jpg", [{"entry": 0, "x": 0.0}, {"entry": 1, "x": 0.5}])
    joined, keep = add_images(ours, earlier)
    assert isinstance(keep, np.ndarray)
    assert keep.tolist() == [2, 3]
    assert joined.paths == ["a.jpg", "a.jpg", "b.jpg", "c.jpg"]
    assert joined.documents == ours.documents
    items = joined.list_items()
    assert (items.n_given, items.n_added) == (4, 0)
