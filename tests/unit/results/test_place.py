"""Tests of smartdownsample.results.place and the plan that it follows."""

import ntpath
import os
import shutil
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pictures import write_collection
from smartdownsample import Cause, Failure, InvalidParameterError
from smartdownsample.errors import OutputError
from smartdownsample.items.given_images import list_items
from smartdownsample.options import How
from smartdownsample.results import Placed, file_copies, find_base, place_images
from smartdownsample.results.originals import find_originals, tell_end
from smartdownsample.results.placement_plan import (
    TargetState,
    compare_files,
    flatten,
    plan_placing,
    unflatten,
)
from smartdownsample.writing import make_folders

N_PHOTOS = 24
RECORD_NAME = ".smartdownsample.json"
HOWS: list[How] = ["copy", "hardlink", "symlink"]


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    """Write photos in two folders."""
    return write_collection(tmp_path / "photos", N_PHOTOS)


def list_files(folder: Path) -> list[str]:
    """List everything below a folder but folders and records."""
    found = (path for path in folder.rglob("*") if not path.is_dir())
    return sorted(path.relative_to(folder).as_posix() for path in found if path.name != RECORD_NAME)


def add_up(paths: list[str]) -> int:
    """Add up the sizes of files."""
    return sum(map(os.path.getsize, paths))


