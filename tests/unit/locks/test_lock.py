"""Tests of smartdownsample.locks.lock, lock_content and lock_check, by what Python users call."""

import json
import os
import shutil
from pathlib import Path

import pytest

from pictures import write_collection, write_picture
from smartdownsample import (
    ImageIndex,
    InvalidParameterError,
    Lock,
    LockWarning,
    OutputError,
    Selection,
)
from smartdownsample.locks import lock_request

N_PHOTOS = 45


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write some photos, below the working folder."""
    monkeypatch.chdir(tmp_path)
    write_collection(tmp_path / "photos", N_PHOTOS)
    return tmp_path / "photos"


def select(photos: Path, n: int = 4) -> Selection:
    """Select some of the photos."""
    return ImageIndex.build(photos, cache=False).sample(n)


def test_a_selection_is_written_read_and_verified(photos: Path) -> None:
    """In three lines; what the lockfile names is what was selected."""
    selection = select(photos)
    selection.save_lock("picks.lock")
    lock = Lock.read("picks.lock")
    assert sorted(lock.list_paths()) == sorted(os.path.relpath(path) for path in selection.paths)
    assert len(lock) == 4
    assert repr(lock) == "<Lock of 4 picks in 1 round>"
    report = lock.verify(selection=selection)
    assert report.is_same
    assert (report.n_unchanged, report.n_touched) == (4, 0)
    assert report.collection is not None
    assert report.collection.n_present == N_PHOTOS


def test_only_what_is_known_is_told(photos: Path) -> None:
    """Without a selection there is nothing to compare the collection and the picks with."""
    select(photos).save_lock("picks.lock")
    report = Lock.read("picks.lock").verify()
    assert report.is_same
    assert (report.collection, report.picks) == (None, None)


def test_a_lockfile_beside_the_photos_leads_to_them(photos: Path, tmp_path: Path) -> None:
    """In whatever folder beside or below them, wherever it is used, and with no absolute path."""
    selection = select(photos)
    for place in ("here.lock", "a/b/far.lock", "photos/in.lock", "photos/a/b/deep.lock"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        selection.save_lock(tmp_path / place)
        assert str(tmp_path) not in (tmp_path / place).read_text()
        lock = Lock.read(tmp_path / place)
        assert lock.content.root == os.path.relpath(photos, (tmp_path / place).parent)
        assert lock.verify().is_same
    os.chdir(tmp_path / "a")
    assert Lock.read("b/far.lock").verify().is_same


@pytest.fixture
def foreign(photos: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work somewhere else than where the photos lie, which are in nobody's folder."""
    elsewhere = photos.parent / "elsewhere"
    (elsewhere / "work").mkdir(parents=True)
    monkeypatch.chdir(elsewhere / "work")
    monkeypatch.setenv("HOME", str(elsewhere))
    monkeypatch.setenv("USERPROFILE", str(elsewhere))
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    return elsewhere


def test_a_way_that_tells_about_the_machine_is_not_written(photos: Path, foreign: Path) -> None:
    """It is said at once, and what to name then."""
    selection = select(photos)
    with pytest.warns(LockWarning, match=r"does not say where .*--root.* root="):
        selection.save_lock("far.lock")
    text = Path("far.lock").read_text()
    assert json.loads(text)["root"] is None
    assert "photos" not in text
    lock = Lock.read("far.lock")
    with pytest.raises(InvalidParameterError, match="way there told about the machine"):
        lock.verify()
    assert lock.verify(photos).is_same
    assert lock.verify(selection=selection).is_same
    assert (foreign / "work" / "far.lock").exists()


