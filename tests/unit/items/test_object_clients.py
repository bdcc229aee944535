"""Tests of smartdownsample.items.object_clients."""

import subprocess
import sys

import pytest

from smartdownsample import ImageIndex, MissingExtraError


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
