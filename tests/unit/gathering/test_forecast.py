"""Tests of smartdownsample.gathering.forecast."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from crops import BOXES, list_crops, write_photos
from pictures import write_collection
from smartdownsample import Cause, Failure, ImageIndex, InvalidParameterError
from smartdownsample.gathering import forecast_work
from smartdownsample.items import list_items
from smartdownsample.options import ReadingOptions


def test_known_missing_and_new_images_are_told_apart(tmp_path: Path) -> None:
    """By folder; those that were decoded to measure the rate are not kept."""
    paths = write_collection(tmp_path / "photos", 45)
    ImageIndex.build(paths[:20], cache_dir=tmp_path / "cache")
    for _ in range(2):
        reading = ReadingOptions(cache_dir=tmp_path / "cache", n_workers=1)
        forecast = forecast_work(list_items([*paths, paths[0], "gone.jpg"]), reading)
        assert (forecast.n_images, forecast.n_known, forecast.n_unreadable) == (46, 20, 1)
        assert forecast.n_to_decode == 25
        assert forecast.folders == {
            f"{tmp_path}/photos/site_2": 20,
            f"{tmp_path}/photos/site_3": 5,
        }
        assert 0 < forecast.n_measured < 25
        assert forecast.seconds > 0


def test_where_all_is_known_there_is_nothing_to_measure(tmp_path: Path) -> None:
    """Not even the images are there any more when nothing is asked for."""
    paths = write_collection(tmp_path / "photos", 3)
    ImageIndex.build(paths, cache_dir=tmp_path / "cache")
    forecast = forecast_work(list_items(paths), ReadingOptions(cache_dir=tmp_path / "cache"))
    assert (forecast.n_known, forecast.n_measured, forecast.seconds) == (3, 0, 0)
    shutil.rmtree(tmp_path / "photos")
    assert forecast_work(list_items([]), ReadingOptions(cache=False)).n_images == 0


def test_without_a_store_nothing_is_known(tmp_path: Path) -> None:
    """Everything is to be decoded, and few are enough to be all measured."""
    forecast = forecast_work(list_items(write_collection(tmp_path, 3)), ReadingOptions(cache=False))
    assert (forecast.n_known, forecast.n_to_decode, forecast.n_measured) == (0, 3, 3)


def test_photos_of_crops_count_once(tmp_path: Path) -> None:
    """What is known are the crops; a photo with a new one is to be decoded."""
    paths = write_photos(tmp_path, 6)
    reading = ReadingOptions(cache_dir=tmp_path / "cache", n_workers=1)
    gone = str(tmp_path / "gone.jpg")
    known = list_crops(paths[:4], BOXES[:2])
    ImageIndex.gather_items(known, reading)
    marked = (Failure("failed.jpg", Cause.DETECTOR_FAILED), Failure(paths[0], Cause.BOX_EMPTY))
    crops = replace(list_crops([*paths, gone], BOXES[:2]), failures=marked)
    forecast = forecast_work(crops, reading)
    assert (forecast.n_images, forecast.n_known) == (8, 4)
    assert (forecast.n_unreadable, forecast.n_to_decode, forecast.n_measured) == (2, 2, 2)
    assert forecast.folders == {str(tmp_path / "cam_1"): 2}
    more = forecast_work(list_crops(paths[:4], BOXES), reading)
    assert (more.n_images, more.n_known, more.n_to_decode) == (4, 0, 4)


def test_what_a_run_refuses_is_refused(tmp_path: Path) -> None:
    """Previews are too small for crops."""
    crops = list_crops(write_photos(tmp_path, 2))
    with pytest.raises(InvalidParameterError, match="'preview' for crops"):
        forecast_work(crops, ReadingOptions(cache=False, decode="preview"))