class TestPlaceImages:
    """place_images copies or links images and keeps their folders."""

    @pytest.mark.parametrize("how", HOWS)
    def test_images_are_placed_below_their_folders(
        self, photos: list[str], tmp_path: Path, how: How
    ) -> None:
        """The originals stay as they were; times are kept; a second call has nothing to do."""
        target = tmp_path / "a" / "b"
        before = [(os.stat(path).st_mtime_ns, Path(path).read_bytes()) for path in photos]
        placed = place_images(photos, target, how)
        assert placed == Placed(N_PHOTOS, 0, add_up(photos), ())
        names = [os.path.relpath(path, tmp_path / "photos") for path in photos]
        assert list_files(target) == sorted(names)
        for path, name, (mtime_ns, data) in zip(photos, names, before, strict=True):
            for file in (path, target / name):
                assert os.stat(file).st_mtime_ns == mtime_ns
                assert Path(file).read_bytes() == data
        assert place_images(photos, target, how) == Placed(0, N_PHOTOS, 0, ())

    def test_each_way_gives_what_it_says(self, photos: list[str], tmp_path: Path) -> None:
        """A file of its own, one more name, a link to the absolute path."""
        name = "IMG_1.jpg"
        for how in HOWS:
            place_images([os.path.relpath(photos[0])], tmp_path / how, how)
        assert not os.path.samefile(photos[0], tmp_path / "copy" / name)
        assert os.path.samefile(photos[0], tmp_path / "hardlink" / name)
        assert not os.path.islink(tmp_path / "hardlink" / name)
        assert os.readlink(tmp_path / "symlink" / name) == photos[0]

    def test_images_that_are_links_are_followed(self, photos: list[str], tmp_path: Path) -> None:
        """A copy or a hard link is of the photo, not of the link."""
        links = tmp_path / "links"
        links.mkdir()
        (links / "link.jpg").symlink_to(photos[0])
        for how in ("copy", "hardlink"):
            target = tmp_path / how / "link.jpg"
            assert place_images([links / "link.jpg"], tmp_path / how, how).n_new == 1
            assert not target.is_symlink()
            assert os.path.samefile(target, photos[0]) is (how == "hardlink")
            assert place_images([links / "link.jpg"], tmp_path / how, how).n_there == 1

    def test_a_base_decides_which_folders_are_kept(self, photos: list[str], tmp_path: Path) -> None:
        """With one, selections from different folders go together."""
        for some in (photos[:2], photos[-2:]):
            place_images(some, tmp_path / "out", "copy", base=tmp_path, add=True)
        assert list_files(tmp_path / "out") == [
            *("photos/site_1/IMG_1.jpg", "photos/site_1/IMG_2.jpg"),
            *("photos/site_2/IMG_3.jpg", "photos/site_2/IMG_4.jpg"),
        ]

    def test_an_image_outside_of_the_base_is_refused(
        self, photos: list[str], tmp_path: Path
    ) -> None:
        """Nothing climbs out of the destination, and nothing is made."""
        with pytest.raises(InvalidParameterError, match=r"below the base.*site_2"):
            place_images(photos, tmp_path / "out", "copy", base=tmp_path / "photos" / "site_1")
        assert not (tmp_path / "out").exists()

    def test_an_unknown_way_is_refused(self, photos: list[str], tmp_path: Path) -> None:
        """The message names those there are."""
        with pytest.raises(InvalidParameterError, match="'copy' or 'hardlink' or 'symlink'"):
            place_images(photos, tmp_path / "out", "move")  # type: ignore[arg-type] # the subject
        assert not (tmp_path / "out").exists()

    def test_a_manifest_that_is_no_path_is_refused(self, photos: list[str], tmp_path: Path) -> None:
        """Before anything is placed."""
        with pytest.raises(InvalidParameterError, match="The 'manifest' parameter must be a str"):
            place_images(photos, tmp_path / "out", "copy", manifest=5)  # type: ignore[arg-type] # the subject
        assert not (tmp_path / "out").exists()

    def test_equal_names_in_different_folders_never_meet(self, tmp_path: Path) -> None:
        """Different paths below a base are different paths below the destination."""
        paths = []
        for folder in ("a", "a/b", "b", "b/a", "a b", "a_b", ""):
            (tmp_path / "in" / folder).mkdir(parents=True, exist_ok=True)
            paths.append(tmp_path / "in" / folder / "IMG.jpg")
            paths[-1].write_text(folder)
        for base in (None, tmp_path / "in", tmp_path):
            target = tmp_path / f"out {base and base.name}"
            assert place_images(paths, target, "copy", base=base).n_new == len(paths)
            assert len(list_files(target)) == len(paths)
            contents = {(target / name).read_text() for name in list_files(target)}
            assert len(contents) == len(paths)

    def test_a_path_given_twice_is_placed_once(self, photos: list[str], tmp_path: Path) -> None:
        """However it is spelt."""
        again = os.path.join(os.path.dirname(photos[0]), ".", "IMG_1.jpg")
        placed = place_images([photos[0], again, photos[0]], tmp_path / "out", "copy")
        assert (placed.n_new, placed.n_there) == (1, 0)

    def test_no_images_are_no_error(self, tmp_path: Path) -> None:
        """The folder is there afterwards."""
        assert place_images([], tmp_path / "out", "copy") == Placed(0, 0, 0, ())
        assert (tmp_path / "out").is_dir()

    def test_names_that_are_no_unicode_are_kept(self, tmp_path: Path) -> None:
        """The bytes of the copy's name are those of the original's."""
        (tmp_path / "in").mkdir()
        source = os.path.join(os.fsencode(tmp_path), b"in", b"caf\xe9.jpg")
        Path(os.fsdecode(source)).write_bytes(b"data")
        assert place_images([os.fsdecode(source)], tmp_path / "out", "copy").n_new == 1
        assert (tmp_path / "out" / os.fsdecode(b"caf\xe9.jpg")).read_bytes() == b"data"

    def test_progress_is_told_after_each_image(self, photos: list[str], tmp_path: Path) -> None:
        """Of those that were not there."""
        told: list[tuple[int, int]] = []
        place_images(photos[:4], tmp_path / "out", "copy", base=tmp_path / "photos")
        place_images(
            photos[:9],
            tmp_path / "out",
            "copy",
            base=tmp_path / "photos",
            on_progress=lambda n_done, n_all: told.append((n_done, n_all)),
        )
        assert told == [(n_done, 5) for n_done in range(1, 6)]


