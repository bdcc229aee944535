"""Tests of smartdownsample.gathering.forecast."""

import shutil
from pathlib import Path

from pictures import write_collection
from smartdownsample import ImageIndex
from smartdownsample.gathering import forecast_work
from smartdownsample.options import ReadingOptions


def test_known_missing_and_new_images_are_told_apart(tmp_path: Path) -> None:
    """By folder; those that were decoded to measure the rate are not kept."""
    paths = write_collection(tmp_path / "photos", 45)
    ImageIndex.build(paths[:20], cache_dir=tmp_path / "cache")
    for _ in range(2):
        reading = ReadingOptions(cache_dir=tmp_path / "cache", n_workers=1)
        forecast = forecast_work([*paths, paths[0], "gone.jpg"], reading)
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
    forecast = forecast_work(paths, ReadingOptions(cache_dir=tmp_path / "cache"))
    assert (forecast.n_known, forecast.n_measured, forecast.seconds) == (3, 0, 0)
    shutil.rmtree(tmp_path / "photos")
    assert forecast_work([], ReadingOptions(cache=False)).n_images == 0


def test_without_a_store_nothing_is_known(tmp_path: Path) -> None:
    """Everything is to be decoded, and few are enough to be all measured."""
    forecast = forecast_work(write_collection(tmp_path, 3), ReadingOptions(cache=False))
    assert (forecast.n_known, forecast.n_to_decode, forecast.n_measured) == (0, 3, 3)
