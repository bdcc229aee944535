"""Where the photos of documents lie."""

import os
from pathlib import Path

import pytest

from pictures import write_picture
from smartdownsample.items import compare_with_disk
from smartdownsample.items.document_paths import anchor_paths


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make photos below a folder, and work beside it."""
    for name in ("cam_1/a.jpg", "cam_1/b.jpg", "cam_2/c.jpg"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        write_picture(tmp_path / "photos" / name, seed=1)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path


NAMES = ["cam_1/a.jpg", "cam_1/b.jpg", "cam_2/c.jpg"]


def test_paths_count_from_where_most_of_them_are(tree: Path) -> None:
    """The first one may be missing, which the rule for lists would stumble over."""
    document = str(tree / "photos" / "results.json")
    spelt = ["gone.jpg", *NAMES]
    anchored = anchor_paths(spelt, document, None)
    assert anchored.paths == [str(tree / "photos" / name) for name in spelt]
    os.chdir(tree / "photos")
    assert anchor_paths(spelt, "../elsewhere/results.json", None).paths == spelt


@pytest.mark.parametrize("end", ["", os.sep])
def test_paths_of_a_package_count_from_its_folder(tree: Path, end: str) -> None:
    """Whether a slash ends its name or not."""
    anchored = anchor_paths(NAMES, f"{tree / 'photos'}{end}", None)
    assert anchored.paths == [str(tree / "photos" / name) for name in NAMES]


def test_paths_that_are_nowhere_count_from_the_working_folder(tree: Path) -> None:
    """As paths do that people name."""
    assert anchor_paths(["x.jpg"], str(tree / "results.json"), None).paths == ["x.jpg"]


@pytest.mark.parametrize(
    ("start", "n_dropped"),
    [("", 0), ("/mnt/disk/photos/", 3), ("D:/trial/", 1), ("old/", 1), ("./", 0)],
)
def test_leading_folders_of_another_machine_are_dropped(
    tree: Path, start: str, n_dropped: int
) -> None:
    """As few as lead to the photos, the same for all."""
    anchored = anchor_paths([start + name for name in NAMES], "r.json", str(tree / "photos"))
    assert [os.path.normpath(path) for path in anchored.paths] == [
        str(tree / "photos" / name) for name in NAMES
    ]
    assert anchored.n_dropped in {n_dropped, n_dropped + start.startswith("./")}


def test_absolute_paths_that_exist_stay_whatever_the_root_is(tree: Path) -> None:
    """They need none."""
    spelt = [str(tree / "photos" / name) for name in NAMES]
    assert anchor_paths(spelt, "r.json", str(tree / "elsewhere")).paths == spelt


def test_nothing_is_dropped_where_nothing_is_found(tree: Path) -> None:
    """So that the paths in the failures are those that people know."""
    anchored = anchor_paths(["p/x.jpg"], "r.json", str(tree / "photos"))
    assert (anchored.paths, anchored.n_dropped) == ([str(tree / "photos" / "p/x.jpg")], 0)


def test_a_path_of_very_many_folders_is_not_looked_for(tree: Path) -> None:
    """It leads nowhere, and each of its folders would be dropped in turn."""
    spelt = ["a/" * 1_000_000 + "x.jpg", "old/cam_1/a.jpg"]
    anchored = anchor_paths(spelt, "r.json", str(tree / "photos"))
    assert anchored.paths[1] == str(tree / "photos" / "cam_1/a.jpg")


@pytest.mark.skipif(os.sep != "/", reason="backslashes are separators here")
class TestBackslashes:
    """Documents that were written on Windows."""

    def test_they_are_separators_where_that_leads_to_a_photo(self, tree: Path) -> None:
        """Also behind a drive."""
        spelt = ["C:\\season\\" + name.replace("/", "\\") for name in NAMES]
        anchored = anchor_paths(spelt, "r.json", str(tree / "photos"))
        assert anchored.paths == [str(tree / "photos" / name) for name in NAMES]

    def test_they_are_letters_where_any_path_has_a_slash(self, tree: Path) -> None:
        """Names may have them on every system but Windows."""
        spelt = ["cam_1\\a.jpg", "cam_2/c.jpg"]
        anchored = anchor_paths(spelt, "r.json", str(tree / "photos"))
        assert anchored.paths[0] == str(tree / "photos") + "/cam_1\\a.jpg"

    def test_they_are_letters_where_nothing_is_found_either_way(self, tree: Path) -> None:
        """A guess would only hide what the document says."""
        anchored = anchor_paths(["x\\y.jpg"], "r.json", str(tree / "photos"))
        assert anchored.paths == [str(tree / "photos") + "/x\\y.jpg"]


def test_addresses_stay_as_they_are(tree: Path) -> None:
    """They are no paths."""
    address = "https://example.org/a.jpg"
    assert anchor_paths([address, *NAMES], "r.json", str(tree / "photos")).paths[0] == address


def test_photos_beside_the_named_ones_are_found(tree: Path) -> None:
    """Below the folder that all have in common; other files do not count."""
    photos = tree / "photos"
    (photos / "notes.txt").write_text("none", encoding="utf-8")
    paths = [str(photos / name) for name in ("cam_1/a.jpg", "cam_2/c.jpg")]
    assert compare_with_disk(paths) == ([], [str(photos / "cam_1/b.jpg")])
    assert compare_with_disk([str(photos / "cam_2/c.jpg")]) == ([], [])
    assert compare_with_disk([]) == ([], [])


def test_named_files_that_are_absent_are_found(tree: Path) -> None:
    """Each once, wherever it should be; what is on the web is not looked for, nor is no name."""
    gone = str(tree / "gone" / "a.jpg")
    there = [str(tree / "photos" / name) for name in ("cam_1/a.jpg", "cam_1/b.jpg", "cam_2/c.jpg")]
    (tree / "photos" / "clip.mp4").write_bytes(b"")
    others = ["https://example.org/a.jpg", "", str(tree / "photos" / "clip.mp4"), "nul\0.jpg"]
    absent, unnamed = compare_with_disk([gone, *there, gone, *others])
    assert (absent, unnamed) == ([gone, "nul\0.jpg"], [])
    os.chdir(tree / "photos" / "cam_1")
    assert compare_with_disk(["x.jpg"]) == (["x.jpg"], [])
