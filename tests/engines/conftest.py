"""Fixtures of tests of engines: photos."""

from pathlib import Path

import pytest

from engine_photos import Outcome, build, look, write_photos
from smartdownsample.options import DecodeMode


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write 1,200 photos, some of them broken; not to be changed."""
    return write_photos(tmp_path_factory.mktemp("photos"))


@pytest.fixture(scope="session")
def of_threads(photos: Path) -> dict[DecodeMode, Outcome]:
    """Tell what threads find in the photos, for each way to decode."""
    modes: tuple[DecodeMode, ...] = ("fast", "preview")
    return {mode: look(build(photos, mode)) for mode in modes}
