"""Tests of smartdownsample.items.find."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from smartdownsample import ImageLoadingWarning, InvalidParameterError, find_images
from smartdownsample.items.find import find_fixed_folder, stat_files
from smartdownsample.items.given_images import list_items
from smartdownsample.writing import make_folders


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


class TestFindImages:
    """find_images lists what folders, globs and files name."""

    def test_a_folder_gives_the_images_below_it_in_natural_order(self, tmp_path: Path) -> None:
        """Numbers count as numbers, in the names of folders and of files."""
        names = ["site_2/IMG_9.JPG", "site_2/IMG_10.JPG", "site_10/IMG_1.jpeg", "site_10/a.webp"]
        touch(*(tmp_path / name for name in reversed(names)))
        assert find_images(tmp_path) == [
            str(tmp_path / name)
            for name in ["site_2/IMG_9.JPG", "site_2/IMG_10.JPG", "site_10/IMG_1.jpeg"]
        ] + [str(tmp_path / "site_10/a.webp")]

    def test_other_files_and_hidden_ones_are_passed_over(self, tmp_path: Path) -> None:
        """The notes beside the photos and the litter of macOS are no images."""
        touch(tmp_path / "IMG_1.JPG", tmp_path / "notes.txt", tmp_path / "._IMG_1.JPG")
        touch(tmp_path / ".Trashes" / "IMG_2.JPG")
        assert find_images(tmp_path) == [str(tmp_path / "IMG_1.JPG")]

    def test_what_was_placed_below_a_folder_is_left_out(self, tmp_path: Path) -> None:
        """It is counted, since it is not new; who names its folder means it."""
        season = tmp_path / "season"
        touch(season / "a" / "1.jpg", season / "picked" / "a" / "1.jpg")
        touch(season / "picked" / "a" / "2.jpg", season / "picked" / ".smartdownsample.json")
        for source in (season, f"{season}{os.sep}", season / "*", season / "**" / "*.jpg"):
            with pytest.warns(ImageLoadingWarning, match="Left out 2 images below '.*picked':"):
                assert [Path(path) for path in find_images(source)] == [season / "a" / "1.jpg"]
        assert len(find_images(season / "picked")) == len(find_images(season / "picked" / "a")) == 2
        assert len(find_images(season / "picked" / "a" / "2.jpg")) == 1

    def test_a_glob_gives_its_matches(self, tmp_path: Path) -> None:
        """Patterns go through folders with two stars, and matching folders are walked."""
        touch(tmp_path / "a" / "1.jpg", tmp_path / "a" / "1.txt", tmp_path / "b" / "2.png")
        assert find_images(tmp_path / "**" / "*.jpg") == [str(tmp_path / "a" / "1.jpg")]
        assert find_images(tmp_path / "[ab]") == [
            str(tmp_path / "a" / "1.jpg"),
            str(tmp_path / "b" / "2.png"),
        ]

    def test_a_named_file_is_taken_whatever_it_is_called(self, tmp_path: Path) -> None:
        """Who names a file means it."""
        touch(tmp_path / "photo.dat")
        assert find_images(tmp_path / "photo.dat") == [str(tmp_path / "photo.dat")]

    def test_a_file_with_the_characters_of_a_glob_is_itself(self, tmp_path: Path) -> None:
        """What exists is not a pattern."""
        touch(tmp_path / "IMG[1].jpg", tmp_path / "IMG1.jpg")
        assert find_images(tmp_path / "IMG[1].jpg") == [str(tmp_path / "IMG[1].jpg")]

    def test_several_sources_give_each_path_once(self, tmp_path: Path) -> None:
        """Overlapping sources do not repeat."""
        touch(tmp_path / "a" / "1.jpg", tmp_path / "b" / "2.jpg")
        assert find_images(tmp_path / "b", tmp_path) == [
            str(tmp_path / "a" / "1.jpg"),
            str(tmp_path / "b" / "2.jpg"),
        ]

    def test_paths_start_as_the_source_was_spelt(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A relative source gives relative paths."""
        touch(tmp_path / "cam" / "1.jpg")
        monkeypatch.chdir(tmp_path)
        assert find_images("cam") == [os.path.join("cam", "1.jpg")]

    def test_a_source_that_names_nothing_is_refused(self) -> None:
        """The message repeats what was given."""
        with pytest.raises(InvalidParameterError, match="no file, folder or match for 'nowhere'"):
            find_images("nowhere")

    @pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
    @pytest.mark.skipif(
        hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read every folder"
    )
    def test_an_unreadable_folder_is_warned_of(self, tmp_path: Path) -> None:
        """The images that can be found are found."""
        touch(tmp_path / "a" / "1.jpg", tmp_path / "b" / "2.jpg")
        (tmp_path / "b").chmod(0)
        with pytest.warns(ImageLoadingWarning, match="cannot be read"):
            assert find_images(tmp_path) == [str(tmp_path / "a" / "1.jpg")]
        (tmp_path / "b").chmod(0o700)

    @pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
    def test_a_loop_of_links_ends(self, tmp_path: Path) -> None:
        """Links to folders are not followed."""
        touch(tmp_path / "1.jpg")
        (tmp_path / "again").symlink_to(tmp_path)
        assert find_images(tmp_path) == [str(tmp_path / "1.jpg")]

    def test_folders_within_one_another_have_no_limit_but_in_patterns(
        self, deep_path: Path
    ) -> None:
        """There the message says what to do instead."""
        image = deep_path.joinpath(*["d"] * 1200, "1.jpg")
        make_folders(os.fsencode(image.parent))
        image.touch()
        assert find_images(deep_path) == [str(image)]
        with pytest.raises(InvalidParameterError, match=r"more folders within .* Name the folder"):
            find_images(deep_path / "**" / "*.jpg")


