"""Fixtures of tests of engines: photos."""

from pathlib import Path

import pytest

from engine_photos import Outcome, build, look, write_killer, write_photos
from killing_workers import write_plugin
from smartdownsample.options import DecodeMode


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write 1,200 photos, some of them broken; not to be changed."""
    return write_photos(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="session")
def deadly_photos(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Write the same photos, and one that ends each worker in the midst of them."""
    folder = write_photos(tmp_path_factory.mktemp("photos"))
    return folder, write_killer(folder)


@pytest.fixture(scope="session")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Write what has workers end with that photo, for their search path alone."""
    return write_plugin(tmp_path_factory.mktemp("plugin"))


@pytest.fixture(scope="session")
def of_threads(photos: Path) -> dict[DecodeMode, Outcome]:
    """Tell what threads find in the photos, for each way to decode."""
    modes: tuple[DecodeMode, ...] = ("fast", "preview")
    return {mode: look(build(photos, mode)) for mode in modes}
