"""Tests of smartdownsample.items.object_clients."""

import subprocess
import sys

import pytest

from smartdownsample import ImageIndex, InvalidParameterError, MissingExtraError
from smartdownsample.items.object_clients import open_client
from smartdownsample.items.object_requests import Patience


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a folder in a bucket, and for images that are named."""
    monkeypatch.setitem(sys.modules, "obstore", None)
    for images in ("s3://not-there/photos", ["s3://not-there/1.jpg"]):
        with pytest.raises(MissingExtraError, match=r"pip install 'smartdownsample\[remote\]'"):
            ImageIndex.build(images, cache=False)


def test_the_package_imports_no_client() -> None:
    """Those who have files alone do not wait for it."""
    code = (
        "import sys, smartdownsample; smartdownsample.find_images('.'); "
        "sys.exit('obstore' in sys.modules)"
    )
    assert not subprocess.run([sys.executable, "-c", code], check=False).returncode


@pytest.mark.parametrize("host", ["1.2.3.4.5", "%zz"])
def test_addresses_that_the_client_refuses_are_told(host: str) -> None:
    """Not as an error of the client."""
    pytest.importorskip("obstore")
    with pytest.raises(InvalidParameterError, match="is no address of a web server"):
        open_client(f"http://{host}", Patience())
