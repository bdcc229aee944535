"""Tests of smartdownsample.items.folders."""

import os

from smartdownsample.items.folders import name_folder, number_folders, split_folders


def test_the_folder_of_a_name_alone_is_the_working_folder() -> None:
    """Others are named as they are spelt."""
    assert [name_folder(path) for path in ("1.jpg", "a/1.jpg", "/1.jpg")] == [".", "a", "/"]


def test_folders_are_numbered_by_their_first_path() -> None:
    """Spellings of one folder are one; none is the working folder."""
    paths = ["b/1.jpg", "a/1.jpg", "./b/2.jpg", os.path.abspath("3.jpg"), "4.jpg", "a/b/1.jpg"]
    assert number_folders(paths).tolist() == [0, 1, 0, 2, 2, 3]


def test_places_of_a_folder_are_in_the_order_of_their_names() -> None:
    """Whatever the order given."""
    keys = [b"/b/2", b"/a/1", b"/b/1", b"/a/b/1"]
    assert [places.tolist() for places in split_folders(keys)] == [[1], [3], [2, 0]]
