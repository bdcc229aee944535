"""Natural order of paths, in which IMG_2 comes before IMG_10, as the order of bytes."""

import os
import re
from collections.abc import Callable
from functools import cache, lru_cache

_NUMBERS = re.compile(b"[0-9]+")
# Numbers of more digits are in no file name, and Python does not read the longest. They come after
# all others: their length stands for more bytes than these have.
_MAX_DIGITS = 600
_LONG_NUMBER = re.compile(b"[0-9]{%d}" % (_MAX_DIGITS + 1))
_LONG_LENGTH = 255


def encode_order_key(key: bytes) -> bytes:
    r"""Encode an absolute path as bytes that sort in natural order.

    Paths are compared folder by folder, names number by number, extensions last:
    ``site_2/IMG_10.JPG`` comes before ``site_10/IMG_2.JPG``. The natsort library defines what a
    number is. Paths that differ only in leading zeros have equal keys; compare the paths then.

    natsort's key of a name has text and numbers in turn. Here text is UTF-8 and ``\0``, which sorts
    before every character and is in no path; a number is ``\1``, the count of its bytes, and its
    bytes, most significant first. A ``\0`` ends the name.
    """
    folder, name = os.path.split(key)
    stem, extension = os.path.splitext(name)
    return _encode_folder(folder) + _encode_name(stem) + _encode_extension(extension)


@lru_cache(maxsize=4096)
def _encode_folder(folder: bytes) -> bytes:
    separator = b"/" if b"://" in folder else os.fsencode(os.sep)
    return b"".join(map(_encode_name, folder.split(separator)))


def _encode_name(name: bytes) -> bytes:
    if not name.isascii() and not _LONG_NUMBER.search(name):
        return b"".join(map(_encode_token, _natural_key()(os.fsdecode(name)))) + b"\0"
    # The same as natsort for ASCII names, in a third of the time; text comes first, even if empty.
    encoded = _NUMBERS.sub(_encode_digits, name)
    ends_with_text = name and not name[-1:].isdigit()
    return encoded + (b"\0\0" if ends_with_text else b"\0")


_encode_extension = lru_cache(maxsize=256)(_encode_name)


def _encode_digits(digits: re.Match[bytes]) -> bytes:
    """Encode a number, and end the text before it."""
    significant = digits[0].lstrip(b"0")
    if len(significant) > _MAX_DIGITS:
        return b"\0" + bytes((1, _LONG_LENGTH)) + len(significant).to_bytes(8, "big") + significant
    return b"\0" + _encode_number(int(significant or b"0"))


def _encode_token(token: object) -> bytes:
    if isinstance(token, int):
        return _encode_number(token)
    return str(token).encode("utf-8", "surrogatepass") + b"\0"


def _encode_number(number: int) -> bytes:
    length = (number.bit_length() + 7) // 8
    return bytes((1, length)) + number.to_bytes(length, "big")


@cache
def _natural_key() -> Callable[[str], tuple[object, ...]]:
    # A run does not need natsort when the store knows all its images.
    from natsort import natsort_keygen

    return natsort_keygen()