class TestFlat:
    """Labelling tools want all images in one folder."""

    @pytest.mark.parametrize("how", HOWS)
    def test_names_tell_the_folders(self, photos: list[str], tmp_path: Path, how: How) -> None:
        """None meets another; a second call has nothing to do; keep finds the photos again."""
        target = tmp_path / "flat"
        placed = place_images(photos, target, how, flat=True)
        assert placed == Placed(N_PHOTOS, 0, add_up(photos), ())
        relative = [os.path.relpath(path, tmp_path / "photos") for path in photos]
        names = [os.fsdecode(flatten(os.fsencode(path))) for path in relative]
        assert list_files(target) == sorted(names)
        assert all("/" not in name for name in names)
        assert [os.fsdecode(unflatten(os.fsencode(name))) for name in names] == relative
        assert place_images(photos, target, how, flat=True).n_there == N_PHOTOS
        copies = [str(target / name) for name in names]
        assert find_originals(copies, photos) == photos

    def test_a_name_alone_is_no_proof(self, tmp_path: Path) -> None:
        """A file of an equal name and size is no copy, unless its contents are the photo's."""
        photo, copy = tmp_path / "site" / "1.jpg", tmp_path / "labels" / "site--1.jpg"
        for path in (photo, copy):
            path.parent.mkdir()
        photo.write_bytes(b"a fox")
        for content, found in ((b"a cow", copy), (b"a fox", photo)):
            copy.write_bytes(content)
            assert find_originals([str(copy)], [str(photo)]) == [str(found)]

    def test_photos_have_the_separators_of_their_system(self) -> None:
        """Those of Windows are no slashes; names that tell no folder say nothing."""
        assert tell_end(b"site--cam--1.jpg", b"\\") == b"\\site\\cam\\1.jpg"
        assert tell_end(b"site--1.jpg", b"/") == b"/site/1.jpg"
        assert tell_end(b"cam-1.jpg", b"/") is None

    def test_names_that_no_file_can_have_end_the_call(self, tmp_path: Path) -> None:
        """Before anything is placed; 255 bytes still fit."""
        folder = tmp_path / "photos" / ("a" * 120) / ("b" * 120)
        folder.mkdir(parents=True)
        short, long = folder / f"{'c' * 7}.jpg", folder / f"{'c' * 8}.jpg"
        for path in (short, long):
            path.write_bytes(b"a fox")
        base, target = tmp_path / "photos", tmp_path / "flat"
        message = r"at most 255 bytes\. .* in 256\. Nothing was placed\. Leave out flat \(--flat\)"
        with pytest.raises(InvalidParameterError, match=message):
            place_images([short, long], target, "copy", base=base, flat=True)
        assert not target.exists()
        assert place_images([short], target, "copy", base=base, flat=True).n_new == 1
        assert place_images([long], tmp_path / "out", "copy", base=base).n_new == 1

    @given(st.lists(st.text("-=/a", min_size=1), min_size=1))
    def test_each_path_has_a_name_of_its_own(self, paths: list[str]) -> None:
        """Whatever dashes there are in folders and names."""
        names = [flatten(os.fsencode(path)) for path in paths]
        assert [os.fsdecode(unflatten(name)) for name in names] == paths
        assert not any(b"/" in name for name in names)

    def test_what_is_neither_on_nor_off_is_refused(self, photos: list[str], tmp_path: Path) -> None:
        """As other flags are."""
        with pytest.raises(InvalidParameterError, match="'flat' parameter must be True or False"):
            place_images(photos, tmp_path / "flat", "copy", flat="yes")  # type: ignore[arg-type] # what is tested


