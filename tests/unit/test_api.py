"""Tests of smartdownsample.api."""

import inspect
import os
import re
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

import smartdownsample
from pictures import write_collection, write_picture
from smartdownsample import (
    ImageIndex,
    ImageLoadingWarning,
    InvalidParameterError,
    Lock,
    OutputError,
    count_previews,
    find_images,
    inspect_index,
    sample_diverse,
    write_selection,
)
from smartdownsample.items.local_files import LocalFiles

PUBLISHED = {
    "image_paths": inspect.Parameter.empty,
    "target_count": inspect.Parameter.empty,
    "hash_size": 8,
    "n_workers": None,
    "show_progress": True,
    "random_seed": 42,
    "show_summary": True,
    "show_distribution": False,
    "show_thumbnails": False,
}


def sample(paths: Any, n: int, **options: Any) -> list[Any]:
    """Sample without anything printed."""
    return sample_diverse(paths, n, show_progress=False, show_summary=False, **options)


@pytest.mark.parametrize(("shown", "is_drawn"), [(True, True), (None, False), (False, False)])
def test_bars_are_drawn_into_logs_unless_left_to_those_who_watch(
    shown: bool | None,  # noqa: FBT001 # a case
    is_drawn: bool,  # noqa: FBT001 # what comes of it
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As in the published package; None is as in `ImageIndex.build`."""
    paths = write_collection(tmp_path, 3)
    sample_diverse(paths, 2, show_progress=shown, show_summary=False, cache=False)
    assert ("Decoding" in capsys.readouterr().err) is is_drawn


def test_the_published_signature_is_kept() -> None:
    """Names, order and defaults of 1.8.4 come first; everything else is by keyword."""
    parameters = inspect.signature(sample_diverse).parameters.values()
    by_position = {
        parameter.name: parameter.default
        for parameter in parameters
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    }
    assert by_position == PUBLISHED
    assert list(by_position) == list(PUBLISHED)
    assert {parameter.name for parameter in parameters} - set(by_position) == {
        "save_distribution",
        "save_thumbnails",
        "image_loading_errors",
        "return_indices",
        "truncated",
        "max_pixels",
        "decode",
        "cache",
        "cache_dir",
        "whole_seconds",
        "spread",
        "quotas",
        "groups",
        "per_group",
        "balance",
        "keep",
        "max_per_sequence",
        "sequence_gap_s",
        "skip_flat",
    }


def test_the_result_is_a_plain_list_in_natural_order_as_spelt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths come back as strings, each as the caller gave it."""
    write_collection(tmp_path, 12)
    monkeypatch.chdir(tmp_path)
    given = [Path("site_1") / f"IMG_{i}.jpg" for i in range(12, 0, -1)]
    result = sample(given, 5)
    assert type(result) is list
    assert all(type(path) is str for path in result)
    numbers = [int(Path(path).stem.removeprefix("IMG_")) for path in result]
    assert numbers == sorted(numbers)
    assert set(result) < {str(path) for path in given}


def test_it_is_one_line_over_the_index(collection: list[str]) -> None:
    """Both ways give the same selection."""
    expected = ImageIndex.build(collection).sample(20, random_seed=7).paths
    assert sample(collection, 20, random_seed=7) == expected


def test_a_folder_is_a_collection(tmp_path: Path) -> None:
    """No list has to be made first."""
    paths = write_collection(tmp_path, 12)
    assert sample(tmp_path, 12) == paths
    assert sample(str(tmp_path), 100, return_indices=True) == list(range(12))


def test_repeated_paths_are_one_image(collection: list[str]) -> None:
    """A list that names everything twice has as many images as before."""
    assert sample(collection * 2, 100) == collection


class TestEdges:
    """Odd requests have defined answers."""

    def test_a_negative_count_is_refused(self) -> None:
        """Before any file is opened."""
        with pytest.raises(InvalidParameterError, match=r"'target_count'.*Got -1"):
            sample(["missing.jpg"], -1)

    def test_all_asked_still_checks_every_file(self, tmp_path: Path) -> None:
        """The published package returns missing files here."""
        paths = [*write_collection(tmp_path, 3), str(tmp_path / "missing.jpg")]
        with pytest.warns(ImageLoadingWarning, match="File not found"):
            assert sample(paths, 4) == paths[:3]

    def test_a_folder_called_like_an_image_is_none(self, tmp_path: Path) -> None:
        """It is reported, not searched."""
        good = str(write_picture(tmp_path / "a.jpg" / "a.jpg", 1))
        with pytest.warns(ImageLoadingWarning, match="Is a folder, not an image"):
            assert sample([good, str(tmp_path / "a.jpg")], 2) == [good]

    def test_a_figure_that_cannot_be_saved_is_refused_before_any_work(self) -> None:
        """An extension that names no format is noticed before hours of decoding."""
        with pytest.raises(InvalidParameterError, match="name of a figure must end in"):
            sample(["missing.jpg"], 1, save_distribution="chart.xyz")


class TestChecks:
    """What can be known to be wrong without opening an image is said before one is opened."""

    @pytest.fixture(autouse=True)
    def refuse_to_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let no image be opened."""

        def refuse(_: LocalFiles, location: str, *_bounds: int) -> NoReturn:
            raise AssertionError(location)

        monkeypatch.setattr(LocalFiles, "read", refuse)

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            (
                {"groups": ["fox"] * 3},
                "a label for each of the images given, 60. Got 3",
            ),
            ({"groups": {"1.jpg": "fox"}}, "a label for every image. Got none for 60 of 60"),
            ({"groups": [None] * 60}, "a label for every image. Got none for all"),
            ({"groups": "cameras"}, "must be 'parent', 'regex:'"),
            ({"groups": "parent", "per_group": {"a": 3}}, "must name groups that have images"),
            ({"groups": "parent", "per_group": -1}, "'per_group' parameter must be an integer"),
            ({"keep": [3.5]}, "An element of 'keep' must be a str"),
            ({"cache_dir": 3}, "'cache_dir' parameter must be a folder's path"),
        ],
    )
    def test_groups_and_earlier_images_are_checked(
        self, collection: list[str], options: dict[str, Any], expected: str
    ) -> None:
        """Decoding may take hours."""
        with pytest.raises(InvalidParameterError, match=re.escape(expected)):
            sample(collection, 5, **options)

    def test_the_labels_of_a_folder_are_counted(self, collection: list[str]) -> None:
        """As those of a list are."""
        folder = os.path.commonpath(collection)
        with pytest.raises(InvalidParameterError, match=r"60\. Got 59 labels"):
            sample(folder, 5, groups=["fox"] * 59)

    def test_a_figure_that_cannot_be_put_there_is_refused(self, tmp_path: Path) -> None:
        """Where a folder stands, or something that is no folder lies above."""
        paths = write_collection(tmp_path, 3)
        (tmp_path / "folder.png").mkdir()
        with pytest.raises(OutputError, match="a folder stands there"):
            sample(paths, 2, save_thumbnails=tmp_path / "folder.png")
        with pytest.raises(OutputError, match=r"IMG_1.jpg' is no folder"):
            sample(paths, 2, save_distribution=Path(paths[0]) / "below" / "chart.png")

    def test_a_keyword_that_there_is_not_is_pythons_error(self, collection: list[str]) -> None:
        """As of any other function."""
        with pytest.raises(TypeError, match=r"sample_diverse\(\).*unexpected.*'sped'"):
            sample(collection, 5, sped=1)


class TestEarlierImages:
    """Images selected before need not be among those that are sampled."""

    def test_labels_are_those_of_the_list(self, tmp_path: Path) -> None:
        """Others are a group of their own, and nothing of it is selected again."""
        paths = write_collection(tmp_path, 24)
        labels = ["fox", "deer"] * 10
        result = sample(paths[:20], 6, groups=labels, balance=1, keep=[*paths[20:], paths[0]])
        assert len(result) == 6
        assert not {*result} & {*paths[20:], paths[0]}
        counts = Counter(labels[paths.index(path)] for path in result)
        assert abs(counts["fox"] + 1 - counts["deer"]) <= 1

    def test_labels_may_come_from_an_iterator(self, tmp_path: Path) -> None:
        """It is gone through once, before images are opened."""
        paths = write_collection(tmp_path, 8)
        result = sample(paths, 2, groups=iter("abababab"), balance=1)
        assert len({paths.index(path) % 2 for path in result}) == 2

    def test_indices_are_those_of_a_folder(self, tmp_path: Path) -> None:
        """In the order of `find_images`, whatever is added."""
        paths = write_collection(tmp_path / "photos", 20)
        other = str(write_picture(tmp_path / "other.jpg", 99))
        places = sample(tmp_path / "photos", 5, keep=[other], return_indices=True)
        listed = find_images(tmp_path / "photos")
        assert [listed[place] for place in places] == sample(tmp_path / "photos", 5, keep=[other])
        assert set(places) < set(range(len(paths)))

    def test_an_empty_folder_is_warned_of(self, tmp_path: Path) -> None:
        """Although there are images selected before."""
        (tmp_path / "empty").mkdir()
        kept = str(write_picture(tmp_path / "other.jpg", 1))
        with pytest.warns(ImageLoadingWarning, match="leads to no images"):
            assert sample(tmp_path / "empty", 5, keep=[kept]) == []


class TestOutput:
    """What is printed and drawn is what was asked for."""

    def test_quiet_is_quiet(self, collection: list[str], capfd: pytest.CaptureFixture[str]) -> None:
        """Neither stream has a byte."""
        sample(collection, 5)
        assert capfd.readouterr() == ("", "")

    def test_summary_on_stdout_progress_on_stderr(
        self, collection: list[str], capfd: pytest.CaptureFixture[str]
    ) -> None:
        """So that the summary can be piped."""
        sample_diverse(collection, 5)
        out, err = capfd.readouterr()
        assert out.startswith("Images    60, all read now\nKept      5 (8.3%), ")
        assert "Decoding" in err
        assert "img/s" in err

    def test_a_warm_run_shows_no_progress_bar(
        self, collection: list[str], capfd: pytest.CaptureFixture[str]
    ) -> None:
        """There is nothing to wait for."""
        sample(collection, 5)
        sample_diverse(collection, 5)
        assert capfd.readouterr().err == ""

    def test_figures_are_saved(self, collection: list[str], tmp_path: Path) -> None:
        """Missing folders are made."""
        chart, grid = tmp_path / "new" / "chart.png", str(tmp_path / "grid.pdf")
        sample(collection, 5, save_distribution=chart, save_thumbnails=grid)
        assert chart.read_bytes().startswith(b"\x89PNG")
        assert Path(grid).read_bytes().startswith(b"%PDF")


def test_the_callers_random_state_is_left_alone(collection: list[str]) -> None:
    """The published package reseeds NumPy's global generator."""
    np.random.seed(5)  # noqa: NPY002 - the global generator is what is tested
    before = np.random.get_state(legacy=False)  # noqa: NPY002
    sample(collection, 10)
    assert str(before) == str(np.random.get_state(legacy=False))  # noqa: NPY002


def test_the_version_is_that_of_the_distribution() -> None:
    """One place says it."""
    assert smartdownsample.__version__ == version("smartdownsample")


def test_the_types_are_shipped() -> None:
    """Type checkers are told that the package has types."""
    assert os.path.exists(Path(smartdownsample.__file__).parent / "py.typed")


def test_what_is_no_selection_is_refused_by_name(tmp_path: Path) -> None:
    """Lists of paths, above all, which much else takes."""
    write_picture(tmp_path / "a.jpg", seed=1)
    index = ImageIndex.build(tmp_path, cache=False)
    index.sample(1).save_lock(tmp_path / "a.lock")
    paths: Any = index.paths
    with pytest.raises(InvalidParameterError, match=r"'selection' parameter must be a Selection"):
        Lock.read(tmp_path / "a.lock").verify(selection=paths)
    with pytest.raises(InvalidParameterError, match=r"'selection' parameter must be a Selection"):
        write_selection(paths, tmp_path / "a.txt")
    with pytest.raises(InvalidParameterError, match=r"'index' parameter must be an ImageIndex"):
        inspect_index(paths)
    with pytest.raises(InvalidParameterError, match=r"must be a FeatureTable, such as"):
        count_previews(paths)


@pytest.mark.parametrize(
    "name", ["show_summary", "return_indices", "show_distribution", "show_thumbnails"]
)
def test_what_is_on_or_off_is_checked_before_any_work(name: str) -> None:
    """A text such as "no" would be taken for yes."""
    flags: dict[str, Any] = {"show_summary": False, name: 1}
    with pytest.raises(InvalidParameterError, match=f"'{name}' parameter must be True or False"):
        sample_diverse(["absent.jpg"], 1, **flags)


@pytest.mark.parametrize("name", ["cache", "absolute_paths"])
def test_what_a_page_is_to_show_is_checked(name: str, tmp_path: Path) -> None:
    """So that no path of a machine is shown for a mistake."""
    selection = ImageIndex.build([]).sample(1)
    flags: dict[str, Any] = {name: "no"}
    with pytest.raises(InvalidParameterError, match=f"'{name}' parameter must be True or False"):
        selection.save_report(tmp_path / "page.html", **flags)
