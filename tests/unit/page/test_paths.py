"""Tests of smartdownsample.page.paths."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from feature_tables import make_table
from smartdownsample import ImageIndex
from smartdownsample.page.paths import ShownPaths, show_paths
from smartdownsample.records import Cause, Failure, pack_paths


def show(
    paths: list[str], failures: tuple[str, ...] = (), *, absolute_paths: bool = False
) -> ShownPaths:
    """Show the paths of a collection whose groups are its folders."""
    failed = tuple(Failure(path, Cause.EMPTY) for path in failures)
    table = replace(make_table(len(paths)), paths=pack_paths(paths), failures=failed)
    selection = ImageIndex(table).sample(1, groups=[os.path.dirname(path) for path in paths])
    return show_paths(selection, absolute_paths=absolute_paths)


def test_absolute_paths_begin_with_the_folder_of_all() -> None:
    """Failures count and are shown in the same way, and so are groups."""
    shown = show(["/home/me/photos/a/1.jpg", "/home/me/photos/b/2.jpg"], ("/home/me/photos/3.jpg",))
    assert shown.images == ["photos/a/1.jpg", "photos/b/2.jpg"]
    assert shown.failures == ["photos/3.jpg"]
    assert shown.groups == ["photos/a", "photos/b"]
    assert show(["/home/me/photos/a/1.jpg"], ("/home/me/2.jpg",)).images == ["me/photos/a/1.jpg"]
    assert show(["/home/me/photos/a/1.jpg"]).images == ["a/1.jpg"]


def test_relative_paths_are_shown_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless they climb; then nothing shows from where."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert show(["photos/a/1.jpg", "./b..c/2.jpg", "3.jpg"]).images == [
        "photos/a/1.jpg",
        "./b..c/2.jpg",
        "3.jpg",
    ]
    climbing = show(["../photos/a/1.jpg", "photos/../../photos/2.jpg", "4.jpg"])
    assert climbing.images == ["photos/a/1.jpg", "photos/2.jpg", "4.jpg"]
    assert climbing.groups[1:] == ["photos/a", "photos"]


def test_folders_of_the_root_have_names_of_their_own() -> None:
    """What they have in common has none."""
    shown = show(
        ["/mnt/me/card/1.jpg", "/mnt/me/card/b/2.jpg", "/home/you/3.jpg", "/4.jpg", "//5.jpg"]
    )
    assert shown.images == ["card/1.jpg", "card/b/2.jpg", "you/3.jpg", "4.jpg", "5.jpg"]


@pytest.mark.parametrize("top", ["C:\\Users\\me", "C:/Users/me", "\\\\server\\share\\me"])
def test_drives_have_names_of_their_own(top: str) -> None:
    """Those of lists from Windows do so on every system."""
    paths = [top + r"\photos\a\1.jpg", top + r"\photos\b\2.jpg", r"D:\card\DCIM\3.jpg", r"E:\4.jpg"]
    assert show(paths).images == ["photos/a/1.jpg", "photos/b/2.jpg", "DCIM/3.jpg", "4.jpg"]


def test_groups_need_not_be_folders() -> None:
    """Folders above have their own name only; other names stay."""
    table = replace(make_table(3), paths=pack_paths([f"/home/me/photos/{i}.jpg" for i in range(3)]))
    for name, shown in (("/home/me", "me"), ("/data/x", "x"), ("a fox", "a fox"), ("a/b", "a/b")):
        selection = ImageIndex(table).sample(1, groups=[name] * 3)
        assert show_paths(selection, absolute_paths=False).groups == [shown]


def test_whole_paths_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However they were given; those of Windows stay as they are."""
    monkeypatch.chdir(tmp_path)
    paths = ["a/1.jpg", str(tmp_path / "b" / ".." / "2.jpg"), r"C:\c\3.jpg", "4.jpg"]
    shown = show(paths, ("",), absolute_paths=True)
    expected = [f"{tmp_path}/a/1.jpg", f"{tmp_path}/2.jpg", r"C:\c\3.jpg", f"{tmp_path}/4.jpg"]
    assert shown.images == expected


def test_folders_of_one_name_are_told_apart() -> None:
    """By as many of the folders above as it takes, for images as for groups."""
    shown = show(["/data/a/site/1.jpg", "/mnt/b/site/1.jpg", "/home/b/site/1.jpg"])
    assert shown.images == ["a/site/1.jpg", "mnt/b/site/1.jpg", "home/b/site/1.jpg"]
    assert sorted(shown.groups) == ["a/site", "home/b/site", "mnt/b/site"]
