"""Tests of smartdownsample.api."""

import inspect
import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import smartdownsample
from pictures import write_collection, write_picture
from smartdownsample import ImageIndex, ImageLoadingWarning, InvalidParameterError, sample_diverse

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
        "spread",
        "quotas",
        "groups",
        "per_group",
        "balance",
        "keep",
        "max_per_sequence",
        "sequence_gap_s",
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


def test_indices_refer_to_the_callers_list(collection: list[str]) -> None:
    """They are plain integers that lead to the same paths."""
    shuffled = [collection[i] for i in np.random.default_rng(1).permutation(60)]
    indices = sample(shuffled, 20, return_indices=True)
    assert all(type(index) is int for index in indices)
    assert [shuffled[index] for index in indices] == sample(shuffled, 20)


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

    def test_nothing_asked_is_nothing_returned(self, collection: list[str]) -> None:
        """Zero is a count."""
        assert sample(collection, 0) == []

    def test_a_negative_count_is_refused(self) -> None:
        """Before any file is opened."""
        with pytest.raises(InvalidParameterError, match=r"'target_count'.*Got -1"):
            sample(["missing.jpg"], -1)

    def test_an_empty_list_gives_an_empty_list(self) -> None:
        """There is nothing wrong with it."""
        assert sample([], 10) == []

    def test_all_asked_still_checks_every_file(self, tmp_path: Path) -> None:
        """The published package returns missing files here."""
        paths = [*write_collection(tmp_path, 3), str(tmp_path / "missing.jpg")]
        with pytest.warns(ImageLoadingWarning, match="File not found"):
            assert sample(paths, 4) == paths[:3]

    def test_a_folder_among_paths_is_no_image(self, tmp_path: Path) -> None:
        """It is reported, not searched."""
        good = str(write_picture(tmp_path / "a.jpg", 1))
        with pytest.warns(ImageLoadingWarning, match="Is a folder, not an image"):
            assert sample([good, str(tmp_path)], 2) == [good]

    def test_nothing_readable_gives_an_empty_list(self) -> None:
        """With a warning that says why."""
        with pytest.warns(ImageLoadingWarning, match=r"^1 image\(s\) could not be loaded"):
            assert sample(["missing.jpg"], 5) == []

    def test_errors_can_be_raised(self, tmp_path: Path) -> None:
        """With the type and the text of the published package."""
        with pytest.raises(FileNotFoundError, match=r"^File not found: missing\.jpg"):
            sample(["missing.jpg", str(tmp_path)], 1, image_loading_errors="raise")

    def test_a_figure_that_cannot_be_saved_is_refused_before_any_work(self) -> None:
        """An extension that names no format is noticed before hours of decoding."""
        with pytest.raises(InvalidParameterError, match="extension must be one of"):
            sample(["missing.jpg"], 1, save_distribution="chart.xyz")


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
        assert out.startswith("Selected 5 of 60 images (8.3%) from ")
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


def test_everything_exported_exists() -> None:
    """`from smartdownsample import *` works."""
    assert all(hasattr(smartdownsample, name) for name in smartdownsample.__all__)
    assert os.path.exists(Path(smartdownsample.__file__).parent / "py.typed")