@pytest.mark.parametrize("owner", ["home", "repository", "temporary", "relative root"])
def test_a_way_through_the_folders_of_the_user_is_written(
    owner: str, photos: Path, foreign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their names are the user's own; a relative path of the user tells as much."""
    top = photos.parent
    selection = select(photos)
    if owner == "home":
        monkeypatch.setenv("HOME", str(top))
        monkeypatch.setenv("USERPROFILE", str(top))
    elif owner == "repository":
        (top / ".git").mkdir()
    elif owner == "temporary":
        monkeypatch.setattr("tempfile.tempdir", str(top.parent))
    root = "../../photos" if owner == "relative root" else None
    selection.save_lock("near.lock", root=root)
    assert Lock.read("near.lock").content.root == "../../photos"
    assert Lock.read("near.lock").verify().is_same
    del foreign


def test_names_that_a_relative_path_of_photos_does_not_tell_are_not_written(
    photos: Path, foreign: Path
) -> None:
    """Those of the folders above the working folder, with a lockfile far away from it."""
    shutil.move(photos, "photos")
    (foreign.parent / "far").mkdir()
    with pytest.warns(LockWarning):
        ImageIndex.build("photos", cache=False).sample(4).save_lock("../../far/far.lock")
    assert Lock.read("../../far/far.lock").content.root is None


def test_a_way_that_a_symbolic_link_bends_is_not_written(
    photos: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """From the folder that a link leads to, ``..`` is another folder."""
    (tmp_path / "locks").symlink_to(tmp_path_factory.mktemp("apart"))
    with pytest.warns(LockWarning):
        select(photos).save_lock("locks/picks.lock")
    assert Lock.read("locks/picks.lock").content.root is None


def test_a_selection_says_where_the_images_lie_that_moved(photos: Path, tmp_path: Path) -> None:
    """Also where paths count from a folder above the deepest that the images have in common."""
    select(photos).save_lock("picks.lock", root=tmp_path)
    shutil.move(photos.parent / "photos", tmp_path / "there" / "photos")
    Path("apart").mkdir()
    Path("picks.lock").rename("apart/picks.lock")
    index = ImageIndex.build(tmp_path / "there", cache=False)
    report = Lock.read("apart/picks.lock").verify(selection=index.sample(4))
    assert (report.root, report.n_unchanged) == (str(tmp_path / "there"), 4)


def test_a_root_that_is_not_above_the_images_is_refused(photos: Path, tmp_path: Path) -> None:
    """Before anything is written; a folder above them all is as good as the deepest one."""
    selection = select(photos)
    with pytest.raises(InvalidParameterError, match="below the root of the lockfile"):
        selection.save_lock("picks.lock", root=tmp_path / "other")
    assert not Path("picks.lock").exists()
    selection.save_lock("picks.lock", root=tmp_path)
    assert all(pick.path.startswith("photos/") for pick in Lock.read("picks.lock").content.picks)
    assert Lock.read("picks.lock").verify().is_same


def test_a_selected_image_that_is_gone_is_not_locked(photos: Path) -> None:
    """There is nothing to tell it by."""
    selection = select(photos)
    os.unlink(selection.paths[0])
    with pytest.raises(OutputError, match="cannot be locked"):
        selection.save_lock("picks.lock")
    assert not Path("picks.lock").exists()


def test_swapped_images_have_moved(photos: Path) -> None:
    """Each is where the other was."""
    selection = select(photos)
    selection.save_lock("picks.lock")
    first, second = (Path(path) for path in sorted(selection.paths)[:2])
    first.rename(photos / "between")
    second.rename(first)
    (photos / "between").rename(second)
    names = [path.relative_to(photos).as_posix() for path in (first, second)]
    report = Lock.read("picks.lock").verify(photos)
    assert sorted(report.moved) == [(names[0], names[1]), (names[1], names[0])]
    assert report.n_unchanged == 2
    assert not report.changed


def test_a_moved_image_is_the_same_pick(photos: Path) -> None:
    """A folder with another name changes no pick."""
    selection = select(photos, N_PHOTOS)
    selection.save_lock("picks.lock", root=photos)
    folder = next(path for path in sorted(photos.iterdir()) if path.is_dir())
    n_images = len(list(folder.rglob("*.jpg")))
    folder.rename(folder.with_name("renamed"))
    report = Lock.read("picks.lock").verify(photos, selection=select(photos, N_PHOTOS))
    assert len(report.moved) == n_images
    assert report.picks is not None
    assert report.picks.is_same
    assert not report.is_same


def test_images_elsewhere_do_not_count(photos: Path, tmp_path: Path) -> None:
    """Such as those selected before in another folder: they are told as such, and no more."""
    write_picture(tmp_path / "before" / "labelled.jpg", 60)
    keep = [str(tmp_path / "before" / "labelled.jpg")]
    index = ImageIndex.build([*map(str, sorted(photos.rglob("*.jpg"))), *keep], cache=False)
    index.sample(4, keep=keep).save_lock("picks.lock")
    lock = Lock.read("picks.lock")
    assert sum(folder.n_images for folder in lock.content.folders) == N_PHOTOS
    assert [each.document for each in lock.content.keep or []] == ["before/labelled.jpg"]
    assert Path("picks.lock").read_text().count("labelled") == 1
    assert lock.verify().is_same
    shutil.rmtree(tmp_path / "before")
    report = lock.verify()
    assert (report.n_unchanged, report.documents) == (4, ("before/labelled.jpg",))


def test_relative_paths_of_another_working_folder_are_explained(photos: Path) -> None:
    """An index remembers the paths as they were given."""
    selection = ImageIndex.build("photos", cache=False).sample(1)
    os.chdir(photos)
    with pytest.raises(OutputError, match=r"working folder .*photos'.* path counts from"):
        selection.save_lock("picks.lock")


def test_a_fresh_seed_stands_in_the_lockfile(photos: Path) -> None:
    """So that the selection can be made again."""
    index = ImageIndex.build(photos, cache=False)
    selection = index.sample(4, random_seed=None)
    selection.save_lock("picks.lock")
    (told,) = Lock.read("picks.lock").content.rounds
    assert told.random_seed is not None
    again = index.sample(4, random_seed=told.random_seed)
    assert Lock.read("picks.lock").verify(selection=again).is_same


def test_what_was_asked_for_is_noted_where_it_can_stand_in_a_file(photos: Path) -> None:
    """Words and numbers; labels of images cannot, and then nothing is said of options."""
    index = ImageIndex.build(photos, cache=False)
    index.sample(6, groups="parent", balance=1, spread="visual").save_lock("words.lock")
    asked = Lock.read("words.lock").content.options
    assert asked is not None
    assert (asked["grouping"], asked["balance"], asked["spread"]) == ("parent", 1.0, "visual")
    assert (asked["hash_size"], asked["decode"]) == (8, "fast")
    with pytest.warns(LockWarning, match="neither verify nor --update .* labels of images"):
        index.sample(6, groups=["a"] * N_PHOTOS).save_lock("labels.lock")
    assert Lock.read("labels.lock").content.options is None
    assert Lock.read("labels.lock").verify().is_same


def test_a_folder_of_far_more_files_is_not_searched(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What listed images have in common may be the whole disk."""
    monkeypatch.setattr(lock_request, "_MOST_NAMED", 10)
    listed = sorted(map(str, photos.rglob("*.jpg")))
    ImageIndex.build(listed, cache=False).sample(4).save_lock("all.lock")
    assert [each.images for each in Lock.read("all.lock").content.sources or []] == ["."]
    monkeypatch.setattr(lock_request, "_MOST_OTHERS", -len(listed))
    with pytest.warns(LockWarning, match="what named the images"):
        ImageIndex.build(listed, cache=False).sample(4).save_lock("far.lock")
    assert Lock.read("far.lock").content.sources is None


def test_a_collection_that_nothing_named_is_said_not_to_be_known(
    photos: Path, tmp_path: Path
) -> None:
    """Such as what the store knows; all the more, what the lockfile is good for stays."""
    ImageIndex.build(photos, cache_dir=tmp_path / "cache")
    selection = ImageIndex.open(tmp_path / "cache", photos).sample(4)
    with pytest.warns(LockWarning, match="neither verify nor --update .* what named the images"):
        selection.save_lock("picks.lock")
    lock = Lock.read("picks.lock")
    assert (lock.content.sources, lock.verify().is_same) == (None, True)