class TestDifferences:
    """What stands in the place of an image is never overwritten."""

    @pytest.mark.parametrize("how", HOWS)
    @pytest.mark.parametrize("obstacle", ["same size", "longer", "folder", "dead link", "link"])
    def test_something_else_in_the_way_ends_the_call(
        self,
        photos: list[str],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        obstacle: str,
        how: How,
    ) -> None:
        """Before anything is placed; the message counts, and names the first."""
        target = tmp_path / "out" / "site_1" / "IMG_7.jpg"
        target.parent.mkdir(parents=True)
        data = Path(photos[6]).read_bytes()
        # What is longer is not read.
        monkeypatch.setattr(file_copies, "_COMPARED_BYTES", len(data))
        if obstacle == "folder":
            target.mkdir()
        elif "link" in obstacle:
            target.symlink_to(photos[3] if obstacle == "link" else "nowhere")
        else:
            target.write_bytes(data[:-1] + b"?" if obstacle == "same size" else data + b"?")
        before = os.lstat(target)
        with pytest.raises(OutputError, match=r"of 1 of 24 images.*IMG_7.*Nothing was placed"):
            place_images(photos, tmp_path / "out", how)
        assert sorted(os.listdir(tmp_path / "out")) == ["site_1"]
        assert os.listdir(target.parent) == ["IMG_7.jpg"]
        assert os.lstat(target).st_mtime_ns == before.st_mtime_ns

    @pytest.mark.parametrize("how", get_args(How))
    def test_files_are_compared_by_what_each_way_would_give(
        self, photos: list[str], tmp_path: Path, how: How
    ) -> None:
        """Content for copies, identity for hard links, the file they lead to for others."""
        copy, name, link = (tmp_path / kind for kind in ("copy", "name", "link"))
        shutil.copy(photos[0], copy)
        os.link(photos[0], name)
        link.symlink_to(photos[0])
        same = {"copy": {copy, name}, "hardlink": {name}}
        for target in (copy, name, link):
            state = compare_files(os.fsencode(photos[0]), os.fsencode(target), how)
            assert (state is TargetState.SAME) is (target in same.get(how, {link}))
            assert state is not TargetState.NEW
        nowhere = os.fsencode(tmp_path / "nowhere")
        assert compare_files(os.fsencode(photos[0]), nowhere, how) is TargetState.NEW

    def test_a_plan_changes_nothing(self, photos: list[str], tmp_path: Path) -> None:
        """It says for each image what stands in its place."""
        (tmp_path / "out" / "site_1").mkdir(parents=True)
        (tmp_path / "out" / "site_1" / "IMG_2.jpg").write_text("mine")
        shutil.copy(photos[2], tmp_path / "out" / "site_1" / "IMG_3.jpg")
        before = list_files(tmp_path)
        items = list_items([*photos[:3], "gone.jpg"])
        base = find_base(items.keys[:-1])
        plan = plan_placing(items, os.fsencode(tmp_path / "out/site_1"), base, "copy")
        assert [each.state for each in plan.placements] == [
            TargetState.NEW,
            TargetState.DIFFERENT,
            TargetState.SAME,
        ]
        assert plan.failures == [Failure("gone.jpg", Cause.MISSING)]
        assert list_files(tmp_path) == before

    def test_copying_a_folder_onto_itself_finds_all_there(
        self, photos: list[str], tmp_path: Path
    ) -> None:
        """No image is harmed."""
        placed = place_images(photos, tmp_path / "photos", "copy")
        assert (placed.n_new, placed.n_there) == (0, N_PHOTOS)
        assert add_up(photos) > 0

    def test_no_link_leads_out_of_the_destination(self, photos: list[str], tmp_path: Path) -> None:
        """Nothing is placed then, neither through the link nor beside it."""
        out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
        out.mkdir()
        elsewhere.mkdir()
        (out / "site_2").symlink_to(elsewhere)
        for how in HOWS:
            with pytest.raises(
                OutputError, match=r"site_2' is a link to .*elsewhere', which is ou"
            ):
                place_images(photos, out, how)
        assert list_files(elsewhere) == []
        assert os.listdir(out) == ["site_2"]

    def test_links_within_the_destination_and_to_it_are_followed(
        self, photos: list[str], tmp_path: Path
    ) -> None:
        """They lead to where copies are wanted."""
        (tmp_path / "real" / "large").mkdir(parents=True)
        (tmp_path / "real" / "site_2").symlink_to("large")
        (tmp_path / "out").symlink_to("real")
        assert place_images(photos, tmp_path / "out", "copy").n_new == N_PHOTOS
        assert len(list((tmp_path / "real" / "large").iterdir())) == 4
        assert place_images(photos, tmp_path / "out", "copy").n_there == N_PHOTOS

    def test_a_thousand_folders_within_one_another_are_made(self, deep_path: Path) -> None:
        """More than functions may call each other."""
        source = deep_path.joinpath("in", *["d"] * 1200, "a.jpg")
        make_folders(os.fsencode(source.parent))
        source.write_bytes(b"data")
        out = deep_path / "out"
        assert place_images([source], out, "copy", base=deep_path / "in").n_new == 1
        assert out.joinpath(*["d"] * 1200, "a.jpg").read_bytes() == b"data"
        assert place_images([source], out, "copy", base=deep_path / "in").n_there == 1


