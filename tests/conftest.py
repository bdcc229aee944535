"""Fixtures of all tests."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from own_network import enter_own_network
from pictures import write_collection
from smartdownsample import ImageIndex

# No test asserts a time; machines under load would fail it.
# What lands is tried with the same inputs each time; everybody's own runs draw new ones.
hypothesis.settings.register_profile("untimed", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("untimed")
hypothesis.settings.register_profile("few", hypothesis.settings.default, max_examples=10)
# Whatever a shell starts in the background ignores Ctrl-C, which some tests send.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def cache_dir(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the tests' features out of the user's cache."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("SMARTDOWNSAMPLE_CACHE_DIR", str(folder))
    return folder


@pytest.fixture(scope="session")
def own_network() -> None:
    """Have all that is started here listen where nobody else can reach it."""
    reason = enter_own_network()
    if reason is not None:
        pytest.skip(f"Servers are started in a network of their own alone: {reason}.")


@pytest.fixture
def deep_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a folder for more folders in one another than pytest can remove."""
    folder = tmp_path_factory.mktemp("deep")
    yield folder
    subprocess.run(["/bin/rm", "-rf", str(folder)], check=True)


@pytest.fixture(scope="session")
def collection(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Paths of 60 small images in three folders, in natural order; not to be changed."""
    return write_collection(tmp_path_factory.mktemp("collection"), 60)


@pytest.fixture(scope="session")
def index(collection: list[str]) -> ImageIndex:
    """Build the index of the collection once, for tests of what comes after; not to be changed."""
    return ImageIndex.build(collection, cache=False)
