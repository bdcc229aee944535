"""Tests of smartdownsample.locks.lock, lock_content and lock_check, by what Python users call."""

import json
import os
import shutil
from pathlib import Path

import pytest

from pictures import write_collection, write_picture
from smartdownsample import ImageIndex, InvalidParameterError, Lock, OutputError, Selection

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


def test_nothing_of_the_machine_is_written(photos: Path, tmp_path: Path) -> None:
    """The root only as a path from the lockfile on; with a lockfile elsewhere, none."""
    selection = select(photos)
    (tmp_path / "a" / "b").mkdir(parents=True)
    selection.save_lock(tmp_path / "here.lock")
    selection.save_lock(tmp_path / "a" / "b" / "far.lock")
    assert json.loads((tmp_path / "here.lock").read_text())["root"] == "photos"
    text = (tmp_path / "a" / "b" / "far.lock").read_text()
    assert json.loads(text)["root"] is None
    assert str(tmp_path) not in text
    lock = Lock.read(tmp_path / "a" / "b" / "far.lock")
    with pytest.raises(InvalidParameterError, match="does not say where its images lie"):
        lock.verify()
    assert lock.verify(photos).is_same


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
    """Such as those selected before in another folder: there are none of them in the file."""
    write_picture(tmp_path / "before" / "labelled.jpg", 60)
    keep = [str(tmp_path / "before" / "labelled.jpg")]
    index = ImageIndex.build([*map(str, sorted(photos.rglob("*.jpg"))), *keep], cache=False)
    index.sample(4, keep=keep).save_lock("picks.lock")
    lock = Lock.read("picks.lock")
    assert sum(folder.n_images for folder in lock.content.folders) == N_PHOTOS
    assert "labelled" not in Path("picks.lock").read_text()
    shutil.rmtree(tmp_path / "before")
    assert lock.verify().is_same
