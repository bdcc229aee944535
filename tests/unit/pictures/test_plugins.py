"""Tests of smartdownsample.pictures.plugins."""

import importlib
import io
import struct
import sys
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from pictures import make_pixels
from smartdownsample.pictures.decode import Picture, decode_image
from smartdownsample.pictures.headers import Header, read_header
from smartdownsample.pictures.plugins import EXTRA_FORMATS, decode_with_plugin
from smartdownsample.records import Cause

FORMATS = {"HEIC": "HEIF", "JPEG XL": "JXL"}  # as Pillow calls them


def encode(name: str, pixels: np.ndarray) -> bytes:
    """Encode with the plugin of the format."""
    plugin = importlib.import_module(EXTRA_FORMATS[name].module)
    if name == "HEIC":
        plugin.register_heif_opener()
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, FORMATS[name], quality=95)
    return buffer.getvalue()


@pytest.mark.parametrize("name", FORMATS)
def test_with_the_extra_the_picture_is_read(name: str) -> None:
    """In RGB, close to what was encoded."""
    picture = decode_image(encode(name, make_pixels(1, 160, 120)))
    assert isinstance(picture, Picture)
    assert (picture.width, picture.height) == (160, 120)
    assert np.abs(picture.pixels.astype(int) - make_pixels(1, 160, 120)).mean() < 4


@pytest.mark.parametrize("name", FORMATS)
def test_transparent_pixels_lie_on_white(name: str) -> None:
    """As in every other format."""
    pixels = np.dstack([make_pixels(1, 160, 120), np.zeros((120, 160), dtype=np.uint8)])
    picture = decode_image(encode(name, pixels))
    assert isinstance(picture, Picture)
    assert picture.pixels.min() >= 250


@pytest.mark.parametrize("name", FORMATS)
def test_without_the_extra_the_cause_names_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the user knows what to install."""
    data = encode(name, make_pixels(1))
    monkeypatch.setitem(sys.modules, EXTRA_FORMATS[name].module, None)
    cause = decode_image(data)
    assert cause is EXTRA_FORMATS[name].cause
    assert "pip install 'smartdownsample[" in Cause(cause).value


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_is_a_failure(name: str) -> None:
    """No error leaves the module."""
    data = encode(name, make_pixels(1, 160, 120))
    assert decode_image(data[: len(data) // 2]) is Cause.UNREADABLE


class PanicException(BaseException):
    """What a plugin in Rust raises where its code fails."""


@pytest.fixture
def raise_in_plugin(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], bytes]:
    """Give a function that makes Pillow raise an error for the file that it returns."""

    def prepare(error: BaseException) -> bytes:
        def fail(*_: object, **__: object) -> None:
            raise error

        data = encode("HEIC", make_pixels(1))
        monkeypatch.setattr(Image, "open", fail)
        return data

    return prepare


@pytest.mark.parametrize(
    "error", [EOFError, struct.error, OverflowError, IndexError, UserWarning, PanicException]
)
def test_whatever_a_plugin_raises_is_a_failure(
    raise_in_plugin: Callable[[BaseException], bytes], error: type[BaseException]
) -> None:
    """No damaged file ends a run."""
    assert decode_image(raise_in_plugin(error())) is Cause.UNREADABLE


def test_want_of_memory_keeps_its_cause(
    raise_in_plugin: Callable[[BaseException], bytes],
) -> None:
    """The file is not to blame."""
    assert decode_image(raise_in_plugin(MemoryError())) is Cause.MEMORY


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_who_ends_the_program_is_not_held_up(
    raise_in_plugin: Callable[[BaseException], bytes], error: type[BaseException]
) -> None:
    """Ctrl-C is no failure of a picture."""
    data = raise_in_plugin(error())
    with pytest.raises(error):
        decode_image(data)


def test_a_file_that_pillow_takes_for_another_format_is_unreadable() -> None:
    """Its size is not the one that was checked: here it is a QOI of 10**18 pixels."""
    data = b"qoifftypheic\3".ljust(64, b"\0") + b"ispe\0\0\0\0" + b"\0\0\0\x40" * 2
    assert read_header(data) == Header("HEIC", bytes_per_pixel=10)
    assert decode_with_plugin(data.ljust(180, b"\0"), "HEIC", 64 * 64) is Cause.UNREADABLE