class TestListItems:
    """list_items makes distinct items of what the caller names."""

    def test_paths_keep_their_spelling_and_place(self, tmp_path: Path) -> None:
        """Positions refer to the caller's list."""
        items = list_items([tmp_path / "b.jpg", str(tmp_path / "a.jpg")])
        assert items.paths == [str(tmp_path / "b.jpg"), str(tmp_path / "a.jpg")]
        assert items.positions is not None
        assert items.positions.tolist() == [0, 1]

    def test_two_spellings_of_one_path_are_one_item(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The first spelling counts."""
        monkeypatch.chdir(tmp_path)
        items = list_items(["./a.jpg", "b.jpg", str(tmp_path / "a.jpg"), "x/../a.jpg"])
        assert items.paths == ["./a.jpg", "b.jpg"]
        assert items.n_given == 4
        assert items.positions is not None
        assert items.positions.tolist() == [0, 1]

    def test_positions_are_the_first_of_each_path(self) -> None:
        """Paths that are given twice are counted, and taken once."""
        items = list_items(["/c.jpg", "/a.jpg", "/c.jpg", "/b.jpg", "/a.jpg"])
        assert items.paths == ["/c.jpg", "/a.jpg", "/b.jpg"]
        assert items.n_given == 5
        assert items.positions is not None
        assert items.positions.tolist() == [0, 1, 3]

    def test_any_iterable_will_do(self) -> None:
        """A generator is read once."""
        assert list_items(name for name in ("a.jpg", "b.jpg")).paths == ["a.jpg", "b.jpg"]

    def test_a_folder_has_no_positions(self, tmp_path: Path) -> None:
        """The caller gave no list to refer to."""
        touch(tmp_path / "a.jpg")
        assert list_items(tmp_path).positions is None

    def test_a_folder_without_images_is_warned_of(self, tmp_path: Path) -> None:
        """A wrong folder does not pass silently."""
        touch(tmp_path / "notes.txt")
        with pytest.warns(ImageLoadingWarning, match="leads to no images"):
            assert list_items(tmp_path).paths == []

    @pytest.mark.parametrize("wrong", [5, None, 1.5])
    def test_what_is_no_collection_is_refused(self, wrong: object) -> None:
        """The message says what was expected."""
        with pytest.raises(InvalidParameterError, match="must be given as a folder, a glob"):
            list_items(wrong)  # type: ignore[arg-type] # the point of the test

    @pytest.mark.parametrize("wrong", [["a.jpg", 5], ["a.jpg", None], ["a.jpg", b"b.jpg"]])
    def test_an_element_that_is_no_path_is_named(self, wrong: list[str]) -> None:
        """The message gives the place of the element."""
        with pytest.raises(InvalidParameterError, match="Element 1 of the paths"):
            list_items(wrong)


def test_no_file_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Listing and asking for times reads no file's content."""
    touch(tmp_path / "a.jpg")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr("builtins.open", refuse)
    items = list_items(tmp_path)
    stats = stat_files(items.keys)
    assert np.array_equal(stats.size_bytes, [0])


@pytest.mark.parametrize(
    ("source", "folder"),
    [
        ("season", "season"),
        ("season/cam_1/a.jpg", "season/cam_1"),
        ("season/*/a.jpg", "season"),
        ("season/**/*.jpg", "season"),
        ("season/x[1].jpg", "season"),
        ("season/cam_?", "season"),
        ("*.jpg", ""),
        ("a.jpg", ""),
    ],
)
def test_images_of_a_source_lie_in_or_below_its_fixed_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, folder: str
) -> None:
    """A name with the letters of a pattern is none where there is such a file."""
    (tmp_path / "season" / "cam_1").mkdir(parents=True)
    for name in ("season/x[1].jpg", "season/cam_1/a.jpg", "a.jpg"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    assert find_fixed_folder(source) == folder
