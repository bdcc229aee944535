"""What tests of objects have in common: a server of S3 for all of them, and a bucket for each."""

import importlib.util
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from object_servers import ENVIRONMENT, NO_SERVER, Bucket, Server, serve_s3

_NUMBERS = itertools.count()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip these tests where what they need is not installed."""
    here = Path(__file__).parent
    if importlib.util.find_spec("obstore") is None:
        reason = "obstore is not installed: make test-engines ENGINE=remote"
    elif not (ENVIRONMENT / "bin").is_dir():
        reason = NO_SERVER
    else:
        return
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session", autouse=True)
def alone(own_network: None) -> None:
    """Ask nobody but what is started here."""
    del own_network


@pytest.fixture(scope="session")
def server(alone: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve S3 on this machine."""
    del alone
    with serve_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def surroundings(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Server:
    """Set the variables that lead clients to the server, and leave out profiles of the user."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return server


@pytest.fixture
def bucket(surroundings: Server) -> Bucket:
    """Make a bucket."""
    return Bucket(surroundings, f"bucket-{os.getpid()}-{next(_NUMBERS)}")