class TestOtherSelections:
    """A destination that holds another selection is not added to by mistake."""

    def test_what_is_there_is_counted_and_told_by_its_manifest(
        self, photos: list[str], tmp_path: Path
    ) -> None:
        """Nothing is placed; `add` places it."""
        out, base = tmp_path / "out", tmp_path / "photos"
        place_images(photos[:6], out, "copy", base=base, manifest=tmp_path / "deep" / "run.json")
        expected = (
            r"out' already holds 4 images not among the 5 of this selection\. "
            r"Placed there before: 6 of 'run.json'\. Nothing was placed.*add=True.*--add"
        )
        with pytest.raises(OutputError, match=expected):
            place_images(photos[4:9], out, "copy", base=base)
        assert len(list_files(out)) == 6
        assert place_images(photos[4:9], out, "copy", base=base, add=True) == Placed(
            3, 2, add_up(photos[6:9]), ()
        )
        expected = r"holds 7 images.*6 of 'run.json', 5 of a selection without a manifest\. Nothing"
        with pytest.raises(OutputError, match=expected):
            place_images(photos[7:10], out, "copy", base=base)

    def test_the_same_selection_or_a_larger_one_goes_on(
        self, photos: list[str], tmp_path: Path
    ) -> None:
        """After others were added, and when some of its images are gone, it is known again."""
        out, base = tmp_path / "out", tmp_path / "photos"
        place_images(photos[:6], out, "copy", base=base)
        place_images(photos[6:9], out, "copy", base=base, add=True)
        os.unlink(out / "site_1" / "IMG_8.jpg")
        os.unlink(photos[6])
        placed = place_images(reversed(photos[6:9]), out, "copy", base=base)
        assert (placed.n_new, placed.n_there, len(placed.failures)) == (1, 1, 1)
        assert place_images(photos, out, "copy", base=base).n_there == 8

    @pytest.mark.parametrize("how", HOWS)
    def test_images_of_unknown_origin_count(
        self, photos: list[str], tmp_path: Path, how: How
    ) -> None:
        """In any folder of the destination, also links; no other files, and no hidden ones."""
        out = tmp_path / "out"
        (out / "mine").mkdir(parents=True)
        for name in ("notes.txt", ".hidden.jpg", "mine/a.JPG"):
            (out / name).touch()
        (out / "mine" / "b.png").symlink_to("nowhere")
        (out / "loop").symlink_to(out)
        with pytest.raises(OutputError, match=r"holds 2 images .* this selection\. Nothing was"):
            place_images(photos, out, how)
        assert place_images([], out, how) == Placed(0, 0, 0, ())
        assert place_images(photos, out, how, add=True).n_new == N_PHOTOS
        assert place_images(photos, out, how).n_there == N_PHOTOS

    def test_a_folder_that_was_emptied_is_a_new_one(
        self, photos: list[str], tmp_path: Path
    ) -> None:
        """The record, which is hidden, may have stayed."""
        out, base = tmp_path / "out", tmp_path / "photos"
        place_images(photos[:6], out, "copy", base=base, manifest="run.json")
        shutil.rmtree(out / "site_1")
        place_images(photos[3:8], out, "copy", base=base)
        with pytest.raises(OutputError, match="before: 5 of a selection without a manifest"):
            place_images(photos[:6], out, "copy", base=base)

    def test_long_records_are_told_in_short(self, photos: list[str], tmp_path: Path) -> None:
        """Some of the selections, and how many more there are."""
        for i in range(5):
            place_images(photos[i : i + 1], tmp_path / "out", "copy", add=True)
        with pytest.raises(OutputError, match=r"(1 of a sel[a-z ]*, ){2}1 of [a-z ]* and 2 more\."):
            place_images(photos[9:10], tmp_path / "out", "copy")


class TestFindBase:
    """find_base gives the longest folder above all images."""

    @pytest.mark.parametrize(
        ("keys", "base"),
        [
            ([b"/a/b/1.jpg", b"/a/c/1.jpg"], b"/a"),
            ([b"/a/b/1.jpg", b"/a/b/c/1.jpg", b""], b"/a/b"),
            ([b"/a/b/1.jpg"], b"/a/b"),
            ([b"/a/bc/1.jpg", b"/a/bd/1.jpg"], b"/a"),
            ([b"/1.jpg", b"/a/1.jpg"], b"/"),
            ([b""], b""),
            ([], b""),
        ],
    )
    @pytest.mark.skipif(os.name != "posix", reason="paths as on Linux")
    def test_it_is_the_longest_one(self, keys: list[bytes], base: bytes) -> None:
        """Whole names count; paths that are none do not."""
        assert find_base(keys) == base

    def test_without_one_the_drives_are_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As on Windows."""
        for name in ("dirname", "commonpath", "splitdrive"):
            monkeypatch.setattr(os.path, name, getattr(ntpath, name))
        with pytest.raises(InvalidParameterError, match=r"they are on c:, d:"):
            find_base([b"c:\\a\\1.jpg", b"d:\\a\\1.jpg"])
