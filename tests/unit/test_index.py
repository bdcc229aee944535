"""Tests of smartdownsample.index."""

import os
from pathlib import Path

import numpy as np
import pytest

from pictures import make_old, write_collection, write_picture
from smartdownsample import (
    DecodeError,
    Failure,
    ImageIndex,
    ImageLoadingWarning,
    InvalidParameterError,
    MissingImageError,
    ShortfallWarning,
    sample_diverse,
)
from smartdownsample.records import Cause


class TestBuild:
    """build gathers features from the store and from files."""

    def test_rows_are_in_natural_order(self, collection: list[str]) -> None:
        """Whatever the order of the input."""
        index = ImageIndex.build(reversed(collection))
        assert index.paths == collection
        assert index.table.indices.tolist() == list(range(len(collection)))[::-1]

    def test_only_new_and_changed_files_are_decoded(self, tmp_path: Path) -> None:
        """The first run decodes all, the second none, the third what changed."""
        paths = write_collection(tmp_path, 10)
        first, second = ImageIndex.build(paths), ImageIndex.build(paths)
        write_picture(Path(paths[3]), 100)
        os.utime(paths[3], ns=(1, 1))
        os.utime(paths[4], ns=(1, 1))  # the same picture, at another time
        third = ImageIndex.build(paths)
        assert [index.table.n_extracted for index in (first, second, third)] == [10, 0, 2]
        assert first.table.rows.tobytes() == second.table.rows.tobytes()
        is_same = (first.table.rows["dhash"] == third.table.rows["dhash"]).all(axis=1)
        assert np.flatnonzero(~is_same).tolist() == [3]

    def test_a_larger_collection_decodes_only_what_is_added(self, tmp_path: Path) -> None:
        """Features belong to files, not to collections."""
        paths = write_collection(tmp_path, 30)
        assert ImageIndex.build(paths[:20]).table.n_extracted == 20
        assert ImageIndex.build(tmp_path).table.n_extracted == 10

    def test_without_cache_everything_is_decoded_and_nothing_written(
        self, collection: list[str], cache_dir: Path
    ) -> None:
        """Nothing is read from the store either."""
        for _ in range(2):
            assert ImageIndex.build(collection, cache=False).table.n_extracted == 60
        assert list(cache_dir.iterdir()) == []

    def test_the_folder_of_the_store_can_be_given(
        self, collection: list[str], tmp_path: Path, cache_dir: Path
    ) -> None:
        """Several users may share one."""
        ImageIndex.build(collection, cache_dir=tmp_path / "new" / "store")
        assert list(cache_dir.iterdir()) == []
        again = ImageIndex.build(collection, cache_dir=str(tmp_path / "new" / "store"))
        assert again.table.n_extracted == 0

    def test_bad_files_are_listed_with_their_causes(self, tmp_path: Path) -> None:
        """In natural order, as the caller spelt them, cold and warm alike."""
        good = str(write_picture(tmp_path / "IMG_3.jpg", 1))
        (tmp_path / "IMG_2.jpg").write_text("text")
        (tmp_path / "IMG_10.jpg").touch()
        make_old(tmp_path / "IMG_2.jpg")
        make_old(tmp_path / "IMG_10.jpg")
        (tmp_path / "IMG_4.jpg").mkdir()
        names = ["IMG_10.jpg", "IMG_4.jpg", "IMG_1.jpg", "IMG_2.jpg"]
        given = [good, *(str(tmp_path / name) for name in names)]
        for _ in range(2):
            with pytest.warns(ImageLoadingWarning, match=r"^4 images could not be loaded"):
                index = ImageIndex.build(given)
            assert index.paths == [good]
            assert index.failures == (
                Failure(given[3], Cause.MISSING),
                Failure(given[4], Cause.TEXT),
                Failure(given[2], Cause.FOLDER),
                Failure(given[1], Cause.EMPTY),
            )
        assert index.table.n_extracted == 0

    def test_the_warning_counts_causes_and_names_the_first(self, tmp_path: Path) -> None:
        """One warning, however many files."""
        paths = [str(tmp_path / f"{i}.jpg") for i in range(3)]
        (tmp_path / "1.jpg").touch()
        with pytest.warns(ImageLoadingWarning) as caught:
            ImageIndex.build(paths)
        text = str(caught[0].message)
        assert len(caught) == 1
        assert f"File not found (2, first {paths[0]!r})" in text
        assert f"File is empty (1, first {paths[1]!r})" in text
        assert caught[0].filename == __file__

    def test_errors_can_end_the_call(self, tmp_path: Path) -> None:
        """A missing file is a FileNotFoundError with the published text."""
        good = str(write_picture(tmp_path / "a.jpg", 1))
        missing, text = str(tmp_path / "b.jpg"), tmp_path / "c.jpg"
        text.write_text("text")
        with pytest.raises(MissingImageError, match=f"^File not found: {missing}") as caught:
            ImageIndex.build([good, missing], image_loading_errors="raise")
        assert isinstance(caught.value, FileNotFoundError)
        assert "image_loading_errors='skip'" in str(caught.value)
        for _ in range(2):  # computed, then known
            with pytest.raises(DecodeError, match=f"^Not an image but text: {text}"):
                ImageIndex.build([good, text], image_loading_errors="raise")

    @pytest.mark.parametrize(
        ("parameter", "value", "expected"),
        [
            ("hash_size", 1, "from 2 to 32"),
            ("hash_size", 33, "from 2 to 32"),
            ("hash_size", 8.0, "must be an integer"),
            ("n_workers", 0, "at least 1"),
            ("n_workers", "4", "must be an integer"),
            ("image_loading_errors", "ignore", "'skip' or 'raise'"),
            ("truncated", "drop", "'keep' or 'skip' or 'raise'"),
            ("max_pixels", 0, "at least 1"),
            ("decode", "quick", "'fast' or 'exact'"),
            ("cache_dir", 5, "must be a folder's path"),
        ],
    )
    def test_wrong_parameters_are_refused_before_any_file_is_opened(
        self, parameter: str, value: object, expected: str
    ) -> None:
        """The message names the parameter, the value and what was expected."""
        with pytest.raises(InvalidParameterError, match=expected) as caught:
            ImageIndex.build(["missing.jpg"], **{parameter: value})  # type: ignore[arg-type]
        assert f"'{parameter}'" in str(caught.value)
        assert repr(value) in str(caught.value)

    @pytest.mark.parametrize("hash_size", [2, 3, 8, 15, 32])
    def test_every_allowed_hash_size_works(self, collection: list[str], hash_size: int) -> None:
        """The published package fails at 2."""
        index = ImageIndex.build(collection, hash_size=hash_size)
        assert len(index.sample(20)) == 20

    def test_truncated_images_are_used_left_out_or_raised(self, tmp_path: Path) -> None:
        """The store remembers one fact; the caller decides what to make of it."""
        good = write_picture(tmp_path / "a.jpg", 1, 640, 480)
        cut = tmp_path / "b.jpg"
        cut.write_bytes(good.read_bytes()[: int(0.7 * good.stat().st_size)])
        make_old(cut)
        for n_extracted in (2, 0):
            kept = ImageIndex.build([good, cut])
            assert (len(kept), kept.table.n_truncated) == (2, 1)
            assert kept.table.n_extracted == n_extracted
        with pytest.warns(ImageLoadingWarning, match="is truncated"):
            skipped = ImageIndex.build([good, cut], truncated="skip")
        assert skipped.failures == (Failure(str(cut), Cause.TRUNCATED),)
        assert len(skipped) == 1
        with pytest.raises(DecodeError, match=f"^Image file is truncated: {cut}"):
            ImageIndex.build([good, cut], truncated="raise")

    @pytest.mark.filterwarnings("ignore::smartdownsample.ImageLoadingWarning")
    def test_truncated_images_are_among_the_failures_in_natural_order(self, tmp_path: Path) -> None:
        """Between those that fail for other reasons."""
        data = Path(write_picture(tmp_path / "whole.jpg", 1, 400, 300)).read_bytes()
        names = ["cut_2.jpg", "text_3.jpg", "cut_10.jpg", "text_11.jpg"]
        for name in names:
            content = data[: len(data) * 3 // 4] if name.startswith("cut") else b"no image"
            (tmp_path / name).write_bytes(content)
        index = ImageIndex.build(tmp_path, truncated="skip")
        failed = [Path(failure.path).name for failure in index.failures]
        assert failed == ["cut_2.jpg", "cut_10.jpg", "text_3.jpg", "text_11.jpg"]
        assert [Path(path).name for path in index.paths] == ["whole.jpg"]

    def test_a_higher_limit_of_pixels_tries_large_images_again(self, tmp_path: Path) -> None:
        """And a lower one leaves no trace in the store."""
        path = write_picture(tmp_path / "a.jpg", 1, 640, 480)
        with pytest.warns(ImageLoadingWarning, match="too large"):
            assert len(ImageIndex.build([path], max_pixels=1000)) == 0
        assert len(ImageIndex.build([path])) == 1

    def test_a_limit_of_pixels_holds_for_known_images(self, tmp_path: Path) -> None:
        """What the store knows changes no result."""
        path = write_picture(tmp_path / "a.jpg", 1, 640, 480)
        assert len(ImageIndex.build([path], max_pixels=640 * 480)) == 1
        with pytest.warns(ImageLoadingWarning, match="too large"):
            index = ImageIndex.build([path], max_pixels=640 * 480 - 1)
        assert index.failures == ((str(path), Cause.TOO_LARGE),)

    def test_no_paths_are_an_empty_collection(self) -> None:
        """There is nothing to sample and nothing wrong."""
        index = ImageIndex.build([])
        assert len(index) == 0
        assert index.sample(5).paths == []

    def test_it_shows_what_it_holds(self, collection: list[str]) -> None:
        """Counts, not contents."""
        assert repr(ImageIndex.build(collection)).startswith("<ImageIndex of 60 images in ")


class TestSample:
    """sample selects from memory."""

    @pytest.mark.parametrize("target_count", [0, 1, 7, 59, 60, 61, 10_000])
    def test_exactly_as_many_as_asked_or_all(
        self, collection: list[str], index: ImageIndex, target_count: int
    ) -> None:
        """Distinct, from the collection, in natural order."""
        paths = index.sample(target_count).paths
        assert len(paths) == min(target_count, 60)
        assert paths == [path for path in collection if path in set(paths)]

    def test_no_file_is_touched(self, tmp_path: Path) -> None:
        """The photos may be unplugged after building."""
        paths = write_collection(tmp_path, 10)
        index = ImageIndex.build(paths)
        for path in paths:
            os.unlink(path)
        assert len(index.sample(5)) == 5

    def test_the_seed_decides(self, index: ImageIndex) -> None:
        """Same seed, same selection; another seed, another one."""
        selections = [index.sample(20, random_seed=seed).paths for seed in range(5)]
        assert selections[0] == index.sample(20, random_seed=0).paths
        assert len({tuple(paths) for paths in selections}) > 1

    @pytest.mark.parametrize("target_count", [-1, 2.5, "10", None, True])
    def test_a_wrong_count_is_refused(self, index: ImageIndex, target_count: int) -> None:
        """The message says what was expected."""
        with pytest.raises(InvalidParameterError, match="integer of at least 0"):
            index.sample(target_count)

    def test_a_fresh_seed_is_told_and_gives_the_same_again(self, index: ImageIndex) -> None:
        """Another one for each call; of a ranking as well."""
        drawn = [index.sample(20, random_seed=None) for _ in range(3)]
        assert len({selection.random_seed for selection in drawn}) == 3
        for selection in drawn:
            again = index.sample(20, random_seed=selection.random_seed)
            assert again.paths == selection.paths
        ranking = index.rank(9, random_seed=None)
        assert index.rank(9, random_seed=ranking.random_seed).paths == ranking.paths

    def test_a_wrong_seed_is_refused(self, index: ImageIndex) -> None:
        """The message says what was expected."""
        with pytest.raises(InvalidParameterError, match="'random_seed'"):
            index.sample(5, random_seed=-1)


class TestShortfall:
    """Where groups and sequences leave fewer images than asked for, a warning says so."""

    def test_it_is_warned_of(self, tmp_path: Path) -> None:
        """With both numbers; as many as there are need no warning, nor does a count of groups."""
        paths = write_collection(tmp_path, 12)
        index = ImageIndex.build(paths, cache=False)
        with pytest.warns(ShortfallWarning, match="Selected 3 images of the 9 asked for: groups"):
            assert len(index.sample(9, groups=["a"] * 12, per_group=3)) == 3
        with pytest.warns(ShortfallWarning, match="Selected 3 images of the 9"):
            sample_diverse(
                paths, 9, groups=["a"] * 12, per_group=3, cache=False, show_summary=False
            )
        assert len(index.sample(13)) == 12
        assert len(index.sample(groups=["a"] * 12, per_group=3)) == 3
        assert len(index.sample(9, keep=paths[:6])) == 6


class TestIndices:
    """The order of ``paths`` is not that of the caller's list."""

    def test_they_put_labels_in_the_order_of_paths(self, tmp_path: Path) -> None:
        """Also without those of images that could not be loaded."""
        paths = write_collection(tmp_path, 6)[::-1]
        (tmp_path / "bad.jpg").touch()
        with pytest.warns(ImageLoadingWarning):
            index = ImageIndex.build([*paths[:2], tmp_path / "bad.jpg", *paths[2:]], cache=False)
        labels = np.array([*paths[:2], "bad", *paths[2:]])
        assert labels[index.indices].tolist() == index.paths
        by_list = index.sample(3, groups=labels, balance=1)
        assert by_list == index.sample(3, groups={path: path for path in index.paths}, balance=1)


class TestExplain:
    """explain describes each selected image."""

    def test_each_selected_image_has_a_row(self, index: ImageIndex) -> None:
        """With columns that other tools read."""
        selection = index.sample(20, groups="parent")
        columns = ImageIndex.explain(selection).to_pydict()
        assert columns["path"] == selection.paths
        assert columns["group"] == [os.path.dirname(path) for path in selection.paths]
        assert sorted(columns["rank"]) == list(range(20))
        assert set(columns["nearest_path"]) <= set(selection.paths)

    def test_images_selected_before_may_be_the_nearest(self, tmp_path: Path) -> None:
        """They are no rows of the table."""
        paths = [str(write_picture(tmp_path / f"{name}.jpg", 1)) for name in ("a", "b")]
        index = ImageIndex.build(paths)
        columns = index.explain(index.sample(1, keep=paths[:1])).to_pydict()
        assert (columns["path"], columns["nearest_path"]) == (paths[1:], paths[:1])
        assert columns["distance"] == [0]

    def test_a_wrong_seed_is_refused(self, index: ImageIndex) -> None:
        """The message says what was expected."""
        selection = index.sample(5)
        with pytest.raises(InvalidParameterError, match="'random_seed'"):
            ImageIndex.explain(selection, random_seed=-1)


class TestMeasureCoverage:
    """measure_coverage tells how many images to select."""

    def test_the_suggestion_can_be_sampled(self, index: ImageIndex) -> None:
        """A selection of that size covers what the curve says it does, more or less."""
        coverage = index.measure_coverage()
        assert (coverage.counts[0], coverage.counts[-1]) == (1, 60)
        assert len(index.sample(coverage.suggested_count)) == coverage.suggested_count
        assert index.measure_coverage(10).counts[-1] == 10

    @pytest.mark.parametrize(
        ("parameter", "value"), [("limit", 0), ("limit", 2.5), ("random_seed", "x")]
    )
    def test_wrong_parameters_are_refused(
        self, index: ImageIndex, parameter: str, value: object
    ) -> None:
        """The message names the parameter."""
        with pytest.raises(InvalidParameterError, match=f"The '{parameter}' parameter must be an"):
            index.measure_coverage(**{parameter: value})  # type: ignore[arg-type]


class TestSplit:
    """split parts a selection by whole groups."""

    def test_folders_stay_whole(self, index: ImageIndex) -> None:
        """When nothing else is said; both sides together are the selection."""
        selection = index.sample(30)
        split = ImageIndex.split(selection)
        folders = [
            {os.path.dirname(path) for path in side.paths}
            for side in (split.train, split.validation)
        ]
        assert all(folders)
        assert not folders[0] & folders[1]
        assert sorted(split.train.paths + split.validation.paths) == sorted(selection.paths)

    def test_the_groups_of_the_selection_are_those_of_the_split(
        self, collection: list[str], index: ImageIndex
    ) -> None:
        """Unless others are given."""
        species = {path: f"species {row % 5}" for row, path in enumerate(collection)}
        selection = index.sample(50, groups=species)
        by_species = ImageIndex.split(selection, 0.2)
        assert [group.name for group in by_species.validation.groups if group.n_kept] in [
            [f"species {number}"] for number in range(5)
        ]
        by_image = ImageIndex.split(selection, 0.5, groups=list(range(60)))
        assert len(by_image.validation) == 25

    def test_the_share_and_the_seed_decide(self, index: ImageIndex) -> None:
        """Same seed, same split."""
        selection = index.sample(40)
        groups = list(range(60))
        splits = [
            ImageIndex.split(selection, share, groups=groups, random_seed=seed).validation
            for share, seed in ((0.1, 1), (0.1, 1), (0.1, 2), (0.6, 1))
        ]
        assert list(map(len, splits)) == [4, 4, 4, 24]
        assert splits[0].paths == splits[1].paths != splits[2].paths

    @pytest.mark.parametrize("validation", [-0.1, 20, "0.2", None, float("nan")])
    def test_a_share_that_is_none_is_refused(self, index: ImageIndex, validation: float) -> None:
        """Percents are not meant."""
        selection = index.sample(10)
        with pytest.raises(
            InvalidParameterError, match="'validation' parameter must be a number, from 0 to 1"
        ):
            ImageIndex.split(selection, validation)
